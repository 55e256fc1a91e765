import type { CompiledProfile } from "./compiled.ts";
import type { LoadedProfile } from "./load.ts";
import type { Vector } from "./profile.ts";
import { bytes } from "./codec/frame.ts";
import { type Position, type Reading, RecordBuffer } from "./reading.ts";
import { type Rejection, REJECTION_REASONS } from "./rejection.ts";

export type Decoded =
  | {
      readonly kind: "readings";
      readonly readings: readonly Reading[];
      readonly ts: number;
      readonly past?: readonly Sample[];
    }
  | { readonly kind: "positions"; readonly positions: readonly Position[] }
  | { readonly kind: "rejection"; readonly rejection: Rejection };

/** An earlier sample that a frame carries beside the present one. */
export interface Sample {
  /** ms UTC */
  readonly ts: number;
  readonly readings: readonly Reading[];
}

/** Decodes what a vector (or the command line) holds; for people and tests, not for the hot path. */
export function decodeVector(
  profile: CompiledProfile,
  input: Pick<Vector, "hex" | "json" | "text" | "port" | "at">,
): Decoded {
  const out = new RecordBuffer();
  if (input.json !== undefined) return asReadings(profile, profile.decodeJson(input.json, out), out);
  const frame = input.text === undefined ? bytes(input.hex) : Buffer.from(input.text.trim());
  return decodeBytes(profile, frame, input.port ?? 0, out, arrival(input));
}

/** When a vector's frame arrives, ms UTC; undefined = now. */
function arrival({ at }: Pick<Vector, "at">): number | undefined {
  return at === undefined ? undefined : Date.parse(at);
}

function decodeBytes(
  profile: CompiledProfile,
  frame: Uint8Array,
  port: number,
  out: RecordBuffer,
  at: number | undefined,
): Decoded {
  if (!profile.positions) return asReadings(profile, profile.decodeFrame(frame, port, out, at), out);
  const positions: Position[] = [];
  const rejection = profile.decodePositions(frame, at ?? 0, positions);
  return rejection === null ? { kind: "positions", positions } : { kind: "rejection", rejection };
}

function asReadings(profile: CompiledProfile, rejection: Rejection | null, out: RecordBuffer): Decoded {
  return rejection === null
    ? { kind: "readings", readings: toReadings(profile, out), ts: out.ts, ...earlier(profile, out) }
    : { kind: "rejection", rejection };
}

function earlier(profile: CompiledProfile, out: RecordBuffer): { past?: Sample[] } {
  if (out.pasts === 0) return {};
  return { past: out.past.slice(0, out.pasts).map((p) => ({ ts: p.ts, readings: toReadings(profile, p) })) };
}

/** The buffer's values with names and units; `null` = not available. */
export function toReadings(profile: CompiledProfile, out: RecordBuffer): Reading[] {
  const readings: Reading[] = [];
  for (let i = 0; i < out.n; i++) {
    const def = profile.metrics[out.metric[i]];
    const x = out.num[i];
    const number = Number.isNaN(x) ? null : x;
    const value = out.text[i] ?? (def.type === "boolean" && number !== null ? number !== 0 : number);
    readings.push({ metric: def.name, unit: def.unit, value, quality: out.quality[i] });
  }
  return readings;
}

/** @returns what differs, in words; empty = the vector holds */
export function checkVector(profile: CompiledProfile, vector: Vector): string[] {
  const decoded = decodeVector(profile, vector);
  if (decoded.kind === "rejection") {
    const { reason, detail } = decoded.rejection;
    if (vector.reject === reason) return [];
    return [`refused with ${reason} (${detail}), expected ${vector.reject ?? "readings"}`];
  }
  if (vector.reject !== undefined) return [`decoded, expected to be refused with ${vector.reject}`];
  if (decoded.kind === "positions") return comparePositions(vector, decoded.positions);
  const wrong = compareReadings(vector, decoded.readings, decoded.ts);
  return vector.past === undefined ? wrong : [...wrong, ...comparePast(vector.past, decoded.past ?? [])];
}

function compareReadings(vector: Vector, readings: readonly Reading[], ts: number): string[] {
  const wrong: string[] = [];
  const expected = new Map(Object.entries(vector.out ?? {}));
  for (const { metric, value, quality, unit } of readings) {
    if (!expected.has(metric)) wrong.push(`${metric} = ${value} ${unit} is not in out`);
    else if (!same(expected.get(metric), value))
      wrong.push(`${metric} is ${value} ${unit}, expected ${expected.get(metric)}`);
    expected.delete(metric);
    const flags = vector.quality?.[metric] ?? (value === null ? quality : 0);
    if (quality !== flags) wrong.push(`${metric} has quality ${quality}, expected ${flags}`);
  }
  for (const name of expected.keys()) wrong.push(`${name} is missing`);
  if (vector.ts !== undefined && ts !== Date.parse(vector.ts))
    wrong.push(`ts is ${ts === 0 ? "absent" : new Date(ts).toISOString()}, expected ${vector.ts}`);
  return wrong;
}

function comparePast(expected: NonNullable<Vector["past"]>, found: readonly Sample[]): string[] {
  if (expected.length !== found.length) return [`${found.length} earlier samples, expected ${expected.length}`];
  return expected.flatMap(({ ts, out }, i) =>
    compareReadings({ ts, out }, found[i].readings, found[i].ts).map((wrong) => `past[${i}]: ${wrong}`),
  );
}

function comparePositions(vector: Vector, positions: readonly Position[]): string[] {
  const first = positions[0] as unknown as Readonly<Record<string, unknown>> | undefined;
  if (first === undefined) return Object.keys(vector.out ?? {}).length === 0 ? [] : ["no position"];
  return Object.entries(vector.out ?? {})
    .filter(([name, value]) => !same(value, first[name]))
    .map(([name, value]) => `${name} is ${String(first[name])}, expected ${value}`);
}

/** Numbers to 1e-6 relative. */
function same(expected: unknown, found: unknown): boolean {
  if (typeof expected !== "number" || typeof found !== "number") return expected === found;
  return Math.abs(expected - found) <= 1e-6 * Math.max(1e-9, Math.abs(expected), Math.abs(found));
}

/** What {@link testProfile} found; `failures` empty = the profile holds. */
export interface VectorReport {
  readonly vectors: number;
  readonly truncations: number;
  readonly failures: readonly { readonly vector: number; readonly title: string; readonly message: string }[];
}

/**
 * Runs every vector, and every frame of every vector cut short at each length and extended by a byte: all must end in readings or a
 * Rejection with a known reason, never in an exception; what a cut frame gives, the complete one gave too.
 */
export function testProfile({ compiled, source }: Pick<LoadedProfile, "compiled" | "source">): VectorReport {
  const failures: { vector: number; title: string; message: string }[] = [];
  // where the length, the end or a program decides what a byte means, a shorter frame may say something else
  const { script, text, cbor } = source.codec ?? {};
  const byLayout = script === undefined && text === undefined && cbor === undefined;
  const sameLayout = byLayout && !/"by":"length"|"at":-/.test(JSON.stringify(source.codec ?? {}));
  let truncations = 0;
  (source.vectors ?? []).forEach((vector, i) => {
    const fail = (message: string) => failures.push({ vector: i, title: vector.title ?? "", message });
    for (const message of guarded(() => checkVector(compiled, vector))) fail(message);
    const frame = vector.text === undefined ? bytes(vector.hex) : Buffer.from(vector.text.trim());
    if (vector.json !== undefined) return;
    for (let length = 0; length <= frame.length; length++) {
      truncations++;
      const cut = length === frame.length ? Uint8Array.of(...frame, 0) : frame.subarray(0, length);
      const how = length === frame.length ? "one byte longer" : `cut to ${length} bytes`;
      const whole = length < frame.length && sameLayout && vector.out !== undefined ? vector : null;
      for (const message of guarded(() => soundness(compiled, cut, vector, whole))) fail(`${how}: ${message}`);
    }
  });
  return { vectors: source.vectors?.length ?? 0, truncations, failures };
}

function soundness(profile: CompiledProfile, frame: Uint8Array, vector: Vector, whole: Vector | null): string[] {
  const decoded = decodeBytes(profile, frame, vector.port ?? 0, new RecordBuffer(), arrival(vector));
  if (decoded.kind === "rejection")
    return Object.hasOwn(REJECTION_REASONS, decoded.rejection.reason)
      ? []
      : [`unknown reason ${decoded.rejection.reason}`];
  if (decoded.kind === "positions") return [];
  const wrong: string[] = [];
  for (const { metric, value } of decoded.readings) {
    if (typeof value === "number" && !Number.isFinite(value)) wrong.push(`${metric} is ${value}`);
    if (whole !== null && !same(whole.out?.[metric], value))
      wrong.push(`${metric} is ${value}, the complete frame gives ${whole.out?.[metric] ?? "nothing"}`);
  }
  return wrong;
}

function guarded(run: () => string[]): string[] {
  try {
    return run();
  } catch (error) {
    return [`threw ${error instanceof Error ? error.message : String(error)}; a decoder never throws`];
  }
}

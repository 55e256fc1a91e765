import type { CompiledProfile } from "../compiled.ts";
import type { Bitmap, Codec, Field, Item, JsonField, Layout } from "../codec/schema.ts";
import { canonicalMetric } from "../metric.ts";
import { inPublishedUnit } from "./fit-field.ts";
import { findFixed, type Seed } from "./fixed-layout.ts";
import { agree, firstDifference, Oracle, randomFrom, variations } from "./oracle.ts";
import { findBitmap } from "./presence-table.ts";
import { findTlv, itemFrames } from "./tlv-layout.ts";
import { constantsOf, portsOf } from "./trial.ts";

const VARIATIONS = 3000;

export interface Recognised {
  readonly technique: "fixed" | "tlv" | "bitmap";
  readonly codec: Codec;
  /** frames on which the script and the layout were compared */
  readonly compared: number;
}

/**
 * The layout that a script decodes, if it is one: found by trying frames, and taken only if layout and script say the same, readings,
 * quality and refusal, of every example, every truncation of it and thousands of generated frames. Otherwise the words say why not.
 *
 * @param compile makes a profile of a codec with the draft's metrics
 */
export function recognise(
  script: string,
  scripted: CompiledProfile,
  seeds: readonly Seed[],
  map: readonly JsonField[],
  compile: (codec: Codec) => CompiledProfile | null,
): Recognised | string {
  const oracle = new Oracle(scripted);
  const usable = seeds.filter((s) => (oracle.read(s.bytes, s.port)?.size ?? 0) > 0);
  if (usable.length === 0) return "no frame that it takes";
  const table = asBitmap(script, oracle, usable, map, compile);
  if (table !== null) return table;
  const constants = constantsOf(script);
  let why = "its values follow no layout";
  // one-byte ids of values above a byte look like two-byte ids until they are compared
  const searches = [
    ["fixed", () => findFixed(oracle, usable)],
    ["tlv", () => findTlv(oracle, usable, constants, 2)],
    ["tlv", () => findTlv(oracle, usable, constants, 1)],
  ] as const;
  for (const [technique, search] of searches) {
    const layout = search();
    if (layout === null) continue;
    const units = new Map(map.map((f) => [f.n, f.unit]));
    const codec = inUnits({ [technique]: layout } as Codec, units);
    const profile = compile(codec);
    if (profile === null) continue;
    const candidate = new Oracle(profile);
    const ports = portsOf(
      script,
      usable.map((s) => s.port),
    );
    const random = randomFrom(1);
    const frames = function* (): Generator<Seed> {
      yield* seeds;
      for (const { bytes, port } of usable)
        yield* variations(bytes, [port, 0, ...ports], Math.ceil(VARIATIONS / usable.length), random);
      if (technique === "tlv" && codec.tlv !== undefined)
        yield* itemFrames(codec.tlv, usable[0].port, VARIATIONS, random);
    };
    const different = firstDifference(oracle, candidate, frames(), technique === "tlv");
    if (different === null && usable.every((s) => agree(oracle.read(s.bytes, s.port), candidate.read(s.bytes, s.port))))
      return { technique, codec, compared: candidate.runs };
    if (different !== null)
      why = `a ${technique} layout gives something else for ${Buffer.from(different.bytes).toString("hex")} at port ${different.port}`;
  }
  return why;
}

/**
 * A script that keeps a presence mask's groups in a table. Compared with every mask of its groups that chance gives, whole, cut and longer;
 * of a mask bit that the table does not have the script knows nothing, where the bitmap refuses the frame.
 */
function asBitmap(
  script: string,
  oracle: Oracle,
  usable: readonly Seed[],
  map: readonly JsonField[],
  compile: (codec: Codec) => CompiledProfile | null,
): Recognised | null {
  const bitmap = findBitmap(script, map, usable[0].bytes[0] ?? 0);
  const profile = bitmap === null ? null : compile({ bitmap });
  if (bitmap === null || profile === null) return null;
  const candidate = new Oracle(profile);
  const random = randomFrom(1);
  const known = 2 ** Object.keys(bitmap.groups).length - 1;
  const frames = function* (): Generator<Seed> {
    yield* usable;
    for (const { bytes, port } of usable)
      for (const frame of variations(bytes, [port, 0, 1, 2, 85], Math.ceil(VARIATIONS / usable.length), random))
        yield { ...frame, bytes: withMask(frame.bytes, bitmap, known) };
    yield* maskedFrames(bitmap, usable[0], VARIATIONS, random);
  };
  if (firstDifference(oracle, candidate, frames(), false) !== null) return null;
  return { technique: "bitmap", codec: { bitmap }, compared: candidate.runs };
}

function withMask(bytes: Uint8Array, { mask: { at } }: Bitmap, known: number): Uint8Array {
  return bytes.map((b, i) => (i === at ? b & (known >> 8) : i === at + 1 ? b & known & 255 : b));
}

/** Frames of any of the groups, filled at random, with all zeros and all ones among them. */
function* maskedFrames(
  bitmap: Bitmap,
  { bytes: head, port }: Seed,
  count: number,
  random: () => number,
): Generator<Seed> {
  const { at } = bitmap.mask;
  const start = bitmap.start ?? at + 2;
  const sizes = Object.values(bitmap.groups).map((group) => (Array.isArray(group) ? 0 : (group.size ?? 0)));
  for (let i = 0; i < count; i++) {
    const mask = i < 2 ** sizes.length ? i : random() % 2 ** sizes.length;
    const size = sizes.reduce((sum, each, bit) => ((mask >> bit) & 1 ? sum + each : sum), 0);
    const fill = i % 16 === 0 ? () => 0 : i % 16 === 1 ? () => 255 : () => random() & 255;
    const bytes = Uint8Array.from({ length: start + size }, (_, k) => (k < at ? head[k] : fill()));
    bytes[at] = mask >> 8;
    bytes[at + 1] = mask & 255;
    yield { bytes, port };
    yield { bytes: bytes.subarray(0, random() % bytes.length), port };
  }
}

/** Every field in the unit that was published for it, all through a codec. */
function inUnits(codec: Codec, units: ReadonlyMap<string, string | undefined>): Codec {
  const field = (f: Field): Field =>
    f.n === undefined ? f : inPublishedUnit(f, units.get(f.n), canonicalMetric(f.n)?.unit ?? "1");
  const layout = (l: Layout): Layout => {
    if (Array.isArray(l)) return l.map(field);
    if (!("select" in l)) return l;
    return { ...l, cases: Object.fromEntries(Object.entries(l.cases).map(([k, inner]) => [k, layout(inner)])) };
  };
  const item = (i: Item): Item => (Array.isArray(i) ? i.map(field) : { ...i, fields: i.fields.map(field) });
  const { fixed, tlv } = codec;
  if (tlv !== undefined)
    return { tlv: { ...tlv, items: Object.fromEntries(Object.entries(tlv.items).map(([k, i]) => [k, item(i)])) } };
  if (fixed?.fields !== undefined) return { fixed: { ...fixed, fields: fixed.fields.map(field) } };
  if (fixed?.cases === undefined) return codec;
  return {
    fixed: { ...fixed, cases: Object.fromEntries(Object.entries(fixed.cases).map(([k, l]) => [k, layout(l)])) },
  };
}

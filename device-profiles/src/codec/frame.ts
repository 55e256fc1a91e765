import type { Path, Report } from "../problem.ts";
import { Quality, type RecordBuffer } from "../reading.ts";
import { reject, type Rejection } from "../rejection.ts";
import { crc16Kermit, crc16Modbus, crc16Xmodem, sum8, xor8 } from "./check.ts";
import { TEMPORARIES } from "./formula.ts";
import type { Check, Frame } from "./frame-schema.ts";
import { js } from "./source.ts";

/**
 * Decodes the content of a frame that passed its guard: `b[..limit)` is content, what follows are check bytes and end marker.
 * @param when the frame's time, ms UTC, where the caller knows it
 */
export type Content = (
  b: Uint8Array,
  limit: number,
  port: number,
  out: RecordBuffer,
  when: number | undefined,
) => Rejection | null;
/** Parameters of a {@link Content} in generated code. */
export const CONTENT = js`b, limit, port, out, when`;
/** @param at the frame's time, ms UTC: the clock of scripts and of lists without times; now unless given */
export type FrameDecoder = (b: Uint8Array, port: number, out: RecordBuffer, at?: number) => Rejection | null;

const CHECKS = {
  crc16_modbus: crc16Modbus,
  crc16_kermit: crc16Kermit,
  crc16_xmodem: crc16Xmodem,
  xor: xor8,
  sum8,
} as const;

interface CheckRule {
  readonly kind: keyof typeof CHECKS;
  readonly from: number;
  /** negative positions of the check bytes */
  readonly at: readonly number[];
  readonly little: boolean;
}

/**
 * What every frame must satisfy before its layout is read: port, length, markers, byte stuffing, checksum.
 * The order is the one that tells an operator most: a frame cut short is "short", not "checksum".
 *
 * @param shortest bytes that every layout of this codec needs, markers included, check bytes not
 */
export function compileFrame(
  rule: Frame | undefined,
  path: Path,
  report: Report,
  content: Content,
  { shortest = 0, temporaries }: { readonly shortest?: number; readonly temporaries: ReadonlyMap<string, unknown> },
): FrameDecoder {
  const start = bytes(rule?.start);
  const end = bytes(rule?.end);
  const [least, most] = lengths(rule?.length, path, report);
  const check = rule?.check === undefined ? null : compileCheck(rule.check, end.length, [...path, "check"], report);
  const reserved = Math.max(end.length, ...(check?.at ?? []).map((at) => -at));
  const ports = rule?.ports === undefined ? null : new Set(rule.ports);
  const unescape = compileUnescape(rule?.unescape);
  const hidden = temporaries.size;
  const minimum = Math.max(least, Math.max(start.length, shortest) + reserved, 1);

  return (raw, port, out, at) => {
    out.reset();
    if (ports !== null && port !== 0 && !ports.has(port)) return reject("frame_selector", `no layout for port ${port}`);
    const b = unescape === null ? raw : unescape(raw, start.length, end.length);
    if (b.length < minimum) return reject("frame_short", `${b.length} bytes, at least ${minimum} expected`);
    for (let i = 0; i < start.length; i++)
      if (b[i] !== start[i])
        return reject("frame_marker", `byte ${i} is ${hex(b[i])}, the start marker has ${hex(start[i])}`);
    if (b.length > most) return reject("frame_trailing", `${b.length} bytes, at most ${most} expected`);
    const tail = b.length - end.length;
    for (let i = 0; i < end.length; i++)
      if (b[tail + i] !== end[i]) return reject("frame_marker", "the end marker is missing");
    if (check !== null) {
      const wrong = verify(check, b);
      if (wrong !== null) return wrong;
    }
    if (hidden > 0) TEMPORARIES.fill(Number.NaN, 0, hidden);
    const rejection = content(b, b.length - reserved, port, out, at);
    if (rejection !== null) return rejection;
    if (out.ts !== out.ts) doubtTime(out);
    if (out.pasts > 0) dropTimeless(out);
    return null;
  };
}

/** An earlier sample without a plausible time belongs nowhere. */
function dropTimeless(out: RecordBuffer): void {
  const { past } = out;
  let kept = 0;
  for (let i = 0; i < out.pasts; i++) {
    if (!(past[i].ts > 0)) continue;
    [past[kept], past[i]] = [past[i], past[kept]];
    kept++;
  }
  out.pasts = kept;
}

/** The frame's own time is nonsense: the values stay, marked, under the time of the envelope. */
function doubtTime(out: RecordBuffer): void {
  out.ts = 0;
  for (let i = 0; i < out.n; i++) out.quality[i] |= Quality.clock;
}

function verify(check: CheckRule, b: Uint8Array): Rejection | null {
  const first = b.length + check.at[0];
  if (first <= check.from) return reject("frame_short", `${b.length} bytes leave nothing to check`);
  let found = b[first];
  if (check.at.length === 2) found = check.little ? found | (b[first + 1] << 8) : (found << 8) | b[first + 1];
  const expected = CHECKS[check.kind](b, check.from, first);
  return found === expected ? null : reject("frame_check", `${check.kind} is ${hex(found)}, computed ${hex(expected)}`);
}

function compileCheck(check: Check, endMarker: number, path: Path, report: Report): CheckRule | null {
  const kinds = (Object.keys(CHECKS) as (keyof typeof CHECKS)[]).filter((kind) => check[kind] !== undefined);
  if (kinds.length !== 1) {
    report(path, `expected exactly one of ${Object.keys(CHECKS).join(", ")}`);
    return null;
  }
  const kind = kinds[0];
  const at = check[kind] ?? [];
  const count = kind.startsWith("crc16") ? 2 : 1;
  const last = at[at.length - 1];
  if (at.length !== count || (count === 2 && at[1] !== at[0] + 1))
    report(
      [...path, kind],
      count === 2 ? "expected two neighbouring positions, e.g. [-2, -1]" : "expected one position, e.g. [-1]",
    );
  else if (last >= -endMarker) report([...path, kind], "the check bytes lie inside the end marker");
  return { kind, from: check.from ?? 0, at, little: (check.endian ?? "le") === "le" };
}

function compileUnescape(
  table: Readonly<Record<string, string>> | undefined,
): ((b: Uint8Array, head: number, tail: number) => Uint8Array) | null {
  if (table === undefined) return null;
  const replaced = new Map(Object.entries(table).map(([from, to]) => [parseInt(from, 16), parseInt(to, 16)]));
  return (b, head, tail) => {
    const result = new Uint8Array(b.length);
    let n = 0;
    for (let i = 0; i < b.length; i++) {
      const inside = i >= head && i + 1 < b.length - tail;
      const to = inside ? replaced.get((b[i] << 8) | b[i + 1]) : undefined;
      result[n++] = to ?? b[i];
      if (to !== undefined) i++;
    }
    return result.subarray(0, n);
  };
}

/** Most bytes of content that a frame can have, check bytes and end marker taken off. */
export function roomOf(rule: Frame | undefined): number {
  const { length, check, end } = rule ?? {};
  if (length === undefined) return Infinity;
  const checked = Object.values(check ?? {}).flatMap((at) => (Array.isArray(at) ? at.map((x) => -x) : []));
  return (typeof length === "number" ? length : length[1]) - Math.max(bytes(end).length, ...checked, 0);
}

function lengths(length: Frame["length"], path: Path, report: Report): [number, number] {
  if (length === undefined) return [0, Infinity];
  if (typeof length === "number") return [length, length];
  if (length[0] > length[1]) report([...path, "length"], "expected [least, most]");
  return [length[0], length[1]];
}

/** @param text hex digits, spaces and colons allowed */
export function bytes(text: string | undefined): Uint8Array {
  return Uint8Array.from(Buffer.from((text ?? "").replace(/[ :]/g, ""), "hex"));
}

export function hex(x: number): string {
  return `0x${x.toString(16).padStart(2, "0")}`;
}

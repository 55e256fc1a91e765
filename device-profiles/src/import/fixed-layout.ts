import type { Field, Fixed, Layout } from "../codec/schema.ts";
import { fitField, sensitivity } from "./fit-field.ts";
import type { Oracle } from "./oracle.ts";

export interface Seed {
  readonly bytes: Uint8Array;
  readonly port: number;
}

const LONGEST = 64;
const MOST_CASES = 32;

/**
 * The fixed layout behind a decoder, found by changing single bits of frames that it takes: each value is an integer or a float somewhere,
 * a flag, or a table of a few bits; what decides between layouts is the port, the length or one byte. null = it is none of that.
 * A guess until it was compared frame by frame.
 */
export function findFixed(oracle: Oracle, seeds: readonly Seed[]): Fixed | null {
  const taken = seeds.filter(({ bytes, port }) => bytes.length <= LONGEST && (oracle.read(bytes, port)?.size ?? 0) > 0);
  if (taken.length === 0) return null;
  const ports = [...new Set(taken.map((s) => s.port))];
  const [first] = taken;
  const heedsPort = [0, 1, 2, 99, 199, 223].some((port) => oracle.read(first.bytes, port) === null) || ports.length > 1;
  if (!heedsPort) {
    const layout = byLength(oracle, taken, first.port);
    return layout === null ? null : asFixed(layout);
  }
  const layouts: Record<string, Layout> = {};
  for (const port of ports) {
    const layout = byLength(
      oracle,
      taken.filter((s) => s.port === port),
      port,
    );
    if (layout === null) return null;
    layouts[String(port)] = layout;
  }
  return { select: { by: "port" }, cases: layouts };
}

function asFixed(layout: Layout): Fixed | null {
  if (Array.isArray(layout)) return { fields: layout };
  return "select" in layout ? layout : null;
}

/** One layout for all frames of a port, or one for each length. */
function byLength(oracle: Oracle, seeds: readonly Seed[], port: number): Layout | null {
  const longest = seeds.reduce((a, b) => (b.bytes.length > a.bytes.length ? b : a));
  const whole = layoutOf(oracle, longest.bytes, port);
  const shortest = Math.min(...seeds.map((s) => s.bytes.length));
  if (whole !== null && (shortest === longest.bytes.length || minimum(oracle, longest.bytes, port) <= shortest))
    return whole;
  const cases: Record<string, Layout> = {};
  for (const length of new Set(seeds.map((s) => s.bytes.length))) {
    const seed = seeds.find((s) => s.bytes.length === length);
    const layout = seed === undefined ? null : layoutOf(oracle, seed.bytes, port);
    if (layout === null) return whole;
    cases[String(length)] = layout;
  }
  return { select: { by: "length" }, cases };
}

/** Fields, or a choice by one byte whose values lead to different ones. */
function layoutOf(oracle: Oracle, base: Uint8Array, port: number, chosen: readonly number[] = []): Layout | null {
  const read = (frame: Uint8Array) => oracle.read(frame, port);
  const { affects, selects } = sensitivity(read, base, 0);
  const deciding = [...new Set(selects.map((bit) => bit >> 3))].filter((at) => !chosen.includes(at));
  if (deciding.length > 0) return chosen.length >= 2 ? null : choiceOf(oracle, base, port, deciding[0], chosen);
  const fields: Field[] = [];
  for (const [name, bits] of affects) {
    const field = bits.length === 0 ? constantField(name, read, base) : fitField(name, bits, read, base);
    if (field === null) return null;
    fields.push(field);
  }
  fields.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  const end = Math.max(...fields.map((f) => (f.at ?? 0) + Number(/\d+$/.exec(f.t ?? "u8")?.[0] ?? 8) / 8));
  const need = minimum(oracle, base, port);
  return need > end ? [...fields, { at: end, skip: need - end }] : fields;
}

/** A value that no bit changes: the same in every frame of the layout. */
function constantField(
  name: string,
  read: (frame: Uint8Array) => ReturnType<Oracle["read"]>,
  base: Uint8Array,
): Field | null {
  const value = read(base)?.get(name)?.value;
  if (value === null || value === undefined || typeof value === "string") return null;
  return { n: name, at: 0, bits: [0, 0], map: { 0: value, 1: value } };
}

function choiceOf(
  oracle: Oracle,
  base: Uint8Array,
  port: number,
  at: number,
  chosen: readonly number[],
): Layout | null {
  const cases: Record<string, Layout> = {};
  for (let value = 0; value < 256; value++) {
    const frame = fitting(oracle, base, port, at, value);
    if (frame === null) continue;
    if (Object.keys(cases).length === MOST_CASES) return null;
    const layout = layoutOf(oracle, frame, port, [...chosen, at]);
    if (layout === null) return null;
    cases[String(value)] = layout;
  }
  return Object.keys(cases).length === 0 ? null : { select: { at }, cases };
}

/** The frame with one byte changed, made as long as the decoder then needs; null = it takes none. */
function fitting(oracle: Oracle, base: Uint8Array, port: number, at: number, value: number): Uint8Array | null {
  const frame = new Uint8Array(LONGEST);
  frame.set(base);
  frame[at] = value;
  for (const length of [
    base.length,
    base.length + 1,
    base.length + 2,
    base.length + 4,
    base.length + 8,
    base.length + 16,
  ]) {
    const part = frame.slice(0, Math.min(LONGEST, length));
    if ((oracle.read(part, port)?.size ?? 0) > 0) return part;
  }
  return null;
}

/** The fewest bytes of this frame that are taken. */
export function minimum(oracle: Oracle, frame: Uint8Array, port: number): number {
  let length = frame.length;
  while (length > 1 && oracle.read(frame.subarray(0, length - 1), port) !== null) length--;
  return length;
}

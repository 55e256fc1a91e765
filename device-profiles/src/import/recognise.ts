import type { CompiledProfile } from "../compiled.ts";
import type { Codec, Field, Item, JsonField, Layout } from "../codec/schema.ts";
import { canonicalMetric } from "../metric.ts";
import { inPublishedUnit } from "./fit-field.ts";
import { findFixed, type Seed } from "./fixed-layout.ts";
import { agree, firstDifference, Oracle, randomFrom, variations } from "./oracle.ts";
import { findTlv, itemFrames } from "./tlv-layout.ts";
import { constantsOf, portsOf } from "./trial.ts";

const VARIATIONS = 3000;

export interface Recognised {
  readonly technique: "fixed" | "tlv";
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

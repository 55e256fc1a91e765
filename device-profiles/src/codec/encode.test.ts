import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { join } from "node:path";
import type { MetricDef } from "../compiled.ts";
import { type LoadedProfile, loadProfiles, loadText } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { REJECTION_REASONS } from "../rejection.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { toReadings } from "../vector.ts";
import { encodeFrame, encodeRecord } from "./encode.ts";
import type { EncodeInput } from "./encode-fields.ts";
import { EncodeFault, type Value } from "./encode-value.ts";

const TS = Date.UTC(2025, 10, 22, 2, 0, 0);
const HEAD = `profile: v1
id: test/encode@1.0.0
kind: sensor
title: {zh: 测试, en: Test}
transport: {uplink: raw}
metrics:
  a: {unit: "1", title: {zh: 甲, en: A}}
  b: {unit: "1", title: {zh: 乙, en: B}}
  word: {type: text, title: {zh: 词, en: Word}}
codec:
`;

function profileOf(codec: string): LoadedProfile {
  const { profile, problems } = loadText(HEAD + codec.replace(/^(?=.)/gm, "  "), "test");
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  return profile;
}

function input({ compiled }: LoadedProfile, values: Readonly<Record<string, Value>>): EncodeInput {
  return { values, ts: TS, metrics: new Map(compiled.metrics.map((m) => [m.name, m])) };
}

function roundTrip(profile: LoadedProfile, values: Readonly<Record<string, Value>>): Record<string, unknown> | string {
  const encoded = encodeFrame(profile.source.codec ?? {}, input(profile, values));
  if (encoded instanceof EncodeFault) return encoded.message;
  const out = new RecordBuffer();
  const rejection = profile.compiled.decodeFrame(encoded.frame, encoded.port, out);
  if (rejection !== null) return `${rejection.reason}: ${rejection.detail}`;
  const ts = out.ts === 0 ? {} : { ts: out.ts };
  return { ...Object.fromEntries(toReadings(profile.compiled, out).map((r) => [r.metric, r.value])), ...ts };
}

describe("values of the wire", () => {
  it.each([
    ["fixed: {fields: [{n: a, t: i16, endian: le}]}", { a: -2 }],
    ["fixed: {fields: [{n: a, t: i24}, {n: b, t: u32_lowword}]}", { a: -8_000_000, b: 0x12345678 }],
    ["fixed: {fields: [{n: a, t: f32, endian: le}, {n: b, t: f64}]}", { a: 1.5, b: -1e300 }],
    ["fixed: {fields: [{n: a, t: i64}]}", { a: -123_456_789_012 }],
    ["fixed: {fields: [{n: a, t: bcd, len: 3}, {n: word, t: ascii, len: 4}]}", { a: 12345, word: "ok" }],
    ["fixed: {fields: [{n: word, t: hex, len: 2}, {n: a, at: 4}]}", { word: "beef", a: 7 }],
    [
      "fixed: {fields: [{n: a, at: 0, bits: [4, 7]}, {n: b, at: 0, bits: [0, 3], signed: true}, {n: leak, at: 1, bit: 3}]}",
      { a: 9, b: -3, leak: true },
    ],
    [
      "fixed: {fields: [{n: temperature, t: u16, scale: 0.1, bias: 400, unit: '[degF]', invalid: 0xffff}]}",
      { temperature: null },
    ],
    ["fixed: {fields: [{n: door_open, map: {0x10: true, 0x20: false}}]}", { door_open: false }],
    ["fixed: {select: {by: port}, cases: {2: [{n: a}], 3: [{n: a}, {n: b}]}}", { a: 1, b: 2 }],
    [
      "fixed: {select: {at: 0, t: u16, bits: [4, 7]}, common: [{n: b, at: 2}], cases: {5: [{n: a, at: 3}]}}",
      { a: 1, b: 2 },
    ],
    [
      "fixed: {frame: {start: '7e', end: '7e', unescape: {7d02: 7e, 7d01: 7d}, check: {xor: [-2], from: 1}}, fields: [{n: a, at: 1}, {n: b, at: 2}]}",
      { a: 0x7e, b: 0x7d },
    ],
    ["fixed: {frame: {length: 10}, fields: [{n: a, at: -1}, {n: b, at: 2}]}", { a: 5, b: 6 }],
    ["fixed: {fields: [{n: a}, {n: sampled_at, t: bcd_yymmddhhmmss, tz: Asia/Shanghai}]}", { a: 1, ts: TS }],
    ["fixed: {fields: [{n: a}, {n: sampled_at, t: unix_s, endian: le}]}", { a: 1, ts: TS }],
    [
      "tlv: {id: {t: u16}, length: u8, unknown: skip, items: {0x0101: [{n: a, t: i16}], 0x0202: [{n: b}]}}",
      { b: 3, a: -7 },
    ],
    [
      "bitmap: {mask: {at: 1, t: u8}, header: [{n: a}], groups: {0: [{n: b}], 3: [{n: temperature, t: i16, scale: 0.1}]}}",
      { a: 1, temperature: -2.5 },
    ],
  ])("%s", (codec, values: Readonly<Record<string, Value>>) => {
    const { ts: _ts, ...metrics } = values;
    expect(roundTrip(profileOf(codec), metrics)).toEqual(values);
  });

  it.each([
    ["fixed: {fields: [{n: a}]}", { a: 300 }, "does not fit 8 bits"],
    ["fixed: {fields: [{n: a}]}", {}, "not available"],
    ["fixed: {fields: [{n: a, poly: [0, 1, 2]}]}", { a: 1 }, "poly has no inverse"],
    ["fixed: {fields: [{n: door_open, map: {1: true}}]}", { door_open: false }, "no raw value maps"],
    ["fixed: {fields: [{n: word, t: ascii, len: 2}]}", { word: "long" }, "does not fit 2 bytes"],
    ["tlv: {items: {1: [{n: a}]}}", { b: 1 }, "no item holds"],
    ["preset: cayenne_lpp", { temperature: 1 }, "only fixed, tlv and bitmap"],
  ])("says why not: %s", (codec, values: Readonly<Record<string, Value>>, words) => {
    expect(roundTrip(profileOf(codec), values)).toContain(words);
  });

  it("writes records by path", () => {
    const profile = profileOf(
      `json:
  fields:
    - {n: temperature, path: [d.t, t], unit: K}
    - {n: door_open, path: "d.list[1].state", map: {open: true, closed: false}}
    - {n: battery, path: v, unit: mV, scale: 0.1}
  time: {path: at, unit: iso}`.replace("json:", "preset: cayenne_lpp\njson:"),
    );
    const record = encodeRecord(
      profile.source.codec?.json,
      input(profile, { temperature: 20, door_open: true, battery: null }),
    );
    expect(record).toEqual({
      d: { t: 293.15, list: [undefined, { state: "open" }] },
      v: null,
      at: "2025-11-22T02:00:00.000Z",
    });
  });
});

await loadScriptEngine();
const { profiles } = loadProfiles([join(import.meta.dirname, "../../profiles")]);
const shipped = profiles.all().map(({ id }) => profiles.loaded(id));
const encodable = shipped.filter((p): p is LoadedProfile => p !== undefined && probe(p));

function probe(profile: LoadedProfile): boolean {
  const codec = profile.source.codec ?? {};
  if (codec.fixed === undefined && codec.tlv === undefined && codec.bitmap === undefined) return false;
  const values = Object.fromEntries(profile.compiled.metrics.map((m) => [m.name, middle(m)]));
  return typeof roundTrip(profile, values) !== "string";
}

function middle(m: MetricDef): Value {
  if (m.type !== "number") return m.type === "boolean" ? false : "";
  return m.range === null ? 0 : Math.min(Math.max(0, m.range[0]), m.range[1]);
}

describe("shipped profiles there and back", () => {
  it("covers several techniques", () => {
    expect(encodable.length).toBeGreaterThan(2);
  });

  it.each(encodable.map((p) => [p.compiled.id, p] as const))(
    "%s: what is decoded encodes to the same again",
    (_id, profile) => {
      const names = profile.compiled.metrics.map((m) => m.name);
      const arbitrary = fc.record(
        Object.fromEntries(
          profile.compiled.metrics.map((m) => {
            const [low, high] = m.range ?? [0, 100];
            const number = fc.double({ min: Math.max(low, -1000), max: Math.min(high, 1000), noNaN: true });
            return [m.name, m.type === "boolean" ? fc.boolean() : m.type === "text" ? fc.constant("") : number];
          }),
        ),
      );
      let reached = 0;
      fc.assert(
        fc.property(arbitrary, fc.nat(), (values, at) => {
          const encoded = encodeFrame(profile.source.codec ?? {}, input(profile, values as Record<string, Value>));
          if (encoded instanceof EncodeFault) return;
          reached++;
          const out = new RecordBuffer();
          expect(profile.compiled.decodeFrame(encoded.frame, encoded.port, out)).toBeNull();
          const once = Object.fromEntries(toReadings(profile.compiled, out).map((r) => [r.metric, r.value]));
          expect(names).toEqual(expect.arrayContaining(Object.keys(once)));
          // rounding happens once: the decoded values are exact on the wire
          const again = encodeFrame(profile.source.codec ?? {}, { ...input(profile, once), ts: out.ts || TS });
          expect(again).toEqual(encoded);
          // a broken byte ends in readings or a known reason
          const broken = Uint8Array.from(encoded.frame);
          broken[at % broken.length] ^= 1 + (at % 255);
          const rejection = profile.compiled.decodeFrame(broken, encoded.port, out);
          if (rejection !== null) expect(Object.keys(REJECTION_REASONS)).toContain(rejection.reason);
        }),
        { numRuns: 100 },
      );
      expect(reached).toBeGreaterThan(0);
    },
  );
});

import { describe, expect, it } from "vitest";
import { checkEnvelope, DEFAULT_LIMITS, parseJson } from "./envelope.ts";
import { isRejection } from "./rejection.ts";

const TS = 1_763_776_800_123;
const parse = (text: string | Buffer, depth?: number) => parseJson(Buffer.from(text as string), depth);

describe("parseJson", () => {
  it("returns the value", () => {
    expect(parse('{"a":["]}",{"b":"\\\\"}]}')).toEqual({ value: { a: ["]}", { b: "\\" }] } });
  });

  it("refuses what nests too deep before it is parsed, also what never ends", () => {
    expect(parse("[".repeat(9) + "]".repeat(9))).toMatchObject({ reason: "json_too_deep" });
    expect(parse("[".repeat(1_000_000))).toMatchObject({ reason: "json_too_deep" });
    expect(parse("[".repeat(8) + "]".repeat(8))).toHaveProperty("value");
    expect(parse("[[[]]]", 2)).toMatchObject({ reason: "json_too_deep" });
  });

  it("does not count brackets inside strings", () => {
    expect(parse(JSON.stringify("[".repeat(50) + '\\"['))).toHaveProperty("value");
  });

  it.each(["", "{", "}{", "nul", '{"a":1}x', "\uFEFF{}"])("refuses %j as no JSON", (text) => {
    expect(parse(text)).toMatchObject({ reason: "json_invalid" });
  });

  it("refuses bytes that are no UTF-8 instead of replacing them", () => {
    const bytes = Buffer.concat([Buffer.from('{"n":"'), Buffer.of(0xc8, 0xab, 0xff), Buffer.from('"}')]);
    expect(parseJson(bytes)).toMatchObject({ reason: "json_invalid" });
    expect(parse('{"n":"网格"}')).toEqual({ value: { n: "网格" } });
  });
});

describe("checkEnvelope", () => {
  const record = { ts: TS, m: { pressure: 0.28 } };

  it.each([
    ["sequenced", { v: 1, b: 57, q: 120_345, r: [record], tq: "ntp" }],
    ["without sequence", { v: 1, r: [record] }],
    ["raw bytes", { v: 1, r: [{ ts: TS, x: "aAEBGA==", p: 85 }] }],
    ["raw bytes, URL alphabet without padding", { v: 1, r: [{ ts: TS, x: "aAEB-_A" }] }],
    ["raw text", { v: 1, r: [{ ts: TS, s: "!AIVDM,1,1,,A,x,0*00" }] }],
  ])("takes an envelope: %s", (_, value) => {
    expect(checkEnvelope(value)).toBe(value);
  });

  it.each([
    ["envelope_invalid", null],
    ["envelope_invalid", []],
    ["envelope_version", {}],
    ["envelope_version", { v: "1", r: [record] }],
    ["envelope_invalid", { v: 1 }],
    ["envelope_invalid", { v: 1, r: [] }],
    ["envelope_invalid", { v: 1, b: 1, r: [record] }],
    ["envelope_invalid", { v: 1, q: 1, r: [record] }],
    ["envelope_invalid", { v: 1, b: 1, q: -1, r: [record] }],
    ["envelope_invalid", { v: 1, b: 1, q: 2 ** 53, r: [record] }],
    ["envelope_invalid", { v: 1, b: "1", q: 1, r: [record] }],
    ["envelope_invalid", { v: 1, r: [null] }],
    ["envelope_invalid", { v: 1, r: ["x"] }],
    ["time_invalid", { v: 1, r: [{ m: {} }] }],
    ["time_invalid", { v: 1, r: [{ ts: "now", m: {} }] }],
    ["time_invalid", { v: 1, r: [{ ts: 0, m: {} }] }],
    ["time_invalid", { v: 1, r: [{ ts: 5e12, m: {} }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, m: {}, x: "" }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, m: [1] }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, m: null }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, x: 5 }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, x: "68 01!" }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, s: {} }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, x: "aA==", p: "85" }] }],
    ["envelope_invalid", { v: 1, r: [{ ts: TS, x: "aA==", p: 256 }] }],
    ["envelope_invalid", { v: 1, r: Array.from({ length: DEFAULT_LIMITS.records + 1 }, () => record) }],
  ])("refuses with %s: %j", (reason, value) => {
    const result = checkEnvelope(value);
    expect(isRejection(result) && result.reason).toBe(reason);
  });
});

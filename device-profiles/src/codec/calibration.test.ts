import { describe, expect, it } from "vitest";
import { loadText } from "../load.ts";
import { Quality, RecordBuffer } from "../reading.ts";
import { toReadings } from "../vector.ts";
import { crc16Kermit, crc16Xmodem } from "./check.ts";
import { MAX_PAST } from "./past-schema.ts";

// What fields say beyond scale and offset: formulas, curves, hidden values, texts, earlier samples, layouts within layouts.

const title = "title: {zh: 测, en: Test}";
const HEAD = `profile: v1
id: test/calibration@1.0.0
kind: sensor
${title}
transport: {uplink: raw}
metrics:
  a: {unit: "1", ${title}}
  b: {unit: "1", ${title}}
  word: {type: text, ${title}}
codec:
`;

function load(codec: string) {
  return loadText(HEAD + codec.replace(/^(?=.)/gm, "  "), "test");
}
function decoder(codec: string) {
  const { profile, problems } = load(codec);
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  const { compiled } = profile;
  const plain = (out: RecordBuffer) =>
    toReadings(compiled, out).map((r) => [r.metric, r.quality === 0 ? r.value : [r.value, r.quality]] as const);
  const out = new RecordBuffer();
  return (hex: string, port = 0): unknown => {
    const rejection = compiled.decodeFrame(Buffer.from(hex, "hex"), port, out);
    if (rejection !== null) return rejection.reason;
    const past = out.past.slice(0, out.pasts).map((p) => ({ ts: p.ts, ...Object.fromEntries(plain(p)) }));
    return { ...Object.fromEntries(plain(out)), ...(past.length === 0 ? {} : { past }) };
  };
}
const field = (text: string) => decoder(`fixed: {fields: [${text}]}`);
const errorsOf = (codec: string) => load(codec).problems.map((p) => `${p.path}: ${p.message}`).join("\n"); // prettier-ignore

describe("calibration", () => {
  it("runs a formula over the scaled value, in the field's unit", () => {
    expect(field("{n: a, scale: 0.5, calc: x ** 2 + 1}")("04")).toEqual({ a: 5 });
    expect(field("{n: temperature, unit: K, calc: 1 / (x / 1000)}")("04")).toEqual({
      temperature: -23.149999999999977,
    });
  });

  it("works values out from others, and leaves them out where those are missing", () => {
    const decode = decoder(`bitmap:
  mask: {at: 0, t: u8}
  groups:
    0: [{n: a}]
    1: [{n: b, calc: x + a}]
    2: {size: 0, fields: [{n: humidity, calc: a * 2}]}
`);
    expect(decode("030405")).toEqual({ a: 4, b: 9 });
    expect(decode("0205")).toEqual({ b: [null, Quality.invalid] });
    expect(decode("0504")).toEqual({ a: 4, humidity: 8 });
    expect(decode("04")).toEqual("frame_short");
  });

  it("keeps names with _ to itself, from frame to frame", () => {
    const decode = decoder(`tlv:
  items:
    1: [{n: _sign}]
    2: [{n: a, calc: "_sign == 0 ? x : -x"}]
`);
    expect(decode("01010205")).toEqual({ a: -5 });
    expect(decode("01000205")).toEqual({ a: 5 });
    expect(decode("0205")).toEqual({ a: [null, Quality.invalid] });
    expect(field("{n: _a, t: ascii, len: 2}, {n: a, calc: _a * 2}")("3231")).toEqual({ a: 42 });
    expect(field("{n: _a, map: {1: 60, 2: 3600}}, {n: a, calc: x * _a}")("0203")).toEqual({ a: 10_800 });
  });

  it("makes a flag of a formula", () => {
    expect(field("{n: leak, calc: x > 3}")("04")).toEqual({ leak: true });
    expect(field("{n: leak, calc: x > 3}")("03")).toEqual({ leak: false });
  });

  it("has no value where arithmetic has none", () => {
    expect(field("{n: a, calc: 1 / x}")("00")).toEqual({ a: [null, Quality.invalid] });
  });

  it("follows a curve, and holds its ends", () => {
    const decode = field("{n: pressure, unit: bar, curve: [[10, 0], [20, 20], [40, 30]]}");
    expect(["00", "0a", "0f", "14", "1e", "28", "ff"].map(decode)).toEqual(
      [0, 0, 1, 2, 2.5, 3, 3].map((pressure) => ({ pressure })),
    );
  });

  it.each([
    ["{n: a, calc: x +}", "column 4"],
    ["{n: a, calc: level * x}", 'no value "level" stands before this field'],
    ["{n: a, calc: b * x}, {n: b}", 'no value "b" stands before this field'],
    ["{n: b}, {n: a, t: u16, calc: b * 2}", "a formula without x reads no bytes: t has no meaning"],
    ["{n: a, calc: x, poly: [1, 2]}", "at most one of poly, curve, calc"],
    ["{n: a, curve: [[2, 1], [1, 2]]}", "by ascending raw value"],
    ["{n: _a, unit: m}", "unit has no meaning"],
    ["{n: a, len: rest}", "u8 has no rest"],
    ["{n: word, calc: '1'}", "a formula gives numbers"],
  ])("%s: %s", (text, message) => {
    expect(errorsOf(`fixed: {fields: [${text}]}`)).toContain(message);
  });
});

describe("signs, texts and defaults", () => {
  it.each([
    ["{n: a, signed: magnitude}", "85", -5],
    ["{n: a, signed: magnitude}", "05", 5],
    ["{n: a, t: u16, signed: magnitude}", "8102", -258],
    ["{n: a, t: u32, signed: magnitude}", "80000001", -1],
    ["{n: a, bits: [0, 3], signed: magnitude}", "0b", -3],
    ["{n: word, t: gbk, len: rest}", "cffbb7c0", "消防"],
    ["{n: word, t: gbk, len: 4}", "cffb0000", "消"],
    ["{n: word, t: ascii, len: rest}", "4142", "AB"],
    ["{n: word, t: dotted, len: 4}", "01000300", "1.0.3.0"],
    ["{n: word, t: hex, len: 2, endian: le}", "0aff", "ff0a"],
  ])("%s of %s is %s", (text, hex, expected) => {
    expect(Object.values(field(text)(hex) as object)).toEqual([expected]);
  });

  it("knows half a character from a whole one", () => {
    expect(field("{n: word, t: gbk, len: 3}")("cffbb7")).toEqual({ word: [null, Quality.invalid] });
  });

  it("gives fields the layout's type", () => {
    const decode = decoder("fixed: {t: u16, endian: le, fields: [{n: a}, {n: b, t: u8}]}");
    expect(decode("010203")).toEqual({ a: 513, b: 3 });
  });
});

describe("CRC-16", () => {
  it("agrees with the published check values", () => {
    const text = Buffer.from("123456789");
    expect(crc16Kermit(text, 0, text.length)).toBe(0x2189);
    expect(crc16Xmodem(text, 0, text.length)).toBe(0x31c3);
  });
});

describe("earlier samples", () => {
  const decode = decoder(`tlv:
  items:
    0x01: [{n: a}]
    0x20: {past: true, fields: [{n: sampled_at, t: unix_s}, {n: a}]}
`);
  it("are records beside the present one", () => {
    expect(decode("0105 20655fee0006 20655ff00007".replaceAll(" ", ""))).toEqual({
      a: 5,
      past: [
        { ts: 1_700_785_664_000, a: 6 },
        { ts: 1_700_786_176_000, a: 7 },
      ],
    });
    expect(decode("0105")).toEqual({ a: 5 });
  });

  it("without a plausible time are dropped", () => {
    expect(decode("200000000106")).toEqual({});
    expect(decode("0105 20ffffffff06".replaceAll(" ", ""))).toEqual({ a: 5 });
  });

  it("are bounded", () => {
    expect(decode("20655fee0006".repeat(MAX_PAST + 1))).toBe("frame_trailing");
  });

  it("need a time", () => {
    expect(errorsOf("tlv: {items: {1: {past: true, fields: [{n: a}]}}}")).toContain("an earlier sample needs its time");
  });
});

describe("layouts within layouts", () => {
  const decode = decoder(`fixed:
  select: {by: port}
  cases:
    1: {tlv: {start: 1, items: {1: [{n: a}], 2: [{n: b}]}}}
    2: {bitmap: {mask: {at: 0, t: u8}, groups: {0: [{n: a}], 3: [{n: b}]}}}
    3:
      select: {by: length}
      cases: {1: [{n: a}]}
      default: {tlv: {id: {t: u16}, items: {0x0101: [{n: b}]}}}
`);
  it.each([
    [1, "ff02050106", { a: 6, b: 5 }],
    [1, "ff020501", "frame_short"],
    [2, "090102", { a: 1, b: 2 }],
    [3, "07", { a: 7 }],
    [3, "010108", { b: 8 }],
    [4, "00", "frame_selector"],
  ])("port %d of %s", (port, hex, expected) => expect(decode(hex, port)).toEqual(expected));

  it("leave markers and checks to the outer one", () => {
    expect(
      errorsOf("fixed: {select: {by: port}, cases: {1: {tlv: {frame: {start: '01'}, items: {1: [{n: a}]}}}}}"),
    ).toContain("stand at the outer layout");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadProfiles, loadText } from "../load.ts";
import { Quality, RecordBuffer } from "../reading.ts";
import { REJECTION_REASONS } from "../rejection.ts";
import { decodeVector } from "../vector.ts";
import { crc16Modbus, sum8, xor8 } from "./check.ts";

const HEAD = `profile: v1
id: test/frame@1.0.0
kind: sensor
title: {zh: 测试, en: Test}
transport: {uplink: raw}
metrics:
  a: {unit: "1", title: {zh: 甲, en: A}}
  b: {unit: "1", title: {zh: 乙, en: B}}
  word: {type: text, title: {zh: 词, en: Word}}
codec:
`;

function load(codec: string) {
  return loadText(HEAD + codec.replace(/^(?=.)/gm, "  "), "test");
}

/** Decodes to a plain object, values with a quality as [value, quality]; a refusal to its reason. */
function decoder(codec: string): (hex: string, port?: number) => unknown {
  const { profile, problems } = load(codec);
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  return (hex, port) => {
    const decoded = decodeVector(profile.compiled, { hex, port });
    if (decoded.kind === "rejection") return decoded.rejection.reason;
    if (decoded.kind !== "readings") return decoded.kind;
    const values = decoded.readings.map((r) => [r.metric, r.quality === 0 ? r.value : [r.value, r.quality]]);
    return {
      ...(decoded.ts === 0 ? {} : { ts: new Date(decoded.ts).toISOString() }),
      ...(Object.fromEntries(values) as object),
    };
  };
}
const errorsOf = (codec: string) =>
  load(codec)
    .problems.map((p) => `${p.path}: ${p.message}`)
    .join("\n");
const field = (text: string) => decoder(`fixed: {fields: [${text}]}`);

describe("fields", () => {
  it.each([
    ["{n: a, t: u8}", "ff", 255],
    ["{n: a, t: i8}", "ff", -1],
    ["{n: a, t: u16}", "fffe", 65_534],
    ["{n: a, t: u16, endian: le}", "feff", 65_534],
    ["{n: a, t: i16}", "fffe", -2],
    ["{n: a, t: i16, endian: le}", "feff", -2],
    ["{n: a, t: i16}", "7fff", 32_767],
    ["{n: a, t: u24}", "010203", 66_051],
    ["{n: a, t: i24, endian: le}", "feffff", -2],
    ["{n: a, t: u32}", "ffffffff", 4_294_967_295],
    ["{n: a, t: u32, endian: le}", "000000ff", 4_278_190_080],
    ["{n: a, t: i32}", "fffffffe", -2],
    ["{n: a, t: i32, endian: le}", "feffffff", -2],
    ["{n: a, t: u32_lowword}", "0bf00001", 68_592],
    ["{n: a, t: i32_lowword}", "fffeffff", -2],
    ["{n: a, t: u64}", "000000010000000a", 4_294_967_306],
    ["{n: a, t: i64, endian: le}", "feffffffffffffff", -2],
    ["{n: a, t: f32}", "3fc00000", 1.5],
    ["{n: a, t: f32, endian: le}", "0000c03f", 1.5],
    ["{n: a, t: f64}", "3ff8000000000000", 1.5],
    ["{n: a, t: bcd, len: 3, scale: 0.01}", "012345", 123.45],
    ["{n: a, t: bcd, len: 2, endian: le}", "3412", 1234],
    ["{n: a, t: ascii, len: 4}", "2d312e35", -1.5],
    ["{n: a, bit: 7}", "80", 1],
    ["{n: a, t: u16, bits: [4, 11]}", "0ff0", 255],
    ["{n: a, bits: [4, 7], signed: true}", "f0", -1],
    ["{n: a, t: u32, bits: [0, 31]}", "ffffffff", 4_294_967_295],
    ["{n: a, t: u16, scale: 0.1}", "0101", 25.7],
    ["{n: a, t: u16, bias: 32768, scale: 0.01}", "7fff", -0.01],
    ["{n: a, scale: 2, offset: -40}", "0a", -20],
    ["{n: a, scale: 0.5, poly: [1, 2, 3]}", "04", 17],
    ["{n: temperature, t: i16, unit: '[degF]'}", "00d4", 100],
    ["{n: pressure, t: u16, unit: bar, scale: 0.1}", "0019", 0.25],
    ["{n: leak, map: {0: false, 17: true}}", "11", true],
    ["{n: leak}", "02", true],
    ["{n: word, t: ascii, len: 5}", "6f6b0000 00", "ok"],
    ["{n: word, t: hex, len: 2}", "0aff", "0aff"],
    ["{n: word, map: {1: normal, 2: alarm}}", "02", "alarm"],
    ["{n: a, at: -1}", "0102", 2],
    ["{skip: 1}, {n: a}", "0102", 2],
  ])("%s of %s", (text, hex, expected) => {
    const [value] = Object.values(field(text)(hex) as object) as unknown[];
    if (typeof expected === "number") expect(value).toBeCloseTo(expected, 9);
    else expect(value).toBe(expected);
  });

  it("keeps the decimals that people expect", () => {
    expect(field("{n: a, t: u16, scale: 0.001}")("0118")).toEqual({ a: 0.28 });
    expect(field("{n: water_depth, t: u16, unit: mm}")("1088")).toEqual({ water_depth: 4.232 });
  });

  it("says not available as null, out of range as a flag", () => {
    const decode = field("{n: a, t: u16, invalid: [0xFFFF, 0x7FFF], range: [0, 100]}");
    expect(decode("ffff")).toEqual({ a: [null, Quality.invalid] });
    expect(decode("7fff")).toEqual({ a: [null, Quality.invalid] });
    expect(decode("0065")).toEqual({ a: [101, Quality.out_of_range] });
    expect(decode("0064")).toEqual({ a: 100 });
    expect(field("{n: a, t: f32}")("7fc00000")).toEqual({ a: [null, Quality.invalid] });
    expect(field("{n: a, t: f32}")("7f800000")).toEqual({ a: [null, Quality.invalid] });
    expect(field("{n: a, t: bcd, len: 1}")("1a")).toEqual({ a: [null, Quality.invalid] });
    expect(field("{n: word, t: ascii, len: 1}")("07")).toEqual({ word: [null, Quality.invalid] });
    expect(field("{n: leak, map: {0: false, 1: true}}")("02")).toEqual({ leak: [null, Quality.invalid] });
    expect(field("{n: pressure, unit: bar, range: [0, 10]}")("0b")).toEqual({ pressure: [1.1, Quality.out_of_range] });
  });

  it.each([
    ["{n: sampled_at, t: bcd_yymmddhhmmss, tz: Asia/Shanghai}", "251122100000", "2025-11-22T02:00:00.000Z"],
    ["{n: sampled_at, t: bcd_yymmddhhmm, tz: '+08:00'}", "2511221000", "2025-11-22T02:00:00.000Z"],
    ["{n: sampled_at, t: bcd_yyyymmddhhmmss}", "20251122100000", "2025-11-22T10:00:00.000Z"],
    ["{n: sampled_at, t: bcd_yymmddhhmmss, tz: Europe/Berlin}", "250701120000", "2025-07-01T10:00:00.000Z"],
    ["{n: sampled_at, t: bcd_yymmddhhmmss, tz: Europe/Berlin}", "250101120000", "2025-01-01T11:00:00.000Z"],
    ["{n: sampled_at, t: unix_s}", "69211920", "2025-11-22T02:00:00.000Z"],
    ["{n: sampled_at, t: unix_s, endian: le}", "20192169", "2025-11-22T02:00:00.000Z"],
  ])("time %s of %s", (text, hex, expected) => {
    expect(field(`{n: a}, ${text}`)(`05${hex}`)).toEqual({ ts: expected, a: 5 });
  });

  it.each(["259922100000", "250631100000", "251122240000", "25112f100000"])(
    "keeps the values of an impossible time %s, flagged",
    (hex) => {
      expect(field("{n: a}, {n: sampled_at, t: bcd_yymmddhhmmss}")(`05${hex}`)).toEqual({ a: [5, Quality.clock] });
    },
  );

  it("knows a time that is not set", () => {
    expect(field("{n: a}, {n: sampled_at, t: unix_s, invalid: 0}")("0500000000")).toEqual({ a: 5 });
  });

  it.each([
    ["{n: presure}", 'did you mean "pressure"?'],
    ["{n: a, t: u12}", "expected one of u8"],
    ["{n: a, bit: 8}", "u8 has bits 0 to 7"],
    ["{n: a, bits: [5, 2]}", "[lowest, highest]"],
    ["{n: a, t: f32, bit: 1}", "f32 has no bits"],
    ["{n: pressure, unit: mm}", "mm cannot be converted to pressure's unit, MPa"],
    ["{n: pressure, unit: Mpa}", 'unknown unit "Mpa"; did you mean'],
    ["{n: leak, scale: 2}", "leak is a boolean metric: scale has no meaning"],
    ["{n: leak, map: {1: 5}}", "expected a boolean"],
    ["{n: word, t: u8}", "word is a text metric"],
    ["{n: a, t: bcd}", "bcd needs len"],
    ["{n: a, t: unix_s}", "sampled_at"],
    ["{n: sampled_at, t: bcd_yymmddhhmm, tz: Mars}", 'unknown time zone "Mars"'],
    ["{at: 3}", "expected n"],
    ["{n: a, at: 0, t: u16}, {n: b, at: 1}", "b reads bytes of a again"],
  ])("reports %s", (text, words) => {
    expect(errorsOf(`fixed: {fields: [${text}]}`)).toContain(words);
  });
});

describe("guards", () => {
  const ascii = Buffer.from("123456789");
  it("computes the known check values", () => {
    expect(crc16Modbus(ascii, 0, 9)).toBe(0x4b37);
    expect(sum8(ascii, 0, 9)).toBe(0xdd);
    expect(xor8(ascii, 0, 9)).toBe(0x31);
  });

  it.each([
    ["crc16_modbus: [-2, -1]", "0105 c023"],
    ["crc16_modbus: [-2, -1], endian: be", "0105 23c0"],
    ["xor: [-1]", "0105 04"],
    ["sum8: [-1]", "0105 06"],
  ])("%s", (check, frame) => {
    const decode = decoder(`fixed: {frame: {check: {${check}}}, fields: [{n: a, at: 1}]}`);
    expect(decode(frame)).toEqual({ a: 5 });
    expect(decode(frame.replace("05", "07"))).toBe("frame_check");
    expect(decode("01")).toBe("frame_short");
  });

  it("does not read check bytes or end marker as values", () => {
    const decode = decoder(
      `fixed: {frame: {start: "7e", end: "7e", check: {sum8: [-2]}}, fields: [{n: a, at: 1}, {n: b, at: 2}]}`,
    );
    expect(decode("7e 05 06 89 7e")).toEqual({ a: 5, b: 6 });
    expect(decode("7e 05 83 7e")).toBe("frame_short");
    expect(decode("7e 05 06 89 7f")).toBe("frame_marker");
    expect(decode("7d 05 06 89 7e")).toBe("frame_marker");
  });

  it("undoes byte stuffing between the markers", () => {
    const decode = decoder(
      `fixed: {frame: {start: "7e", end: "7e", unescape: {"7d02": "7e", "7d01": "7d"}}, fields: [{n: a, at: 1}, {n: b, at: 2}]}`,
    );
    expect(decode("7e 7d 02 7d 01 7e")).toEqual({ a: 0x7e, b: 0x7d });
  });

  it("knows ports and lengths", () => {
    const decode = decoder("fixed: {frame: {ports: [15], length: [1, 2]}, fields: [{n: a}]}");
    expect(decode("05", 15)).toEqual({ a: 5 });
    expect(decode("05", 0)).toEqual({ a: 5 });
    expect(decode("05", 16)).toBe("frame_selector");
    expect(decode("050505", 15)).toBe("frame_trailing");
    expect(decode("", 15)).toBe("frame_short");
  });

  it("keeps what is complete of a short frame only where the profile says so", () => {
    const body = "fields: [{n: a, t: u16}, {n: b, t: u16}]";
    expect(decoder(`fixed: {${body}}`)("0001 00")).toBe("frame_short");
    const partial = decoder(`fixed: {frame: {short: partial}, ${body}}`);
    expect(partial("0001 00")).toEqual({ a: 1 });
    expect(partial("00")).toBe("frame_short");
  });
});

describe("fixed", () => {
  const decode = decoder(`fixed:
  select: {by: port}
  cases:
    1: {select: {at: 0, bits: [4, 7]}, cases: {0x1: [{n: a, at: 1}]}, default: [{n: b, at: 1}], common: [{n: word, at: 0, t: hex, len: 1}]}
    2: {select: {by: length}, cases: {1: [{n: a}], 2: [{n: b, t: u16}]}}
`);
  it("chooses by port, bits, length, and falls back", () => {
    expect(decode("1f05", 1)).toEqual({ word: "1f", a: 5 });
    expect(decode("2f05", 1)).toEqual({ word: "2f", b: 5 });
    expect(decode("07", 2)).toEqual({ a: 7 });
    expect(decode("0007", 2)).toEqual({ b: 7 });
    expect(decode("000007", 2)).toBe("frame_selector");
    expect(decode("07", 3)).toBe("frame_selector");
    expect(decode("1f", 1)).toBe("frame_short");
  });
});

describe("fixed with trailing: reject", () => {
  it("counts the whole layout, not the common fields alone", () => {
    const decode = decoder(
      "fixed: {frame: {trailing: reject}, select: {at: 0}, common: [{n: b, at: 1}], cases: {1: [{n: a, at: 2}]}}",
    );
    expect(decode("01 05 06")).toEqual({ b: 5, a: 6 });
    expect(decode("01 05 06 07")).toBe("frame_trailing");
  });
});

describe("tlv", () => {
  const items = "items: {0x01: [{n: a, t: i16}], 0x02: {size: 3, fields: [{n: b}]}}";
  it("takes items in any order and steps over declared bytes", () => {
    const decode = decoder(`tlv: {${items}}`);
    expect(decode("02 05 ff ff 01 ff fe")).toEqual({ b: 5, a: -2 });
    expect(decode("01 ff fe 02 05 ff")).toBe("frame_short");
    expect(decode("01 ff fe 03")).toBe("frame_selector");
    expect(decode("")).toBe("frame_short");
  });
  it("keeps complete items of a short frame, ends at unknown ones, skips them by length", () => {
    expect(decoder(`tlv: {frame: {short: partial}, ${items}}`)("01 ff fe 02 05")).toEqual({ a: -2 });
    expect(decoder(`tlv: {unknown: stop, ${items}}`)("01 ff fe 09 09")).toEqual({ a: -2 });
    const sized = decoder(`tlv: {length: u8, unknown: skip, ${items}}`);
    expect(sized("09 02 aa bb 01 02 ff fe")).toEqual({ a: -2 });
    expect(sized("01 01 ff")).toBe("frame_short");
    expect(errorsOf(`tlv: {unknown: skip, ${items}}`)).toContain("only items with a length can be skipped");
  });
});

describe("bitmap", () => {
  const decode = decoder("bitmap: {mask: {at: 0, t: u8}, groups: {0: [{n: a, t: u16}], 7: [{n: b}]}}");
  it("takes present groups by ascending bit", () => {
    expect(decode("81 0005 07")).toEqual({ a: 5, b: 7 });
    expect(decode("80 07")).toEqual({ b: 7 });
    expect(decode("82 07")).toBe("frame_selector");
    expect(decode("81 0005")).toBe("frame_short");
    expect(decode("80 07 00")).toBe("frame_trailing");
    expect(decode("00")).toBe("frame_short");
  });
});

describe("arbitrary bytes", () => {
  const { profiles } = loadProfiles([`${import.meta.dirname}/../../profiles`]);
  it.each(profiles.all().map((p) => [p.id, p] as const))("never make %s throw", (_, profile) => {
    const out = new RecordBuffer();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 255 }), (frame, port) => {
        const rejection = profile.decodeFrame(frame, port, out) ?? profile.decodePositions(frame, 0, []);
        return rejection === null || Object.hasOwn(REJECTION_REASONS, rejection.reason);
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (m) => {
        const rejection = profile.decodeJson(m, out);
        return rejection === null || rejection.reason === "value_invalid";
      }),
    );
  });
});

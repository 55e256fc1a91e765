import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadText } from "../load.ts";
import { RecordBuffer } from "../reading.ts";
import { REJECTION_REASONS } from "../rejection.ts";
import { decodeVector } from "../vector.ts";
import { CborFault, decodeCbor } from "./cbor.ts";

// Techniques that make a record of the frame first: text, cbor, cayenne_lpp.

const HEAD = `profile: v1
id: test/result@1.0.0
kind: sensor
title: {zh: 测试, en: Test}
transport: {uplink: raw}
metrics:
  a: {unit: "1", title: {zh: 甲, en: A}}
  word: {type: text, title: {zh: 词, en: Word}}
codec:
`;

function decoder(codec: string) {
  const { profile, problems } = loadText(HEAD + codec.replace(/^(?=.)/gm, "  "), "test");
  if (profile === null) throw new Error(problems.map((p) => `${p.path}: ${p.message}`).join("\n"));
  const decode = (input: { hex?: string; text?: string; port?: number }): unknown => {
    const decoded = decodeVector(profile.compiled, input);
    if (decoded.kind === "rejection") return decoded.rejection.reason;
    if (decoded.kind !== "readings") return decoded.kind;
    const values = decoded.readings.map((r) => [r.metric, r.value]);
    return { ...(decoded.ts === 0 ? {} : { ts: decoded.ts }), ...(Object.fromEntries(values) as object) };
  };
  return { decode, compiled: profile.compiled };
}

const problems = (codec: string) =>
  loadText(HEAD + codec.replace(/^(?=.)/gm, "  "), "test")
    .problems.map((p) => `${p.path}: ${p.message}`)
    .join("\n");

const LINE = `text:
  start: "$WL,"
  check: nmea
  split: ","
  columns: 4
  fields:
    - {n: word, path: "0"}
    - {n: water_level, path: "1", unit: cm, invalid: "9999"}
    - {n: battery, path: "2", unit: V}
    - {n: door_open, path: "3", map: {O: true, C: false}}`;
const PAIRS = `text:
  split: [";", " "]
  pair: "="
  charset: gbk
  fields:
    - {n: temperature, path: T}
    - {n: word, path: S}
    - {n: distance, path: D, unit: mm}
  time: {path: at, unit: iso}`;
const CBOR = `cbor:
  fields:
    - {n: temperature, path: t}
    - {n: battery, path: "3", unit: mV}
    - {n: water_level, path: "list[1].level", unit: cm}
    - {n: word, path: id}
  time: {path: "-1", unit: s}`;

describe("text", () => {
  const sum = (body: string) =>
    [...body]
      .reduce((x, c) => x ^ c.charCodeAt(0), 0)
      .toString(16)
      .padStart(2, "0");
  const line = (body: string) => ({ text: `$${body}*${sum(body)}\r\n` });
  const { decode } = decoder(LINE);

  it("reads columns", () => {
    expect(decode(line("WL,S1,123.5,12.6V,O"))).toEqual({
      word: "S1",
      water_level: 1.235,
      battery: 12.6,
      door_open: true,
    });
    expect(decode(line("WL,S1,,3.6 V,C"))).toMatchObject({ water_level: null, battery: 3.6, door_open: false });
    expect(decode(line("WL,S1,9999,3.6,X"))).toMatchObject({ water_level: null, door_open: null });
  });

  it.each([
    ["no checksum", { text: "$WL,S1,1,2,O" }, "frame_check"],
    ["a wrong checksum", { text: "$WL,S1,1,2,O*00" }, "frame_check"],
    ["another sentence", line("XX,S1,1,2,O"), "frame_marker"],
    ["a column less", line("WL,S1,1,2"), "frame_short"],
    ["a column more", line("WL,S1,1,2,O,5"), "frame_trailing"],
    ["a word for a number", line("WL,S1,deep,2,O"), "value_invalid"],
    ["a time for a number", line("WL,S1,12:30,2,O"), "value_invalid"],
    ["hex for a number", line("WL,S1,0x10,2,O"), "value_invalid"],
    ["no UTF-8", { hex: "ff fe" }, "value_invalid"],
    ["nothing", { hex: "" }, "frame_short"],
  ])("refuses %s", (_name, input, reason) => {
    expect(decode(input)).toBe(reason);
  });

  it("reads pairs, in GBK, with a time", () => {
    const pairs = decoder(PAIRS).decode;
    expect(pairs({ text: "T=-1.5;S=ok D=1700mm;at=2025-11-22T02:00:00Z;junk;=x" })).toEqual({
      ts: 1_763_776_800_000,
      temperature: -1.5,
      word: "ok",
      distance: 1.7,
    });
    expect(pairs({ hex: `${Buffer.from("S=").toString("hex")} d5fd b3a3` })).toEqual({ word: "正常" });
    expect(pairs({ text: "__proto__=1;constructor=2" })).toBe("value_invalid");
  });

  it("reports what cannot work", () => {
    expect(problems('text: {split: "=", pair: "=", fields: [{n: a, path: "0"}]}')).toContain("codec.text.pair");
    expect(problems('text: {split: ",", columns: [3, 2], fields: [{n: a, path: "0"}]}')).toContain("[least, most]");
    expect(problems('text: {split: ",", fields: [{n: nope, path: "0"}]}')).toContain("codec.text.fields[0].n");
  });
});

describe("cbor", () => {
  const { decode } = decoder(CBOR);

  it("reads a map", () => {
    // {"t": 21.5, 3: 3300, "list": [0, {"level": -120}], "id": "x", -1: 1763776800}
    const hex = "a5 6174 f94d60 03 190ce4 646c697374 82 00 a1 656c6576656c 3877 626964 6178 20 1a69211a20".replaceAll(
      " ",
      "",
    );
    expect(decode({ hex })).toEqual({
      ts: 1_763_777_056_000,
      temperature: 21.5,
      battery: 3.3,
      water_level: -1.2,
      word: "x",
    });
  });

  it.each([
    ["cut off", "a16174", "frame_short"],
    ["no map", "01", "value_invalid"],
    ["a list", "8101", "value_invalid"],
    ["bytes behind", "a1617401ff", "frame_trailing"],
    ["a huge length", "a161745bffffffffffffffff", "frame_short"],
    ["a huge map", "bbffffffffffffffff", "frame_short"],
    ["a reserved length", "1c", "value_invalid"],
    ["a break alone", "ff", "value_invalid"],
    ["too deep", "81".repeat(40), "value_invalid"],
    ["nothing", "", "frame_short"],
  ])("refuses %s", (_name, hex, reason) => {
    expect(decode({ hex })).toBe(reason);
  });

  // RFC 8949, appendix A
  it.each([
    ["1bffffffffffffffff", 18_446_744_073_709_552_000],
    ["3903e7", -1000],
    ["f90000", 0],
    ["f97bff", 65_504],
    ["f90001", 5.960464477539063e-8],
    ["fb3ff199999999999a", 1.1],
    ["f97c00", null],
    ["f4", false],
    ["c11a514b67b0", 1_363_896_240],
    ["4401020304", "01020304"],
    ["62c3bc", "ü"],
    ["7f657374726561646d696e67ff", "streaming"],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["bf6161019f02ffff", CborFault],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ])("%s", (hex, value) => {
    const found = decodeCbor(Buffer.from(hex, "hex"));
    if (value === CborFault) expect(found).toBeInstanceOf(CborFault);
    else expect(structuredClone(found)).toEqual(value);
  });
});

describe("cayenne_lpp", () => {
  const { decode } = decoder("preset: cayenne_lpp");

  it("gives the types their meaning", () => {
    expect(decode({ hex: "03 67 0110 05 67 00ff" })).toEqual({ temperature: 27.2 });
    expect(decode({ hex: "01 88 06765f f2960a 0003e8" })).toEqual({
      latitude: 42.3519,
      longitude: -87.9094,
      altitude: 10,
    });
    expect(decode({ hex: "01 68 81 02 73 2710 03 66 01" })).toEqual({
      humidity: 64.5,
      air_pressure: 1000,
      motion: true,
    });
    expect(decode({ hex: "01 67 ffd7" })).toEqual({ temperature: -4.1 });
  });

  it("maps channels as the profile says", () => {
    const own = decoder(`preset:
  name: cayenne_lpp
  ports: [2]
  map: [{n: air_temperature, path: temperature_5}, {n: battery, path: analog_in_1}, {n: tilt_x, path: gyrometer_2.x}]`).decode;
    expect(own({ hex: "03 67 0110 05 67 00ff 01 02 014a", port: 2 })).toEqual({ air_temperature: 25.5, battery: 3.3 });
    expect(own({ hex: "05 67 00ff", port: 3 })).toBe("frame_selector");
  });

  it.each([
    ["an unknown type", "01 ff 00", "frame_selector"],
    ["a cut value", "01 67 01", "frame_short"],
    ["a cut item", "01 67 0110 02", "frame_short"],
    ["nothing known", "01 00 01", "value_invalid"],
    ["nothing", "", "frame_short"],
  ])("refuses %s", (_name, hex, reason) => {
    expect(decode({ hex })).toBe(reason);
  });
});

describe("any bytes", () => {
  it.each([LINE, PAIRS, CBOR, "preset: cayenne_lpp"])("end in readings or a known reason: %#", (codec) => {
    const { compiled } = decoder(codec);
    const out = new RecordBuffer();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (b) => {
        const rejection = compiled.decodeFrame(b, 0, out);
        if (rejection !== null) expect(Object.keys(REJECTION_REASONS)).toContain(rejection.reason);
        else for (let i = 0; i < out.n; i++) expect(Math.abs(out.num[i])).not.toBe(Infinity);
      }),
      { numRuns: 300 },
    );
  });
});

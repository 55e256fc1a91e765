import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "acorn";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importProfiles } from "../cli/profile-import.ts";
import { loadFile } from "../load.ts";
import { decodeVector, testProfile } from "../vector.ts";
import { formulaOf } from "./script-formula.ts";

// A script that keeps its layout in a table, written for these tests.

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "profile-presence-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const script = (battery = "x[0] / 1000", extra = "") => `
var codec = {
  PROTOCOL_VERSION: 2,
  PARAMETERS: {kd: 1.5},
  SENSORS: [
    {length: 4, values: [
      {name: 'water_depth', displayName: 'Depth', convert: function (x) { return (x[0] - 32768) / 1000; }, unit: 'm'},
      {name: 'water_temperature', displayName: 'T', convert: function (x) { return this.PARAMETERS.kd * (x[1] - 32768) / 10; }, unit: '°C'},
      {name: 'turbidity', displayName: 'Turbidity', convert: function (x) { return x[2] + x[3] * 65536 > 100000 ? 0 : Math.pow(x[2] / 1000, 2); }, unit: 'NTU'},
      {name: 'spare', displayName: 'unused'}
    ]},
    {length: 1, values: [{name: 'battery_voltage', displayName: 'Battery', convert: function (x) { return ${battery}; }, unit: 'V'}]}
  ],
  read: function (b, i) { return b[i] << 8 | b[i + 1]; },
  decode: function (b) {
    if (b[0] !== this.PROTOCOL_VERSION) throw new Error('version ' + b[0]);
    var out = {device_id: this.read(b, 1)}, flags = this.read(b, 3), at = 5;
    for (var i = 0; i < this.SENSORS.length; i++, flags >>= 1) {
      if (!(flags & 1)) continue;
      var sensor = this.SENSORS[i], x = [];
      for (var k = 0; k < sensor.length; k++, at += 2) x.push(this.read(b, at));
      for (var k = 0; k < sensor.values.length; k++) {
        var v = sensor.values[k];
        if ('convert' in v) out[v.name] = {displayName: v.displayName, value: v.convert.call(this, x), unit: v.unit};
      }
    }
    ${extra}
    return out;
  }
};
function decodeUplink(i) { return {data: codec.decode(i.bytes)}; }`;

const BYTES = [2, 0, 42, 0, 3, 0x83, 0xe8, 0x80, 100, 3, 232, 0, 0, 0x0b, 0xb8];

async function imported(text: string) {
  mkdirSync(join(dir, "acme"), { recursive: true });
  writeFileSync(join(dir, "acme/sonde.js"), text);
  const value = (x: number, unit: string) => ({ value: x, unit });
  const data = {
    ...{ device_id: 42, water_depth: value(1, "m"), water_temperature: value(15, "°C"), turbidity: value(1, "NTU") },
    battery_voltage: value(3, "V"),
  };
  const battery = { device_id: 42, battery_voltage: value(3, "V") };
  const examples = [
    { input: { fPort: 1, bytes: BYTES }, output: { data } },
    { input: { fPort: 1, bytes: [2, 0, 42, 0, 2, 0x0b, 0xb8] }, output: { data: battery } },
  ];
  writeFileSync(
    join(dir, "acme/sonde-codec.yaml"),
    JSON.stringify({ uplinkDecoder: { fileName: "sonde.js", examples } }),
  );
  const [result] = await importProfiles("ttn", [join(dir, "acme/sonde-codec.yaml")], join(dir, "out"));
  const { profile } = result.file === null ? { profile: null } : loadFile(result.file);
  if (profile === null) throw new Error(result.error ?? "nothing imported");
  return { result, profile };
}

describe("a script with a table of groups", () => {
  // some ten thousand frames through the sandbox: seconds of work, whatever else the machine does
  it("becomes a bitmap, with its formulas and constants", { timeout: 240_000 }, async () => {
    const { result, profile } = await imported(script());
    expect(result).toMatchObject({ technique: "bitmap", vectors: 2, passed: 2, error: null });
    expect(profile.source.codec?.bitmap?.groups).toMatchObject({
      0: {
        size: 8,
        fields: expect.arrayContaining([{ n: "water_depth", at: 0, t: "u16", bias: 32768, scale: 0.001 }]) as unknown,
      },
      1: { size: 2, fields: [{ n: "battery", at: 0, t: "u16", scale: 0.001 }] },
    });
    expect(testProfile(profile).failures).toEqual([]);
    expect(result.notes.join()).toMatch(/compared on \d{4,} frames/);
    // a group that the table does not have is refused, not stepped over
    const unknown = decodeVector(profile.compiled, { hex: "02002a00060bb8" });
    expect(unknown).toMatchObject({ kind: "rejection", rejection: { reason: "frame_selector" } });
  });

  it.each([
    ["a conversion that is no formula", script("parseInt(String(x[0])) / 1000")],
    ["what the table does not say", script("x[0] / 1000", "if (b[1] > 200) out.battery_voltage.value = 0;")],
  ])("stays a script: %s", async (_name, text) => {
    const { result } = await imported(text);
    expect(result).toMatchObject({ technique: "script", vectors: 2, passed: 2 });
  });
});

describe("formulas of scripts", () => {
  const formula = (body: string) => {
    const [statement] = parse(`(function (x) { return ${body} })`, { ecmaVersion: "latest" }).body;
    if (statement.type !== "ExpressionStatement") throw new Error("not a function");
    return formulaOf(statement.expression, new Map([["k", -2]]), (word) => `_w${word}`)?.text ?? null;
  };

  it.each([
    ["x[0]", "_w0"],
    ["x[0] + x[1] * 65536", "_w0 + (_w1 * 65536)"],
    ["-x[0] / 10", "(-_w0) / 10"],
    ["Math.pow(x[0], 2)", "_w0 ** 2"],
    ["Math.log(x[0] >> 4)", "ln(floor(_w0 / 16))"],
    ["x[0] & 255", "bits(_w0, 0, 7)"],
    ["x[0] === 0 ? 1 : this.PARAMETERS.k", "(_w0 == 0) ? 1 : ((-2))"],
  ])("%s", (body, text) => expect(formula(body)).toBe(text));

  it.each([
    "x",
    "5",
    "x.length",
    "x[0] ^ 1",
    "y[0]",
    "x[i]",
    "Math.random() * x[0]",
    "this.other.k * x[0]",
    "`${x[0]}`",
  ])("%s is none", (body) => expect(formula(body)).toBeNull());
});

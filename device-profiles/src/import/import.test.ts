import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireOrSkip, SHARED_DATA } from "../../../test/support/require.ts";
import { type Format, importProfiles, importTable } from "../cli/profile-import.ts";
import { loadFile } from "../load.ts";
import { decodeVector, testProfile } from "../vector.ts";

// Files in the shapes that the four sources use, written for these tests.

const WHY = requireOrSkip("shared device data", { path: SHARED_DATA });

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "profile-import-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
}
const run = (format: Format, files: string[], keep = false) =>
  importProfiles(
    format,
    files.map((file) => join(dir, file)),
    join(dir, "out"),
    { keep },
  );

const PROBE = `
var BAT_FACTOR = 1000;
function u16(b, i) { return (b[i] << 8) | b[i + 1]; }
function decodeUplink(input) {
  switch (input.fPort) {
    case 2:
      return { data: {
        BatV: u16(input.bytes, 0) / BAT_FACTOR,
        TempC_SHT: (u16(input.bytes, 2) << 16 >> 16) / 100,
        Door_open: input.bytes[4] & 1 ? "OPEN" : "CLOSE",
        distance: u16(input.bytes, 5) + " mm",
        Work_mode_code: input.bytes[4] >> 1,
      }, warnings: [] };
    default:
      return { errors: ["unknown FPort"] };
  }
}`;
const PROBE_YAML = `
uplinkDecoder:
  fileName: probe.js
  examples:
    - description: closed
      input: {fPort: 2, bytes: [12, 228, 0xFF, 0x38, 4, 6, 164]}
      output: {data: {BatV: 3.3, TempC_SHT: -2, Door_open: CLOSE, distance: 1700 mm, Work_mode_code: 2}}
    - description: open
      input: {fPort: 2, bytes: [12, 228, 8, 252, 5, 0, 100]}
      output: {data: {BatV: 3.3, TempC_SHT: 23, Door_open: OPEN, distance: 100 mm, Work_mode_code: 2}}
    - description: other port
      input: {fPort: 9, bytes: [1]}
      output: {errors: ["unknown FPort"]}
downlinkEncoder: {fileName: probe.js}
`;

describe("ttn", () => {
  it("wraps the script, maps its values and carries the examples over", async () => {
    put({
      "acme/probe-codec.yaml": PROBE_YAML,
      "acme/probe.js": PROBE,
      "acme/probe.yaml": "name: Acme Door Probe\\ndescription: A door probe\\n".replaceAll("\\n", "\n"),
    });
    const [result] = await run("ttn", ["acme/probe-codec.yaml"]);
    expect(result).toMatchObject({ device: "acme/probe", technique: "fixed", vectors: 3, passed: 3, error: null });
    expect(result.unmapped).toEqual(["Work_mode_code"]);
    const { profile, problems } = loadFile(join(dir, "out/acme/probe.yaml"));
    expect(problems).toEqual([]);
    expect(profile?.source.title.en).toBe("Acme Door Probe");
    expect(profile?.source.vectors?.[0]).toMatchObject({
      port: 2,
      out: { battery: 3.3, air_temperature: -2, door_open: false, distance: 1.7 },
    });
    expect(testProfile(profile!).failures).toEqual([]);
    // a frame cut short is refused although the vendor's code would read 0
    expect(decodeVector(profile!.compiled, { hex: "0ce4ff3804", port: 2 })).toMatchObject({
      kind: "rejection",
      rejection: { reason: "frame_short" },
    });
  });

  it("does not overwrite, and says where a script differs from what is published", async () => {
    put({ "acme/probe-codec.yaml": PROBE_YAML.replace("TempC_SHT: -2", "TempC_SHT: 653.36"), "acme/probe.js": PROBE });
    const [first] = await run("ttn", ["acme/probe-codec.yaml"]);
    expect(first).toMatchObject({ vectors: 3, passed: 2 });
    expect(first.notes.join()).toContain("air_temperature is -2 Cel, expected 653.36");
    const [same] = await run("ttn", ["acme/probe-codec.yaml"]);
    expect(same).toEqual(first);
    writeFileSync(first.file!, "changed");
    const [again] = await run("ttn", ["acme/probe-codec.yaml"]);
    expect(again.error).toContain("exists already");
  });

  it("allows missing bytes where a published example needs it, and says so", async () => {
    put({
      "acme/old.js": "function Decoder(bytes, port) { return {battery: ((bytes[0] << 8) | bytes[1]) / 100}; }",
      "acme/old-codec.yaml":
        "uplinkDecoder: {fileName: old.js, examples: [{input: {fPort: 1, bytes: [1]}, output: {data: {battery: 2.56}}}]}",
    });
    const [result] = await run("ttn", ["acme/old-codec.yaml"]);
    expect(result).toMatchObject({ vectors: 1, passed: 1 });
    expect(readFileSync(join(dir, "out/acme/old.yaml"), "utf8")).toContain("short: allow");
  });

  it("takes the preset where the script is Cayenne LPP", async () => {
    put({
      "acme/lpp.js":
        "function Decoder(b) { return {t: {3: (b[2] << 8 | b[3]) / 10}, h: b.length > 4 ? b[6] / 2 : undefined} }",
      "acme/lpp-codec.yaml": `uplinkDecoder:
  fileName: lpp.js
  examples:
    - {input: {fPort: 1, bytes: [3, 103, 1, 16, 4, 104, 129]}, output: {data: {t: {3: 27.2}, h: 64.5}}}
    - {input: {fPort: 1, bytes: [3, 103, 0, 10]}, output: {data: {t: {3: 1}}}}
`,
    });
    const [result] = await run("ttn", ["acme/lpp-codec.yaml"]);
    expect(result).toMatchObject({ technique: "cayenne_lpp", vectors: 2, passed: 2, error: null });
    const { profile } = loadFile(join(dir, "out/acme/lpp.yaml"));
    expect(profile?.source.codec).toEqual({ preset: "cayenne_lpp" });
    expect(profile?.source.vectors?.[0].out).toEqual({ temperature: 27.2, humidity: 64.5 });
  });

  it("names what cannot be imported and goes on", async () => {
    put({
      "a/x-codec.yaml": "uplinkDecoder: {fileName: gone.js}",
      "a/y-codec.yaml": "nothing: here",
      "a/z.js": "function Decoder( {",
      "a/loop-codec.yaml":
        "uplinkDecoder: {fileName: loop.js, examples: [{input: {bytes: [1]}, output: {data: {battery: 3}}}]}",
      "a/loop.js": "function Decoder() { [].indexOf.call({length: 2 ** 53}, 1) }",
      "acme/probe-codec.yaml": PROBE_YAML,
      "acme/probe.js": PROBE,
    });
    const results = await run("ttn", [
      "a/x-codec.yaml",
      "a/y-codec.yaml",
      "a/z.js",
      "a/loop-codec.yaml",
      "acme/probe-codec.yaml",
      "no",
    ]);
    expect(results.map((r) => r.error === null)).toEqual([false, false, false, true, true, false]);
    expect(results[3]).toMatchObject({ vectors: 1, passed: 0 });
    expect(results[4]).toMatchObject({ vectors: 3, passed: 3 });
    expect(importTable(results)[5]).toMatch(/^acme\/probe +fixed +4 +1 +3\/3/);
  });
});

describe("chirpstack", () => {
  const SCRIPT = `
    function Decode(fPort, bytes, variables) {
      var decoded = {};
      for (var i = 0; i < bytes.length;) {
        var type = bytes[i++];
        if (type === 1) { decoded.temperature = { displayName: "Temperature", value: bytes[i++] / 2, unit: "°C" }; }
        else if (type === 2) { decoded.water_leak = bytes[i++] === 1 ? "leak" : "normal"; }
        else break;
      }
      return decoded;
    }
    if (typeof module !== "undefined") module.exports = { Decode: Decode };`;

  it("finds the tests beside the script, in JavaScript's spelling too", async () => {
    put({
      "vendors/acme/codecs/leak.js": SCRIPT,
      "vendors/acme/codecs/test_decode_leak.json": `[
        // two items
        {"name": "both", "input": {"fPort": 5, "bytes": [0x01, 0x2b, 0x02, 0x01]},
         "expected": {"data": {"temperature": {"displayName": "Temperature", "value": 21.5, "unit": "°C"}, "water_leak": "leak"}}},
        {"name": "dry", "input": {"fPort": 5, "bytes": "0200"}, "expected": {"data": {"water_leak": "normal"}}},
      ]`,
    });
    const [result] = await run("chirpstack", ["vendors/acme/codecs/leak.js"]);
    expect(result).toMatchObject({ device: "acme/leak", vectors: 2, passed: 2, unmapped: [], error: null });
    const { profile } = loadFile(join(dir, "out/acme/leak.yaml"));
    expect(decodeVector(profile!.compiled, { hex: "012b0201" })).toMatchObject({
      readings: [
        { metric: "temperature", value: 21.5 },
        { metric: "leak", value: true },
      ],
    });
  });

  it("takes a device file with examples", async () => {
    const device = {
      device: "Leak 1",
      vendor: "Acme",
      codec: { path: "vendors/acme/codecs/leak.js" },
      examples: [
        {
          name: "t",
          input: { fPort: 1, bytes: [1, 40] },
          expected: { data: { temperature: { value: 20, unit: "°C" } } },
        },
      ],
    };
    put({ "acme__leak.json": JSON.stringify(device), "leak.js": SCRIPT });
    const [result] = await run("chirpstack", ["acme__leak.json"]);
    expect(result).toMatchObject({ device: "acme/leak", vectors: 1, passed: 1, error: null });
  });
});

describe("edgex", () => {
  it("maps readable resources and keeps the rest under its own names", async () => {
    put({
      "pump.yaml": `
name: Pump-Station
manufacturer: Acme Corp.
model: PS-1
deviceResources:
  - {name: WaterLevel, properties: {valueType: Float32, readWrite: R, units: cm, minimum: "0", maximum: "500"}}
  - {name: BatteryVoltage, properties: {valueType: UInt16, readWrite: RW, units: mV}}
  - {name: DoorOpen, properties: {valueType: Bool, readWrite: R}}
  - {name: Xrotation, properties: {valueType: Int32, readWrite: RW, units: rpm}}
  - {name: Image, properties: {valueType: Binary, readWrite: R}}
  - {name: Reset, properties: {valueType: Bool, readWrite: W}}
`,
      "old.yaml": `
name: Old
deviceResources:
  - {name: Temp, properties: {value: {type: Float32, scale: "0.1"}, units: {type: String, defaultValue: celsius}}}
`,
    });
    const [pump, old] = await run("edgex", ["pump.yaml", "old.yaml"]);
    expect(pump).toMatchObject({
      device: "acme-corp/ps-1",
      technique: "json",
      mapped: 4,
      unmapped: ["Image", "Reset"],
      error: null,
    });
    const { profile } = loadFile(pump.file!);
    const decoded = decodeVector(profile!.compiled, {
      json: { WaterLevel: 123, BatteryVoltage: 3300, DoorOpen: true, Xrotation: 7 },
    });
    expect(decoded).toMatchObject({
      readings: [
        { value: 1.23 },
        { metric: "battery", value: 3.3 },
        { value: true },
        { metric: "xrotation", value: 7 },
      ],
    });
    const scaled = loadFile(old.file!).profile!.compiled;
    expect(decodeVector(scaled, { json: { Temp: 215 } })).toMatchObject({
      readings: [{ metric: "temperature", value: 21.5 }],
    });
  });

  it.skipIf(WHY !== "")(`imports the published sample ${WHY}`, async () => {
    const [result] = await importProfiles(
      "edgex",
      [join(SHARED_DATA, "codecs/edgex/Simple-Driver.yaml")],
      join(dir, "out"),
    );
    expect(result).toMatchObject({ device: "simple-corp/sp-01", mapped: 4, error: null });
    expect(result.unmapped).toEqual(["Image", "StringArray", "Uint8Array", "Counter"]);
  });
});

describe("zigbee2mqtt", () => {
  const LEAK = {
    model: "SJCGQ11LM",
    vendor: "Acme",
    description: "Water leak sensor",
    exposes: [
      { type: "binary", name: "water_leak", property: "water_leak", access: 1, value_on: true, value_off: false },
      { type: "binary", name: "contact", property: "contact", access: 1, value_on: false, value_off: true },
      { type: "numeric", name: "battery", property: "battery", unit: "%", access: 1, value_min: 0, value_max: 100 },
      { type: "numeric", name: "voltage", property: "voltage", unit: "mV", access: 1 },
      {
        type: "numeric",
        name: "linkquality",
        property: "linkquality",
        unit: "lqi",
        access: 1,
        value_min: 0,
        value_max: 255,
      },
      { type: "enum", name: "power_outage_memory", property: "power_outage_memory", access: 7, values: ["on", "off"] },
      {
        type: "switch",
        features: [{ type: "binary", name: "state", property: "state", access: 7, value_on: "ON", value_off: "OFF" }],
      },
      { type: "numeric", name: "set_only", property: "set_only", access: 2 },
    ],
  };

  it.each([
    ["a definition", LEAK],
    [
      "bridge/devices",
      [
        { ieee_address: "0x1", friendly_name: "coordinator", definition: null },
        { friendly_name: "x", definition: LEAK },
      ],
    ],
  ])("%s", async (_name, value) => {
    put({ "z.json": JSON.stringify(value) });
    const [result] = await run("zigbee2mqtt", ["z.json"]);
    expect(result).toMatchObject({ device: "acme/sjcgq11lm", technique: "json", error: null });
    const { profile } = loadFile(result.file!);
    const record = { water_leak: true, contact: false, battery: 90, voltage: 3000, linkquality: 88, state: "ON" };
    const decoded = decodeVector(profile!.compiled, { json: record });
    if (decoded.kind !== "readings") throw new Error(JSON.stringify(decoded));
    expect(Object.fromEntries(decoded.readings.map((r) => [r.metric, r.value]))).toMatchObject({
      leak: true,
      door_open: true,
      battery_percent: 90,
      battery: 3,
      linkquality: 88,
    });
  });
});

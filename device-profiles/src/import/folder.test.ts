import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { importProfiles, REPORT_FILE } from "../cli/profile-import.ts";
import { loadProfiles } from "../load.ts";

// Folders in the layouts of the public repositories, with scripts written for these tests.

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "import-folder-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, "in", name)), { recursive: true });
    writeFileSync(join(dir, "in", name), content);
  }
}

const CHANNELS = `function decodeUplink(input) { return {data: read(input.bytes)}; }
function read(bytes) {
  var out = {};
  for (var i = 0; i < bytes.length; ) {
    var channel = bytes[i++], type = bytes[i++];
    if (channel === 0x01 && type === 0x75) { out.battery = bytes[i]; i += 1; }
    else if (channel === 0x03 && type === 0x67) { var v = bytes[i + 1] << 8 | bytes[i]; out.temperature = (v > 0x7fff ? v - 0x10000 : v) / 10; i += 2; }
    else if (channel === 0x05 && type === 0x00) { out.leakage_status = bytes[i] === 0 ? "normal" : "leak"; i += 1; }
    else if (channel === 0xff && type === 0x0b) { out.power = "on"; i += 1; }
    else break;
  }
  return out;
}`;
const DEVICE = (name: string) => `name: ${name}
description: A leak sensor
firmwareVersions:
  - {version: "1", profiles: {EU863-870: {id: p, codec: leak-codec}}}
`;

it("reads a vendor of the device repository: devices share a codec, its loop becomes data, a broken file stops nothing", async () => {
  put({
    "acme/index.yaml": "endDevices: [one, two]",
    "acme/one.yaml": DEVICE("One"),
    "acme/two.yaml": DEVICE("Two"),
    "acme/leak.js": CHANNELS,
    "acme/leak-codec.yaml": `uplinkDecoder:
  fileName: leak.js
  examples:
    - {description: all, input: {fPort: 85, bytes: [1, 0x75, 92, 3, 0x67, 0x34, 1, 5, 0, 0]}, output: {data: {battery: 92, temperature: 30.8, leakage_status: normal}}}
    - {description: leak, input: {fPort: 85, bytes: [5, 0, 1]}, output: {data: {leakage_status: leak}}}
`,
    "acme/broken.js": "function decodeUplink( {",
  });
  const out = join(dir, "out");
  const results = await importProfiles("ttn", [join(dir, "in")], out);
  expect(results.map((r) => [r.device, r.technique, `${r.passed}/${r.vectors}`])).toEqual([
    ["broken.js", "-", "0/0"],
    ["acme/one", "tlv", "2/2"],
    ["acme/two", "tlv", "2/2"],
  ]);
  const { problems, profiles } = loadProfiles([out]);
  expect(problems).toEqual([]);
  expect(profiles.size).toBe(2);
  expect(JSON.parse(readFileSync(join(out, REPORT_FILE), "utf8"))).toMatchObject({ format: "ttn" });
  expect(await importProfiles("ttn", [join(dir, "in")], out)).toEqual(results);
});

it("reads ChirpStack's devices, tests that are programs, and exported device profiles", async () => {
  put({
    "vendors/acme/codecs/tilt.js":
      "function decodeUplink(input) { return { data: { tilt: input.bytes[0] / 2, leak: input.bytes[1] === 1 } } }\nmodule.exports = { decodeUplink };",
    "vendors/acme/codecs/tests/tilt.test.js": `const assert = require("node:assert"); const { decodeUplink } = require("../tilt.js");
describe("tilt", () => { it("leans", () => { const r = decodeUplink({fPort: 1, bytes: Buffer.from("2a01", "hex")}); assert.deepStrictEqual(r.data, {tilt: 21, leak: true}); });
  test("stands", () => expect(decodeUplink({fPort: 1, bytes: [0, 0]})).toEqual({data: {tilt: 0, leak: false}})); });`,
    "vendors/acme/devices/tilt-1.toml": `[device]\nname = "Tilt One" # the first\n[[device.firmware]]\nversion = "1"\ncodec = "tilt.js"\n`,
    "template.json": JSON.stringify({
      deviceProfile: {
        name: "Level",
        vendor: "Lev",
        payloadCodecScript: "function Decode(p, b) { return {battery_voltage: b[0] / 10} }",
      },
    }),
  });
  const results = await importProfiles("chirpstack", [join(dir, "in")], join(dir, "out"));
  expect(results.map((r) => [r.device, r.technique, `${r.passed}/${r.vectors}`, r.error])).toEqual([
    ["lev/level", "fixed", "1/1", null],
    ["acme/tilt-1", "fixed", "2/2", null],
  ]);
});

it("reads converters of Zigbee2MQTT by their exposes", async () => {
  put({
    "acme.js": `const fz = require("zigbee-herdsman-converters/converters/fromZigbee"); const exposes = require("zigbee-herdsman-converters/lib/exposes"); const e = exposes.presets;
module.exports = [{zigbeeModel: ["l"], model: "LK1", vendor: "Acme", description: "Leak", fromZigbee: [fz.battery], toZigbee: [], exposes: [e.water_leak(), e.battery(), e.temperature()]}];`,
  });
  const [result] = await importProfiles("zigbee2mqtt", [join(dir, "in")], join(dir, "out"));
  expect(result).toMatchObject({ device: "acme/lk1", technique: "json", mapped: 3, error: null });
});

it(
  "makes data of a loop over one-byte ids with values of two, and of rounded values",
  { timeout: 240_000 },
  async () => {
    put({
      "acme/loop.js": `function decode(data) { var obj = {}; for (i = 0; i < data.length; i++) { switch (data[i]) {
  case 0x01: var t = (data[i + 1] << 8) | data[i + 2]; obj.temperature = (t & 0x8000 ? t - 0x10000 : t) / 10; i += 2; break;
  case 0x02: obj.humidity = data[i + 1]; i += 1; break;
  case 0x12: obj.waterleak = data[i + 1]; i += 1; break;
  default: i = data.length; break; } } return obj; }
function decodeUplink(input) { return {data: decode(input.bytes)} }`,
      "acme/loop-codec.yaml": `uplinkDecoder:
  fileName: loop.js
  examples: [{description: usual, input: {fPort: 5, bytes: [1, 0, 226, 2, 41]}, output: {data: {temperature: 22.6, humidity: 41}}}]
`,
      "acme/round.js":
        "function decodeUplink(i) { var b = i.bytes; return {data: {temperature: Math.round(((b[0] << 24 >> 16 | b[1]) / 100) * 10) / 10, humidity: parseFloat((b[2] / 2).toFixed(1))}} }",
      "acme/round-codec.yaml": `uplinkDecoder:
  fileName: round.js
  examples: [{description: usual, input: {fPort: 5, bytes: [9, 41, 80]}, output: {data: {temperature: 23.5, humidity: 40}}}]
`,
    });
    const results = await importProfiles("ttn", [join(dir, "in")], join(dir, "out"));
    expect(results.map((r) => [r.device, r.technique, `${r.passed}/${r.vectors}`, r.error])).toEqual([
      ["acme/loop", "tlv", "1/1", null],
      ["acme/round", "fixed", "1/1", null],
    ]);
  },
);

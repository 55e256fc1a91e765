import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importProfiles } from "../cli/profile-import.ts";
import { loadFile } from "../load.ts";
import { decodeVector } from "../vector.ts";
import { normalizedValues } from "./normalized.ts";

// A codec in the shape of the device repository, written for these tests.

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "profile-normalized-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const SCRIPT = `function decodeUplink(i) {
  var b = i.bytes, t = b[0] << 8 | b[1];
  return {data: {x1: t === 0x7fff ? "error" : (t << 16 >> 16) / 10, x2: b[2] * 20, reed: b[3] ? "N/S" : "-/-", humidity: b[4] === 255 ? "N/A" : b[4] / 2}};
}
function normalizeUplink(i) {
  var d = i.data;
  return {data: [{air: {temperature: d.x1, relativeHumidity: d.humidity}, battery: d.x2 / 1000, action: {contactState: d.reed === "N/S" ? "open" : "closed"}}]};
}`;

const example = (bytes: number[], data: object, normalized: object | null) => ({
  input: { fPort: 1, bytes },
  output: { data },
  ...(normalized === null ? {} : { normalizedOutput: { data: [normalized] } }),
});
const OPEN = example(
  [0, 215, 165, 1, 90],
  { x1: 21.5, x2: 3300, reed: "N/S", humidity: 45 },
  { air: { temperature: 21.5, relativeHumidity: 45 }, battery: 3.3, action: { contactState: "open" } },
);
const CLOSED = example(
  [255, 236, 150, 0, 100],
  { x1: -2, x2: 3000, reed: "-/-", humidity: 50 },
  { air: { temperature: -2, relativeHumidity: 50 }, battery: 3, action: { contactState: "closed" } },
);
const ABSENT = example([127, 255, 150, 0, 255], { x1: "error", x2: 3000, reed: "-/-", humidity: "N/A" }, null);

async function imported(...examples: object[]) {
  mkdirSync(join(dir, "acme"), { recursive: true });
  writeFileSync(join(dir, "acme/door.js"), SCRIPT);
  // JSON is YAML
  writeFileSync(
    join(dir, "acme/door-codec.yaml"),
    JSON.stringify({ uplinkDecoder: { fileName: "door.js", examples } }),
  );
  const [result] = await importProfiles("ttn", [join(dir, "acme/door-codec.yaml")], join(dir, "out"), { force: true });
  const { profile } = result.file === null ? { profile: null } : loadFile(result.file);
  if (profile === null) throw new Error(result.error ?? "nothing imported");
  return { result, profile };
}

describe("normalizedOutput", () => {
  it("says which metric a value is whose name says nothing, and its unit", async () => {
    const { result, profile } = await imported(OPEN, CLOSED);
    expect(result).toMatchObject({ unmapped: [], vectors: 2, passed: 2 });
    expect(profile.source.vectors?.map((v) => v.out)).toEqual([
      { air_temperature: 21.5, humidity: 45, battery: 3.3, door_open: true },
      { air_temperature: -2, humidity: 50, battery: 3, door_open: false },
    ]);
  });

  it("does not name a flag of which one side was seen, nor what two values explain", async () => {
    const { result } = await imported({ ...OPEN, output: { data: { x1: 21.5, x2: 21.5 } } });
    expect(result.notes.join()).toMatch(/normalizedOutput gives .*air_temperature.*, which no single published value/);
    const { profile } = await imported(OPEN);
    expect(profile.compiled.metrics.map((m) => m.name)).not.toContain("door_open");
  });

  it("may have any names", () => {
    const data = { constructor: 1, toString: { length: 2 }, battery: 3 };
    expect([...normalizedValues(data)]).toEqual([["battery", 3]]);
  });

  it("is what the vectors state: a script that says something else does not pass", async () => {
    const wrong = { ...CLOSED, normalizedOutput: { data: [{ air: { relativeHumidity: 55 } }] } };
    const { result } = await imported(OPEN, wrong);
    expect(result.passed).toBeLessThan(result.vectors);
    expect(result.notes.join()).toContain("humidity is 50 %, expected 55");
  });
});

describe("texts in place of a value", () => {
  it("are absent values with the flag, and are reported", async () => {
    const { result, profile } = await imported(OPEN, CLOSED, ABSENT);
    expect(result).toMatchObject({ vectors: 3, passed: 3 });
    expect(profile.source.vectors?.[2].out).toMatchObject({ air_temperature: null, humidity: null, battery: 3 });
    expect(result.notes.join("\n")).toMatch(/x1 -> air_temperature: "error" means that there is no value/);
    expect(result.notes.join("\n")).toMatch(/humidity -> humidity: "N\/A" means that there is no value/);
    const decoded = decodeVector(profile.compiled, { hex: "7fff9600ff", port: 1 });
    expect(decoded).toMatchObject({ kind: "readings" });
    if (decoded.kind === "readings")
      expect(decoded.readings.filter((r) => r.value === null).map((r) => [r.metric, r.quality])).toEqual([
        ["air_temperature", 2],
        ["humidity", 2],
      ]);
  });
});

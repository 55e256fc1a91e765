import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { profileCommand, schemaText } from "./profile.ts";
import { SKELETONS } from "./skeleton.ts";

let out: string[] = [];
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "profile-cli-"));
  out = [];
  const keep = (line: unknown) => void out.push(String(line));
  vi.spyOn(console, "log").mockImplementation(keep);
  vi.spyOn(console, "error").mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

async function run(...argv: string[]): Promise<{ code: number; text: string }> {
  out = [];
  const code = await profileCommand(argv);
  return { code, text: out.join("\n") };
}

describe("gridhub profile", () => {
  it("lints and tests the shipped profiles", async () => {
    expect(await run("lint")).toMatchObject({ code: 0 });
    const { code, text } = await run("test", "--json");
    expect(code).toBe(0);
    expect((JSON.parse(text) as { results: unknown[] }).results.length).toBeGreaterThan(5);
  });

  it("decodes a frame, a record and a sentence", async () => {
    const frame = await run("decode", "--profile", "milesight/em500-swl", "--hex", "0x03 77 87 00", "--port", "85");
    expect(frame).toMatchObject({ code: 0 });
    expect(frame.text).toContain("water_depth  1.35 m");
    const record = await run("decode", "--profile", "generic/flood-gauge-json", "--record", '{"level":2}', "--json");
    expect(JSON.parse(record.text)).toMatchObject({
      readings: [{ metric: "water_level", unit: "m", value: 2, quality: 0 }],
    });
    const sentence = "!AIVDM,1,1,,A,168rO0GP1C8hR1PAU003T2qp0000,0*52";
    expect((await run("decode", "--profile", "generic/ais-receiver", "--text", sentence)).text).toContain("412000001");
    const refused = await run("decode", "--profile", "milesight/em500-swl", "--hex", "0377");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.text).toContain("frame_short");
  });

  it.each(Object.keys(SKELETONS))("writes a %s skeleton that passes, and does not overwrite it", async (technique) => {
    const args = ["new", "acme/probe", "--technique", technique, "--out", dir];
    expect(await run(...args)).toMatchObject({ code: 0 });
    const file = join(dir, "acme/probe.yaml");
    expect(await run("test", file)).toMatchObject({ code: 0 });
    expect((await run("lint", file, "--json")).text).toContain('"problems": []');
    expect(await run(...args)).toMatchObject({ code: 1 });
  });

  it("names file, line, field and expectation, and fails", async () => {
    const file = join(dir, "bad.yaml");
    writeFileSync(file, "profile: v1\nid: a/b@1.0.0\nkind: x\ntitle: {zh: a, en: b}\ntransport: {uplink: row}\n");
    const { code, text } = await run("lint", file);
    expect(code).toBe(1);
    expect(text).toContain(`${file}:5:13: error: transport.uplink: expected one of telemetry, raw, frame, found "row"`);
    expect(await run("test", file)).toMatchObject({ code: 1 });
    expect(await run("decode", "--profile", file, "--hex", "00")).toMatchObject({ code: 1 });
  });

  it("fails on a vector that does not hold", async () => {
    await run("new", "acme/probe", "--out", dir);
    const file = join(dir, "acme/probe.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("temperature: 21.5", "temperature: 22"));
    const { code, text } = await run("test", file);
    expect(code).toBe(1);
    expect(text).toContain("vectors[0]: temperature is 21.5 Cel, expected 22");
  });

  it.each([
    [[], "expected a command"],
    [["frobnicate"], "no command"],
    [["decode", "--hex", "00"], "--profile"],
    [["decode", "--profile", "generic/hydrant-nb"], "exactly one of --hex"],
    [["decode", "--profile", "generic/hydrant-nb", "--hex", "6g"], "pairs of hex digits"],
    [["decode", "--profile", "generic/hydrant-nb", "--hex", "68", "--port", "x"], "0 to 255"],
    [["decode", "--profile", "generic/flood-gauge-json", "--record", "[1]"], "JSON object"],
    [["new"], "MAKER/MODEL"],
    [["new", "../x"], "lower-case"],
    [["new", "a/b", "--technique", "magic"], "--technique"],
    [["lint", "--nonsense"], "--nonsense"],
  ])("explains wrong usage: %j", async (argv, words) => {
    const { code, text } = await run(...argv);
    expect(code).toBe(2);
    expect(text).toContain(words);
  });

  it("fails for an unknown profile or an empty folder", async () => {
    expect(await run("decode", "--profile", "no/such", "--hex", "00")).toMatchObject({ code: 1 });
    expect(await run("lint", dir)).toMatchObject({ code: 1 });
    expect((await run("--help")).code).toBe(0);
  });
});

describe("the exported schema", () => {
  it("is fresh: `gridhub profile schema --write` renews it", () => {
    expect(readFileSync(join(import.meta.dirname, "../../schema/profile.schema.json"), "utf8")).toBe(schemaText());
  });
});

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";
import { parse } from "yaml";
import { detectCommand } from "./detect.ts";

const MODELS = join(import.meta.dirname, "../../../models");

describe("gridhub detect", () => {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-detect-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  let out: MockInstance<typeof process.stdout.write>;
  let err: MockInstance<typeof process.stderr.write>;
  beforeEach(() => {
    out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    err = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  });
  afterEach(() => vi.restoreAllMocks());
  const text = (spy: MockInstance) => spy.mock.calls.map(([s]) => String(s)).join("");

  it("prints a line of JSON a picture, names what it could not read, and goes on", async () => {
    const good = join(dir, "good.jpg");
    const bad = join(dir, "bad.jpg");
    const absent = join(dir, "absent.jpg");
    writeFileSync(
      good,
      await sharp({ create: { width: 200, height: 100, channels: 3, background: "#777" } })
        .jpeg()
        .toBuffer(),
    );
    writeFileSync(bad, "not a picture, but long enough to be looked at");
    expect(await detectCommand(["--model", "general-coco", "--json", bad, absent, good])).toBe(1);
    const lines = text(out).trim().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0])).toEqual({
      image: good,
      model: "general-coco@1.0.0",
      ms: expect.any(Number) as number,
      detections: [],
    });
    expect(text(err)).toContain(`${bad}: image_invalid`);
    expect(text(err)).toContain(absent);
  });

  it("takes a threshold: with 0 it reports boxes inside the picture", async () => {
    const image = join(dir, "noise.png");
    const noise = Buffer.from(Array.from({ length: 300 * 100 * 3 }, (_, i) => (i * 7919) % 253));
    writeFileSync(
      image,
      await sharp(noise, { raw: { width: 300, height: 100, channels: 3 } })
        .png()
        .toBuffer(),
    );
    expect(await detectCommand(["--model", "general-coco", "--json", "--threshold", "0.01", image])).toBe(0);
    const { detections } = JSON.parse(text(out)) as { detections: { box: number[] }[] };
    expect(detections.length).toBeGreaterThan(0);
    for (const { box } of detections) {
      expect(box[0] + box[2]).toBeLessThanOrEqual(300.2);
      expect(box[1] + box[3]).toBeLessThanOrEqual(100.2);
    }
  });

  it("reports down to the card's general threshold as JSON, and to a person what reaches the label's own", async () => {
    const own = join(dir, "models/own");
    cpSync(join(MODELS, "general-coco"), own, { recursive: true });
    const card = join(own, "model.yaml");
    const yaml = readFileSync(card, "utf8");
    const labels = (parse(yaml) as { labels: string[] }).labels;
    const strict = JSON.stringify(Object.fromEntries(labels.map((l) => [l, 0.99])));
    writeFileSync(
      card,
      yaml.replace(/^threshold: .*/m, "threshold: 0.01").replace(/^thresholds: .*/m, `thresholds: ${strict}`),
    );
    const image = join(dir, "noise.png");
    const call = ["--models", join(dir, "models"), "--model", "own"];
    expect(await detectCommand([...call, "--json", image])).toBe(0);
    expect((JSON.parse(text(out)) as { detections: unknown[] }).detections.length).toBeGreaterThan(0);
    out.mockClear();
    expect(await detectCommand([...call, image])).toBe(0);
    expect(text(out)).toContain(", 0 found");
  });

  it("explains itself, lists models, and refuses a wrong call", async () => {
    expect(await detectCommand(["--help"])).toBe(0);
    expect(text(out)).toContain("--threshold");
    expect(await detectCommand(["--list"])).toBe(0);
    expect(text(out)).toContain("general-coco\n");
    for (const argv of [
      [],
      ["--model", "general-coco"],
      ["--model", "../models/general-coco", "x.jpg"],
      ["--colour"],
    ]) {
      expect(await detectCommand(argv)).toBe(2);
    }
    expect(await detectCommand(["--model", "general-coco", "--threshold", "7", "x.jpg"])).toBe(2);
  });
});

import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import type { ModelCard } from "./card.ts";
import { ModelShelf } from "./model-shelf.ts";
import { brightness, putModel } from "./tiny-model.testing.ts";

const dir = mkdtempSync(join(tmpdir(), "gridhub-shelf-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const put = (name: string, version: string, bytes: Uint8Array, change: Partial<ModelCard> = {}): void =>
  putModel(join(dir, "models"), name, version, bytes, change);

const picture = await sharp({
  create: { width: 640, height: 320, channels: 3, background: { r: 153, g: 153, b: 153 } },
})
  .png()
  .toBuffer();

describe("the shelf of models", () => {
  it("runs a site's own network, takes a new version without a restart, refuses a wrong hash, and drains the old", async () => {
    const said: string[] = [];
    const note = (first: unknown, text?: string) => void said.push(text ?? String(first));
    const log = { ...silentLog, info: note, warn: note, error: note } as unknown as typeof silentLog;
    put("own", "1.0.0", brightness([32, 32, 16, 32]));
    const shelf = new ModelShelf({ modelsDir: join(dir, "models"), workers: 1, maxPixels: 1_000_000, log });
    await shelf.start(0);
    const look = await shelf.run(["own", "absent"], picture);
    // 16 x 32 of 64 x 64, back in a picture of 640 x 320
    expect(look).toMatchObject({
      found: [{ name: "own", id: "own@1.0.0", result: { detections: [{ label: "light", box: [240, 80, 160, 160] }] } }],
    });
    expect("found" in look && look.found[0].result.detections[0].score).toBeCloseTo(0.6, 2);

    put("own", "2.0.0", brightness([32, 32, 16, 32]), { sha256: "0".repeat(64) });
    await shelf.refresh();
    expect(shelf.ids).toEqual(["own@1.0.0"]);
    expect(said.join("\n")).toMatch(/sha256/);

    const old = shelf.run(["own"], picture);
    put("own", "2.0.0", brightness([16, 16, 8, 8]), { threshold: 0.5 });
    await shelf.refresh();
    expect(await old).toMatchObject({ found: [{ id: "own@1.0.0" }] });
    expect(await shelf.run(["own"], picture)).toMatchObject({
      found: [{ id: "own@2.0.0", result: { detections: [{ box: [120, 60, 80, 40] }] } }],
    });
    expect([shelf.threshold("own", "light"), shelf.crashes]).toEqual([0.5, 0]);
    await shelf.refresh();
    expect(said.filter((s) => s.includes("exchanged"))).toHaveLength(1);
    await shelf.close();
    expect(await shelf.run(["own"], picture)).toHaveProperty("error");
  });

  it("waits for models without a word at every look, and takes one whose file has another name and comes after its card", async () => {
    const modelsDir = join(dir, "late");
    let warned = 0;
    const log = { ...silentLog, warn: () => void warned++ } as unknown as typeof silentLog;
    const shelf = new ModelShelf({ modelsDir, workers: 1, maxPixels: 1_000_000, log });
    await shelf.start(0);
    await shelf.refresh();
    expect([warned, shelf.enabled]).toEqual([1, false]);
    const bytes = brightness([32, 32, 16, 32]);
    putModel(modelsDir, "own", "1.0.0", bytes, { file: "net.onnx" });
    await shelf.refresh();
    expect(shelf.list()).toMatchObject([{ name: "own", model: null, refused: "own/net.onnx cannot be read" }]);
    writeFileSync(join(modelsDir, "own/net.onnx"), bytes);
    await shelf.refresh();
    expect(shelf.list()).toMatchObject([{ name: "own", model: { id: "own@1.0.0" }, refused: null }]);
    await shelf.close();
  });

  it("refuses what is too large unread, and what the runtime cannot load, each with its reason, and runs the others", async () => {
    const modelsDir = join(dir, "mixed");
    putModel(modelsDir, "good", "1.0.0", brightness([32, 32, 16, 32]));
    putModel(modelsDir, "junk", "1.0.0", Buffer.from("no network at all"));
    putModel(modelsDir, "huge", "1.0.0", Buffer.from("a little"));
    putModel(modelsDir, "changed", "1.0.0", brightness([32, 32, 16, 32]), { sha256: "0".repeat(64) });
    truncateSync(join(modelsDir, "huge/model.onnx"), 3 * 2 ** 30);
    const before = process.memoryUsage().rss;
    const shelf = new ModelShelf({ modelsDir, workers: 1, maxPixels: 1_000_000, log: silentLog });
    await shelf.start(0);
    expect(shelf.ids).toEqual(["good@1.0.0"]);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
    expect(Object.fromEntries(shelf.list().map((m) => [m.name, m.refused]))).toEqual({
      good: null,
      junk: expect.stringMatching(/^junk@1\.0\.0: /) as string,
      huge: "huge/model.onnx has 3221225472 bytes, at most 268435456 are read",
      changed: expect.stringMatching(/^changed\/model\.onnx has sha256 [0-9a-f]{64}, its card says 0{64}$/) as string,
    });
    expect(await shelf.run(["good"], picture)).toMatchObject({ found: [{ id: "good@1.0.0" }] });
    // a version that cannot be loaded does not replace one that runs
    putModel(modelsDir, "good", "2.0.0", Buffer.from("no network either"));
    putModel(modelsDir, "new", "1.0.0", brightness([16, 16, 8, 8]));
    await shelf.refresh();
    expect([...shelf.ids].sort()).toEqual(["good@1.0.0", "new@1.0.0"]);
    await shelf.close();
  });
});

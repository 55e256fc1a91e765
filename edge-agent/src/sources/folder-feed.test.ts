import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CameraSource } from "./camera.ts";
import { FolderFeed } from "./folder-feed.ts";
import { SourceScene } from "./source-scene.ts";

const WAIT = { timeout: 15_000, interval: 20 };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "gridhub-folder-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const settings = { device: "cam", interval_ms: 100, hold_ms: 0, min_gap_ms: 0 };

describe("a folder of pictures", () => {
  it("is gone through by name, once or for ever, leaving out what is no picture", async () => {
    for (const name of ["b.JPG", "a.png", "c.jpeg", "notes.txt"]) await writeFile(join(dir, name), name);
    const names = async (feed: FolderFeed, count: number) => {
      const seen: string[] = [];
      for (let i = 0; i < count; i++) seen.push((await feed.next()).bytes.toString());
      return seen;
    };
    expect(await names(new FolderFeed(dir, true), 4)).toEqual(["a.png", "b.JPG", "c.jpeg", "a.png"]);
    const once = new FolderFeed(dir, false);
    expect(await names(once, 3)).toEqual(["a.png", "b.JPG", "c.jpeg"]);
    await expect(once.next()).rejects.toMatchObject({ code: "no_file" });
  });

  it("that is not there or empty has a code", async () => {
    await expect(new FolderFeed(join(dir, "x"), true).next()).rejects.toMatchObject({ code: "no_file" });
    await expect(new FolderFeed(dir, true).next()).rejects.toMatchObject({ code: "no_file" });
  });

  it("is a camera: its pictures reach the hub and the evidence ring", async () => {
    const noise = { type: "gaussian" as const, mean: 120, sigma: 30 };
    const picture = sharp({ create: { width: 320, height: 180, channels: 3, background: "#888", noise } }).jpeg();
    await writeFile(join(dir, "1.jpg"), await picture.toBuffer());
    const kept: string[] = [];
    const scene = Object.assign(new SourceScene("cam"), { evidence: (device: string) => kept.push(device) });
    const source = new CameraSource({ kind: "folder", path: dir, loop: true, ...settings });
    await source.start(scene);
    try {
      await vi.waitFor(() => expect(scene.frames).toHaveLength(1), WAIT);
      await vi.waitFor(() => expect(kept.length).toBeGreaterThan(2), WAIT);
    } finally {
      await source.stop();
    }
  });
});

describe("patrol samples", () => {
  it("come as often as the camera's class needs, unless a pace is given", () => {
    const pace = (change: object) =>
      new CameraSource({ kind: "folder", path: dir, loop: true, ...settings, ...change }).pace.patrol_ms;
    expect([pace({}), pace({ class: "lookout" }), pace({ class: "waste" })]).toEqual([20_000, 10_000, 60_000]);
    expect(pace({ class: "waste", patrol_ms: 5000 })).toBe(5000);
  });
});

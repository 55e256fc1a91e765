import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { emptyBatch } from "../store/batch.ts";
import { frameMessage } from "./frame.testing.ts";
import { Vision, type VisionOptions } from "./vision.ts";

const MODELS = join(import.meta.dirname, "../../../models");
const NOW = 1_763_776_800_000;

const device = (name: string, attributes: Device["attributes"] = {}) =>
  ({
    id: 1,
    uid: `port/${name}`,
    site: "port",
    name,
    edge: { id: 1, key: "port/edge", site: "port", name: "edge", title: "" },
    attributes,
    lon: null,
    lat: null,
  }) as unknown as Device;

const patrol = (ts = NOW) => ({ ts, w: 640, h: 360 });

const dir = mkdtempSync(join(tmpdir(), "gridhub-vision-"));
const grey = await sharp({ create: { width: 640, height: 360, channels: 3, background: "#777" } })
  .jpeg()
  .toBuffer();
const open: Vision[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((v) => v.close()));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function start(options: Partial<VisionOptions> = {}): Promise<Vision> {
  const vision = new Vision({
    modelsDir: MODELS,
    mediaDir: join(dir, "media"),
    workers: 1,
    durationScale: 1,
    log: silentLog,
    clock: () => NOW,
    ...options,
  });
  open.push(vision);
  await vision.start();
  return vision;
}

describe("vision", () => {
  it("starts without models, says why, and counts what it does not look at", async () => {
    const said: string[] = [];
    const note = (...args: unknown[]) => void said.push(args.map(String).join(" "));
    const log = { info: note, warn: note, error: note } as unknown as VisionOptions["log"];
    const vision = await start({ modelsDir: join(dir, "absent"), log });
    expect(said.join()).toContain("no usable model");
    expect(vision.offer(device("a"), frameMessage(patrol(), grey), NOW)).toBeNull();
    expect(vision.stats()).toMatchObject({ enabled: false, offered: 1, inferred: 0, dropped: { disabled: 1 } });
  });

  it("returns malformed messages as rejections and takes good ones", async () => {
    const vision = await start({ maxPixels: 1_000_000 });
    const huge = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: "#777" } })
      .jpeg()
      .toBuffer();
    const bad: [Buffer, string][] = [
      [Buffer.from([0, 0]), "frame_short"],
      [Buffer.concat([Buffer.from([0, 0, 0, 200]), grey.subarray(0, 50)]), "frame_short"],
      [Buffer.concat([Buffer.from([255, 255, 255, 255]), grey]), "envelope_invalid"],
      [frameMessage("{no json", grey), "json_invalid"],
      [frameMessage("null", grey), "envelope_invalid"],
      [frameMessage({ ...patrol(), v: 2 }, grey), "envelope_version"],
      [frameMessage({ ...patrol(), ts: "now" }, grey), "time_invalid"],
      [frameMessage({ ...patrol(), why: "boredom" }, grey), "envelope_invalid"],
      [frameMessage(patrol(), Buffer.from("this is not a picture at all")), "image_invalid"],
      [frameMessage(patrol(), huge), "image_invalid"],
    ];
    for (const [payload, reason] of bad) expect(vision.offer(device("a"), payload, NOW)?.reason).toBe(reason);
    expect(vision.offer(device("a"), frameMessage(patrol(), grey), NOW)).toBeNull();
    await vi.waitFor(() => expect(vision.stats().inferred).toBe(1));
    expect(vision.stats().dropped.invalid).toBe(bad.length);
  });

  it("finds out about a truncated picture on the detector's thread: a dead letter a minute, and the next frame works", async () => {
    const vision = await start();
    const broken = frameMessage(patrol(), grey.subarray(0, grey.length >> 1));
    let woken = 0;
    vision.onReady = () => woken++;
    for (let i = 1; i <= 2; i++) {
      expect(vision.offer(device("a"), broken, NOW)).toBeNull();
      await vi.waitFor(() => expect(woken).toBe(i));
    }
    vision.offer(device("a"), frameMessage(patrol(), grey), NOW);
    await vi.waitFor(() => expect(woken).toBe(3));
    const batch = emptyBatch(1);
    const found: Finding[] = [];
    vision.collect(batch, found, NOW);
    expect(batch.deadLetters).toHaveLength(1);
    expect(batch.deadLetters[0]).toMatchObject({
      reason: "image_invalid",
      topic: "gridhub/v1/port/edge/d/a/frame",
      payload: broken,
    });
    expect(vision.stats()).toMatchObject({ inferred: 1, dropped: { invalid: 2 } });
    expect(batch.foldState.map((r) => r.key)).toEqual(["port/a"]);
    expect(found).toEqual([]);
  });

  it("bounds its memory under a flood of cameras and accounts for every frame", async () => {
    const vision = await start({ capacity: 5 });
    for (let round = 0; round < 3; round++) {
      for (let c = 0; c < 20; c++) vision.offer(device(`c${c}`), frameMessage(patrol(NOW + round), grey), NOW);
      expect(vision.stats().waiting).toBeLessThanOrEqual(5);
    }
    await vi.waitFor(() => expect(vision.stats().waiting).toBe(0), { timeout: 20_000 });
    await vi.waitFor(
      () => {
        const { offered, inferred, dropped } = vision.stats();
        expect(inferred + Object.values(dropped).reduce((a, b) => a + b, 0)).toBe(offered);
      },
      { timeout: 20_000 },
    );
    expect(vision.stats()).toMatchObject({ offered: 60, dropped: { failed: 0, invalid: 0, stale: 0 } });
    expect(vision.stats().dropped.full).toBeGreaterThan(0);
  });

  it("looks at a camera only for what it is to watch", async () => {
    const vision = await start();
    vision.offer(device("a", { watch: "-stall -fire -smoke -overflow" }), frameMessage(patrol(), grey), NOW);
    expect(vision.stats().dropped.disabled).toBe(1);
    vision.offer(device("b", { watch: "-stall, -fire -smoke -overflow person" }), frameMessage(patrol(), grey), NOW);
    await vi.waitFor(() => expect(vision.stats().inferred).toBe(1));
  });
});

describe("hostile pictures", () => {
  it("are refused with a reason and bounded memory, whether the header gives them away or the detector's thread finds out", async () => {
    const vision = await start();
    // a 100-megapixel header on a small file, twenty times: nothing of it is decoded
    const jpeg = Buffer.from(grey);
    const sof = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(10_000, sof + 5);
    jpeg.writeUInt16BE(10_000, sof + 7);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) {
      const problem = vision.offer(device("bomb"), frameMessage(patrol(NOW + i), jpeg), NOW);
      expect(problem).toMatchObject({
        reason: "image_invalid",
        detail: expect.stringContaining("10000 x 10000") as string,
      });
    }
    // 15 megapixels are below the limit, but the data ends: found out on the thread
    jpeg.writeUInt16BE(3000, sof + 5);
    jpeg.writeUInt16BE(5000, sof + 7);
    let woken = 0;
    vision.onReady = () => woken++;
    expect(vision.offer(device("liar"), frameMessage(patrol(), jpeg.subarray(0, jpeg.length >> 1)), NOW)).toBeNull();
    await vi.waitFor(() => expect(woken).toBe(1), { timeout: 20_000 });
    const batch = emptyBatch(1);
    vision.collect(batch, [], NOW);
    expect(batch.deadLetters).toMatchObject([{ reason: "image_invalid" }]);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
    expect(vision.stats()).toMatchObject({ inferred: 0, crashes: 0, dropped: { invalid: 21 } });
  });
});

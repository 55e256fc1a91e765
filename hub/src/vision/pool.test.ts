import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { loadModel } from "./card.ts";
import { DetectorPool } from "./pool.ts";

const MODEL = loadModel(join(import.meta.dirname, "../../../models/general-coco"));
const grey = await sharp({ create: { width: 640, height: 360, channels: 3, background: "#777" } })
  .jpeg()
  .toBuffer();

it("runs a frame a thread, says when it is busy, and survives a job that breaks", async () => {
  const pool = new DetectorPool(2, { models: [MODEL], maxPixels: 1_000_000 });
  await pool.start();
  const jobs = [pool.run([0], grey), pool.run([9], grey)];
  expect(pool.idle).toBe(false);
  expect(await pool.run([0], grey)).toEqual({ error: "no detector is free" });
  const [good, broken] = await Promise.all(jobs);
  expect(good).toMatchObject({ found: [{ model: 0, result: { width: 640, height: 360, detections: [] } }] });
  expect(broken).toHaveProperty("error");
  expect(pool.idle).toBe(true);
  expect(await pool.run([0], grey)).toHaveProperty("found");
  await pool.close();
});

it("closes while frames are being looked at, and those are answered", async () => {
  const pool = new DetectorPool(2, { models: [MODEL], maxPixels: 1_000_000 });
  await pool.start();
  const jobs = [pool.run([0], grey), pool.run([0], grey)];
  await pool.close();
  for (const result of await Promise.all(jobs)) expect(result).toHaveProperty("found");
});

it("refuses to start with a model that is none", async () => {
  const pool = new DetectorPool(1, { models: [{ ...MODEL, bytes: new Uint8Array(100) }], maxPixels: 1_000_000 });
  await expect(pool.start()).rejects.toMatchObject({ code: "MODEL_INVALID" });
  await pool.close();
});

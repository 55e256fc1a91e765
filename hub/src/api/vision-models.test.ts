import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { silentLog } from "../log.ts";
import { Vision } from "../vision/vision.ts";
import { type Scene, startScene } from "./api.testing.ts";
import type { CameraPage, VisionModels } from "./vision-schema.ts";

// A hub whose models are the project's own and one that somebody tampered with.

const MODELS = join(import.meta.dirname, "../../../models");
const dir = mkdtempSync(join(tmpdir(), "gridhub-api-models-"));
let scene: Scene, vision: Vision;
let all: string, east: string;
beforeAll(async () => {
  mkdirSync(join(dir, "models"));
  cpSync(join(MODELS, "fire-smoke-waste"), join(dir, "models/fire-smoke-waste"), { recursive: true });
  mkdirSync(join(dir, "models/general-coco"));
  cpSync(join(MODELS, "general-coco/model.yaml"), join(dir, "models/general-coco/model.yaml"));
  writeFileSync(join(dir, "models/general-coco/model.onnx"), "something else");
  vision = new Vision({
    modelsDir: join(dir, "models"),
    mediaDir: join(dir, "media"),
    workers: 1,
    durationScale: 1,
    log: silentLog,
    modelsWatchMs: 0,
  });
  await vision.start();
  scene = await startScene({ vision });
  all = await scene.account("all", "viewer");
  east = await scene.account("east", "viewer", ["east"]);
  await scene.edge("east", "e1", ["d1"]);
  await scene.edge("west", "w1", ["d1"]);
});
afterAll(async () => {
  await scene?.close();
  await vision?.close();
  rmSync(dir, { recursive: true, force: true });
});

const ask = async (token: string) => (await scene.call<VisionModels>("GET", "/api/vision/models", { token })).body;

async function offer(uid: string, attributes: Record<string, string>): Promise<void> {
  const device = scene.registry.device(uid);
  if (device === undefined) throw new Error(uid);
  device.attributes = attributes;
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#777" } })
    .jpeg()
    .toBuffer();
  const header = Buffer.from(JSON.stringify({ v: 1, ts: Date.now(), w: 64, h: 64, why: "motion" }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  expect(vision.offer(device, Buffer.concat([length, header, jpeg]), Date.now())).toBeNull();
}

it("shows the cards of models, who uses them, what a frame takes, and what was refused", async () => {
  await offer("east/d1", { fire_zone: "0,0 1,0 1,1", fire_hours: "00:00-00:00" });
  await offer("west/d1", { watch: "-fire -smoke -overflow" });
  await vi.waitFor(() => expect(vision.stats().inferred).toBe(1), { timeout: 20_000 });
  const { enabled, items, load } = await ask(all);
  expect([enabled, items.map((m) => m.name), load.dropped.disabled]).toEqual([
    true,
    ["fire-smoke-waste", "general-coco"],
    1,
  ]);
  const [own, refused] = items;
  expect(own).toMatchObject({
    ...{ id: expect.stringMatching(/^fire-smoke-waste@\d/) as string, refused: null, frames: 1, cameras: 1 },
    card: { licence: "Apache-2.0", decoder: "yolox", input: { width: 352 } },
  });
  expect(own.frameMs?.p50).toBeGreaterThan(0);
  expect(own.card?.labels[0]).toMatchObject({ label: "fire", kind: "vision.fire" });
  expect(own.card?.measured).toHaveProperty("data");
  expect(refused).toMatchObject({ id: null, card: null, cameras: 0 });
  expect(refused.refused).toMatch(/^general-coco\/model\.onnx has sha256/);
  expect(JSON.stringify(items)).not.toContain(dir);
  // an account sees counts of its own grids
  const west = await scene.account("west", "viewer", ["west"]);
  expect((await ask(west)).items[0].cameras).toBe(0);
});

it("shows of a camera by which model, where and when each recipe looks, and how its frames were served", async () => {
  const { items } = (await scene.call<CameraPage>("GET", "/api/vision/cameras", { token: east })).body;
  expect(items).toHaveLength(1);
  const [camera] = items;
  const model = (await ask(east)).items[0].id;
  expect(camera).toMatchObject({ uid: "east/d1", state: "watching", models: [model] });
  expect(camera.frames).toMatchObject({ samples: { motion: { offered: 1, looked: 1 } }, share: 1 });
  expect(camera.frames.ageMs?.max).toBeGreaterThan(0);
  const fire = camera.looks.find((look) => look.recipe === "fire");
  expect(fire).toEqual({
    ...{ recipe: "fire", kind: "vision.fire", models: [model], zone: "0,0 1,0 1,1" },
    ...{ beside: null, hours: "00:00-00:00", open: false },
  });
  expect(camera.looks.find((look) => look.recipe === "overflow")).toMatchObject({ hours: null, open: true });
});

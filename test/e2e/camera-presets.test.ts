import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import type { CameraConfig } from "../../edge-agent/src/sources/camera-config.ts";
import { CameraSource } from "../../edge-agent/src/sources/camera.ts";
import { SourceScene } from "../../edge-agent/src/sources/source-scene.ts";
import type { Device } from "../../hub/src/device.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { silentLog } from "../../hub/src/log.ts";
import { emptyBatch } from "../../hub/src/store/batch.ts";
import { offset, seenAt, type TrueCamera } from "../../hub/src/vision/calibration/world.testing.ts";
import { frameMessage } from "../../hub/src/vision/frame.testing.ts";
import { Vision } from "../../hub/src/vision/vision.ts";
import { CameraServer } from "../../simulators/src/camera/http.ts";
import { PtzHead } from "../../simulators/src/camera/ptz.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";

// A camera that turns: what the edge agent says of where it looks, and what the hub makes of it.

const WAIT = { timeout: 20_000, interval: 20 };
const PRESETS = [
  { token: "1", name: "street", pan: -0.5, tilt: 0.1, zoom: 0 },
  { token: "2", name: "quay", pan: 0.98, tilt: 0.1, zoom: 0.3 },
];
const ending: { close(): Promise<unknown> }[] = [];
const media = mkdtempSync(join(tmpdir(), "gridhub-presets-"));
afterEach(async () => {
  for (const one of ending.splice(0).reverse()) await one.close();
});
afterAll(() => rmSync(media, { recursive: true, force: true }));

it("is asked by ONVIF where it looks, and every frame says so: its preset, or that it turns", async () => {
  const account = { user: "admin", password: "sea-breeze" };
  const ptz = new PtzHead({ presets: PRESETS });
  const server = new CameraServer({ camera: new SceneCamera({ seed: 1, width: 320, height: 180 }), account, ptz });
  await server.start();
  ending.push(server);
  const { hostname, port } = new URL(server.origin);
  const config = {
    ...{ kind: "onvif", device: "cam", host: hostname, port: Number(port), username: account.user },
    ...{ password: account.password, interval_ms: 100, patrol_ms: 1000, hold_ms: 0, min_gap_ms: 0, timeout_ms: 20_000 },
    events: false,
  } as CameraConfig;
  const scene = new SourceScene("cam");
  scene.time = Date.now();
  const source = new CameraSource(config);
  ending.push({ close: () => source.stop() });
  await source.start(scene);
  const says = async (expected: Partial<FrameHeader>, without: keyof FrameHeader) => {
    scene.frames.length = 0;
    await vi.waitFor(() => {
      scene.time += 1000;
      server.skewMs += 1000;
      expect(scene.frames.at(-1)?.header).toMatchObject(expected);
      expect(scene.frames.at(-1)?.header).not.toHaveProperty(without);
    }, WAIT);
  };
  await says({ preset: "street" }, "moving");
  ptz.goToPreset("quay");
  await says({ preset: "quay" }, "moving");
  // within the play of its gear, and over the seam of a full turn
  ptz.goTo({ pan: 0.985, tilt: 0.095, zoom: 0.31 });
  await says({ preset: "quay" }, "moving");
  ptz.goTo({ pan: 0.2, tilt: 0, zoom: 0 });
  await says({ moving: true }, "preset");
  ptz.goToPreset("street");
  await says({ preset: "street" }, "moving");
}, 120_000);

it(
  "is placed by the calibration of its preset, not at all while it turns, and what is out of sight has not gone",
  { timeout: 240_000 },
  async () => {
    const START = 1_763_776_800_000;
    const CAMERA: TrueCamera = { lon: 122.45, lat: 30.72, aspect: 16 / 9, heightM: 5, bearing: 90, pitch: -12, roll: 0, fov: 60 }; // prettier-ignore
    const device = {
      ...{
        id: 7,
        uid: "caiyuan/cam-1",
        site: "caiyuan",
        name: "cam-1",
        lon: CAMERA.lon,
        lat: CAMERA.lat,
        gridId: "pole",
      },
      edge: { id: 1, key: "caiyuan/edge-1", site: "caiyuan", name: "edge-1", title: "" },
      attributes: { watch: "-fire -smoke -debris -overflow" },
    } as unknown as Device;
    let now = START;
    const options = {
      modelsDir: join(import.meta.dirname, "../../models"),
      mediaDir: media,
      workers: 1,
      log: silentLog,
    };
    const vision = new Vision({ ...options, durationScale: 1 / 6, clock: () => now });
    await vision.start();
    ending.push(vision);
    const marks = ([[9, -4], [10, 4], [30, 10], [28, -9]] as const).map(([along, across]) => {
    const at = offset(CAMERA.lon, CAMERA.lat, along, -across);
    const [x, y] = seenAt(CAMERA, at.lon, at.lat) ?? [0, 0];
    return { x, y, ...at };
  }); // prettier-ignore
    const calibration = { method: "points", aspect: CAMERA.aspect, points: marks, mapErrorM: 0.2 } as const;
    for (const preset of ["street", "quay"])
      vision.calibrations.put(device, preset, calibration, { who: "test", note: "" }, now);

    // painting takes longer than looking: a few pictures in turn
    const painted = async (scene: "stall" | "empty") => {
      const camera = new SceneCamera({ seed: 4, script: [{ at: 0, scene }] });
      return Promise.all([5000, 20_000, 35_000].map((t) => camera.frame(t)));
    };
    const [stall, empty] = [await painted("stall"), await painted("empty")];
    const found: Finding[] = [];
    async function look(pictures: readonly Buffer[], where: Partial<FrameHeader>): Promise<void> {
      now += 5000;
      const inferred = vision.stats().inferred;
      const picture = pictures[(now / 5000) % pictures.length];
      expect(vision.offer(device, frameMessage({ ts: now, ...where }, picture), now)).toBeNull();
      await vi.waitFor(() => expect(vision.stats().inferred).toBe(inferred + 1), { timeout: 20_000, interval: 5 });
      vision.collect(emptyBatch(1), found, now);
    }
    // a tour of two presets: the stall stands before one of them only, and its dwell goes on while the camera looks elsewhere
    for (let round = 0; round < 12 && found.length === 0; round++) {
      await look(stall, { preset: "street" });
      await look(empty, { moving: true });
      await look(empty, { preset: "quay" });
    }
    expect(found.map((f) => [f.kind, f.phase])).toEqual([["vision.stall", "raise"]]);
    expect(found[0].evidence).toMatchObject({
      ...{
        located: "calibration",
        calibration: { preset: "street" },
        cameras: [device.uid],
        view: "caiyuan/cam-1 @street",
      },
    });
    // it goes on there: two other pictures a round are no absence
    for (let round = 0; round < 8; round++) {
      await look(empty, { preset: "quay" });
      await look(empty, { moving: true });
      await look(stall, { preset: "street" });
    }
    expect(found.filter((f) => f.phase !== "update")).toHaveLength(1);
    // the same thing seen from between the presets is placed by none of them
    const before = found.length;
    for (let i = 0; i < 12 && found.length === before; i++) await look(stall, { moving: true });
    const free = found.slice(before).find((f) => f.evidence.view === "caiyuan/cam-1 ~");
    expect(free?.evidence).toMatchObject({ located: "camera", unlocated: "moving" });
    expect([free?.lon, free?.lat]).toEqual([CAMERA.lon, CAMERA.lat]);
  },
);

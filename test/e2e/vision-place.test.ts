import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import type { Device } from "../../hub/src/device.ts";
import { EventBook } from "../../hub/src/events/event-book.ts";
import type { Finding } from "../../hub/src/finding.ts";
import { GridSet } from "../../hub/src/grids/grid-set.ts";
import { silentLog } from "../../hub/src/log.ts";
import { emptyBatch } from "../../hub/src/store/batch.ts";
import { metresBetween } from "../../hub/src/vision/calibration/geodesy.ts";
import { offset, seenAt, type TrueCamera } from "../../hub/src/vision/calibration/world.testing.ts";
import { frameMessage } from "../../hub/src/vision/frame.testing.ts";
import { Vision } from "../../hub/src/vision/vision.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";

const MODELS = join(import.meta.dirname, "../../models");
const START = 1_763_776_800_000;
/** on a pole, looking east; the line between its grid and the next one is 8 m before it */
const CAMERA: TrueCamera = { lon: 122.45, lat: 30.72, aspect: 16 / 9, heightM: 5, bearing: 90, pitch: -12, roll: 0, fov: 60 }; // prettier-ignore
const LINE = offset(CAMERA.lon, CAMERA.lat, 8, 0).lon;

const media = mkdtempSync(join(tmpdir(), "gridhub-place-"));
afterAll(() => rmSync(media, { recursive: true, force: true }));

function cell(id: string, west: number, east: number): object {
  const ring = [[west, 30.7], [east, 30.7], [east, 30.74], [west, 30.74], [west, 30.7]]; // prettier-ignore
  const properties = { id, name: id, level: "grid", category: "integrated", parent: null, codes: {} };
  return { type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties };
}

/** Where a pixel of the picture is on the ground: the place whose picture it is, found by halving. */
function groundOf(x: number, y: number): { lon: number; lat: number } {
  let at = { along: 10, across: 0 };
  for (let step = 8; step > 0.001; step /= 2) {
    let moved = true;
    while (moved) {
      moved = false;
      const miss = ({ along, across }: typeof at): number => {
        const place = offset(CAMERA.lon, CAMERA.lat, along, -across);
        const seen = along > 2 ? seenAt(CAMERA, place.lon, place.lat) : null;
        return seen === null ? Number.POSITIVE_INFINITY : Math.hypot(seen[0] - x, seen[1] - y);
      };
      for (const [da, dc] of [
        [step, 0],
        [-step, 0],
        [0, step],
        [0, -step],
      ] as const) {
        // prettier-ignore
        const next = { along: at.along + da, across: at.across + dc };
        if (miss(next) >= miss(at)) continue;
        at = next;
        moved = true;
      }
    }
  }
  return offset(CAMERA.lon, CAMERA.lat, at.along, -at.across);
}

it(
  "puts what a calibrated camera sees on the grid where it stands, which is not the camera's",
  { timeout: 120_000 },
  async () => {
    const features = [cell("pole", 122.4, LINE), cell("street", LINE, 122.5)];
    const { set: grids } = GridSet.build([{ file: "test", data: { type: "FeatureCollection", features } }], 1);
    const uid = "caiyuan/cam-1";
    const device = {
      id: 7,
      uid,
      site: "caiyuan",
      name: "cam-1",
      edge: { id: 1, key: "caiyuan/edge-1", site: "caiyuan", name: "edge-1", title: "" },
      attributes: { watch: "-fire -smoke -debris -overflow" },
      lon: CAMERA.lon,
      lat: CAMERA.lat,
      gridId: "pole",
    } as unknown as Device;
    let now = START;
    const vision = new Vision({
      modelsDir: MODELS,
      mediaDir: media,
      workers: 1,
      durationScale: 1 / 6,
      log: silentLog,
      clock: () => now,
    });
    await vision.start();
    const marks = (
      [
        [9, -4],
        [10, 4],
        [30, 10],
        [28, -9],
      ] as const
    ).map(([along, across]) => {
      // prettier-ignore
      const at = offset(CAMERA.lon, CAMERA.lat, along, -across);
      const [x, y] = seenAt(CAMERA, at.lon, at.lat) ?? [0, 0];
      return { x, y, ...at };
    });
    const calibration = { method: "points", aspect: CAMERA.aspect, points: marks, mapErrorM: 0.2 } as const;
    expect(vision.calibrations.put(device, "", calibration, { who: "test", note: "" }, now)).toMatchObject({ version: 1 }); // prettier-ignore

    const scene = new SceneCamera({ seed: 4, script: [{ at: 0, scene: "stall" }] });
    const batch = emptyBatch(1);
    const found: Finding[] = [];
    for (let t = 0; t < 60_000 && found.length === 0; t += 10_000) {
      now = START + t;
      const inferred = vision.stats().inferred;
      expect(vision.offer(device, frameMessage({ ts: now }, await scene.frame(t)), now)).toBeNull();
      await vi.waitFor(() => expect(vision.stats().inferred).toBe(inferred + 1), { timeout: 20_000, interval: 5 });
      vision.collect(batch, found, now);
    }
    await vision.close();

    const book = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, grids, () => []);
    book.fold(found, now);
    const [event] = [...book.active()];
    expect(event).toMatchObject({ kind: "vision.stall", gridId: "street" });
    const evidence = event.evidence as { located: string; errorM: number; calibration: object };
    expect(evidence).toMatchObject({ located: "calibration", calibration: { version: 1, preset: "" } });
    expect(evidence.errorM).toBeLessThan(10);
    // the scene knows what stands where in its picture; the model's boxes are its own
    const boxes = scene.truth(now - START).objects.map((o) => o.box);
    const left = Math.min(...boxes.map((b) => b[0]));
    const right = Math.max(...boxes.map((b) => b[0] + b[2]));
    const foot = Math.max(...boxes.map((b) => b[1] + b[3]));
    const truth = groundOf((left + right) / 2 / 1280, foot / 720);
    const off = metresBetween(event.lon ?? 0, event.lat ?? 0, truth.lon, truth.lat);
    expect(off).toBeLessThan(evidence.errorM + 2);

    // the same without a calibration is on the camera's grid, and says so
    const bare = { ...found[0], lon: device.lon, lat: device.lat, evidence: { located: "camera" } };
    const other = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, grids, () => []);
    other.fold([bare], now);
    expect([...other.active()][0]).toMatchObject({ gridId: "pole", gridMatch: "bound" });
  },
);

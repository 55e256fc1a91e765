import type { DeviceInfo } from "../../src/api/schema.ts";
import type { CameraInfo, CameraPage, Judged, VisionModel, VisionModels } from "../../src/api/vision-schema.ts";
import { seeded } from "./random.ts";
import type { World } from "./world.ts";

type Answer = [status: number, body: unknown];
const FIRE = "fire-smoke-waste@1.1.0";
const COCO = "general-coco@1.0.0";
const RECIPES: readonly [recipe: string, kind: string, model: string][] = [
  ["fire", "vision.fire", FIRE],
  ["smoke", "vision.smoke", FIRE],
  ["overflow", "vision.overflow", FIRE],
  ["stall", "vision.stall", COCO],
  ["fire-lane", "vision.fire_lane", COCO],
  ["hydrant-blocked", "vision.hydrant_blocked", COCO],
];
const FAULTY = new Set(["late", "offline", "flapping"]);

/** Cameras and models of the mock: invented figures of the size that they have. */
export function makeVision(world: World) {
  const cameras = world.devices.filter(({ kind }) => kind === "camera");
  const towns = (grid: string) => world.grids.find(({ id }) => id === grid)?.name;

  function list(q: URLSearchParams): CameraPage {
    const limit = Number(q.get("limit") ?? 200);
    const text = (q.get("q") ?? "").toLowerCase();
    const grid = q.get("grid");
    const among = cameras
      .map((device, i) => cameraOf(device, i, Date.now()))
      .filter((c) => grid === null || c.gridId === grid || c.gridPath.includes(towns(grid) ?? "-"))
      .filter((c) => `${c.uid}\n${c.title}`.toLowerCase().includes(text))
      .filter((c) => q.get("faulty") !== "true" || FAULTY.has(c.health));
    const states: Record<string, number> = { watching: 0, silent: 0, idle: 0, unwatched: 0 };
    for (const c of among) states[c.state] = (states[c.state] ?? 0) + 1;
    const found = among.filter((c) => !q.has("state") || q.get("state")!.split(",").includes(c.state));
    const rest = found.filter(({ uid }) => uid > (q.get("after") ?? "")).sort((a, b) => (a.uid < b.uid ? -1 : 1));
    const items = rest.slice(0, limit);
    const next = rest.length > limit ? (items.at(-1)?.uid ?? null) : null;
    return { items, next, total: found.length, states, faulty: among.filter((c) => FAULTY.has(c.health)).length };
  }

  return {
    /** null = not a route of this room */
    answer(path: string, q: URLSearchParams): Answer | null {
      if (path === "/api/vision/cameras") return [200, list(q)];
      if (path === "/api/vision/models") return [200, models(cameras.length)];
      return null;
    },
    /** whether the hub has a picture of it in memory */
    hasPicture: (uid: string): boolean =>
      cameras.some((d, i) => d.uid === uid && cameraOf(d, i, Date.now()).picture !== null),
  };
}

function judged(raised: number, confirmed: number, falseAlarms: number): Judged {
  const n = confirmed + falseAlarms;
  if (n === 0) return { raised, falseAlarms, confirmed, precision: null, low: null, high: null };
  const p = confirmed / n;
  const half = 1.96 * Math.sqrt((p * (1 - p)) / n + 0.01 / n);
  const round = (v: number) => Math.round(Math.min(1, Math.max(0, v)) * 1000) / 1000;
  return { raised, falseAlarms, confirmed, precision: round(p), low: round(p - half), high: round(p + half) };
}

function cameraOf(device: DeviceInfo, i: number, now: number): CameraInfo {
  const random = seeded(i * 31 + 5);
  const { uid, title, site, gridId, gridPath, lon, lat, health, healthReason, healthSince } = device;
  const state = health === "offline" ? "silent" : i % 29 === 7 ? "idle" : i % 13 === 4 ? "unwatched" : "watching";
  const seen =
    state === "idle" || state === "unwatched"
      ? null
      : state === "silent"
        ? healthSince
        : now - Math.round(random() * 9000);
  const mine = state === "unwatched" ? [] : RECIPES.filter((_, n) => n < 2 || (i + n) % 3 === 0);
  const begun = state === "watching" && i % 11 === 0;
  return {
    ...{ uid, title, site, gridId, gridPath, lon, lat, health, healthReason, healthSince, state },
    frameAt: seen,
    frameAgeMs: seen === null ? null : now - seen,
    perSecond: state === "watching" ? Math.round((0.1 + random() * 1.4) * 100) / 100 : 0,
    frames: {
      spanMs: 600_000,
      samples: {
        candidate: { offered: begun ? 120 : 0, looked: begun ? 120 : 0 },
        motion: { offered: state === "watching" ? 180 : 0, looked: state === "watching" ? 171 : 0 },
        patrol: { offered: state === "watching" ? 30 : 0, looked: state === "watching" ? 30 : 0 },
      },
      share: state === "watching" ? 0.957 : 0,
      ageMs: state === "watching" ? { p50: 210, p95: 640, max: 1220 } : null,
    },
    recipes: mine.map(([recipe]) => recipe),
    models: [...new Set(mine.map(([, , model]) => model))],
    looks: mine.map(([recipe, kind, model]) => ({
      ...{ recipe, kind, models: [model] },
      zone: recipe === "fire-lane" ? "0.2,0.5 0.8,0.5 0.9,0.95 0.1,0.95" : null,
      beside: recipe === "hydrant-blocked" ? { kind: "hydrant", within: 3, devices: 2, uncertain: 1 } : null,
      hours: recipe === "stall" ? "06:00-22:00" : null,
      open: true,
    })),
    candidates: begun ? [{ recipe: "stall", kind: "vision.stall", since: now - 140_000, raised: i % 2 === 0 }] : [],
    pace: state === "watching" ? { interval_ms: 2000, patrol_ms: 20_000 } : null,
    runs: state === "watching" ? { interval_ms: 2000, patrol_ms: 20_000 } : null,
    calibration: i % 3 === 0 ? [{ preset: "", version: 1 + (i % 4), moved: i % 12 === 0 }] : [],
    picture:
      seen === null || i % 17 === 3
        ? null
        : { ts: seen, width: 1280, height: 720, preset: "", moving: state === "watching" && i % 9 === 2 },
    evidence: Math.round(random() * 60),
    precision: mine
      .map(([recipe, kind]) => ({ kind, recipe, ...judged(...tally(random, recipe)) }))
      .filter(({ raised }) => raised > 0),
  };
}

/** raised, confirmed, false alarms: stalls are right, lamps are taken for fire */
function tally(random: () => number, recipe: string): [number, number, number] {
  const raised = Math.floor(random() * (recipe === "fire" ? 5 : 9));
  const closed = Math.floor(raised * 0.8);
  const wrong = Math.round(closed * (recipe === "fire" ? 0.6 : 0.15) * random() * 1.6);
  return [raised, Math.max(0, closed - wrong), Math.min(closed, wrong)];
}

function models(cameras: number): VisionModels {
  const card = (
    title: string,
    version: string,
    labels: [string, number, string | null][],
    size: number,
    limits: string,
  ) => ({
    ...{ version, title, sha256: "3ffd150beb1238d05d440faa3d197d14844aceb10396aefc2952cb2a136db259", bytes: size },
    ...{
      licence: "Apache-2.0",
      attribution: "Trained on two data sets under CC BY 4.0.",
      provenance: "models/training/train.py",
    },
    ...{ limits, input: { width: 352, height: 352 }, decoder: "yolox" },
    labels: labels.map(([label, threshold, kind]) => ({ label, threshold, kind })),
    measured: {
      data: "328 validation pictures",
      ap50: "smoke 0.92 (0.82 to 0.98), garbage 0.71 (0.63 to 0.79)",
      speed: "20 ms a picture",
    },
  });
  const fire: VisionModel = {
    ...{
      name: "fire-smoke-waste",
      id: FIRE,
      refused: null,
      frames: 48_211,
      frameMs: { p50: 19.4, p95: 31.2 },
      cameras,
    },
    card: card("Fire, smoke, garbage, bins", "1.1.0", [["fire", 0.28, "vision.fire"], ["smoke", 0.44, "vision.smoke"], ["garbage", 0.41, "vision.garbage"], ["garbage_bin", 0.5, null], ["overflow", 0.48, "vision.overflow"]], 4_512_000, "Nothing is to be raised from one frame. A fire that is small in the picture is missed."), // prettier-ignore
    precision: [
      { kind: "vision.fire", recipe: "fire", ...judged(41, 11, 19) },
      { kind: "vision.smoke", recipe: "smoke", ...judged(64, 47, 6) },
      { kind: "vision.overflow", recipe: "overflow", ...judged(122, 101, 9) },
    ],
  };
  const coco: VisionModel = {
    ...{
      name: "general-coco",
      id: COCO,
      refused: null,
      frames: 30_874,
      frameMs: { p50: 24.9, p95: 40.1 },
      cameras: 121,
    },
    card: card("People, vehicles, boats and 77 further classes", "1.0.0", [["person", 0.4, "vision.person"], ["car", 0.35, "vision.vehicle"], ["boat", 0.35, "vision.boat"]], 10_240_000, "Small objects are missed from afar."), // prettier-ignore
    precision: [{ kind: "vision.stall", recipe: "stall", ...judged(208, 171, 22) }, { kind: "vision.fire_lane", recipe: "fire-lane", ...judged(17, 0, 0) }], // prettier-ignore
  };
  const refused: VisionModel = { name: "helmet", id: null, refused: "sha256 of helmet.onnx is 1f3c…, the card says 9ab0…", card: null, frames: 0, frameMs: null, cameras: 0, precision: [] }; // prettier-ignore
  return {
    enabled: true,
    items: [fire, coco, refused],
    load: {
      offered: 41.2,
      capacity: 58.6,
      slower: 1,
      waiting: 3,
      ageMs: { p50: 240, p95: 710 },
      dropped: { stale: 12 },
    },
  };
}

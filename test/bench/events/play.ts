import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../../hub/src/device.ts";
import type { GridEvent } from "../../../hub/src/event.ts";
import { EventBook } from "../../../hub/src/events/event-book.ts";
import { DEFAULT_SETTINGS, EventPolicy, NO_POLICY } from "../../../hub/src/events/event-policy.ts";
import { NO_GRIDS } from "../../../hub/src/events/place.ts";
import type { Finding } from "../../../hub/src/finding.ts";
import { silentLog } from "../../../hub/src/log.ts";
import { emptyBatch } from "../../../hub/src/store/batch.ts";
import type { Detection } from "../../../hub/src/vision/detection.ts";
import { frameMessage } from "../../../hub/src/vision/frame.testing.ts";
import { Vision } from "../../../hub/src/vision/vision.ts";
import { SceneCamera, type SceneStep, type TruthObject } from "../../../simulators/src/camera/scene.ts";
import { HydrantStreet } from "./hydrant-street.ts";
import { PhotoLitter } from "./photo-litter.ts";
import { CROWD_COUNT, type EventScene } from "./scenes.ts";

const [WIDTH, HEIGHT] = [640, 360];
/** noon in the township */
const START = Date.UTC(2026, 5, 10, 4);

export interface Played {
  readonly scene: EventScene;
  readonly events: readonly GridEvent[];
  /** an event that ended and began again */
  readonly reopened: number;
  /** share of the frames, while it lasted, in which the models saw what the event is made of */
  readonly seen: number;
  readonly frames: number;
}

interface Lens {
  /** what the models must see, where it was laid into the frames */
  laid: TruthObject | null;
  readonly scene: EventScene;
  readonly device: Device;
  readonly camera: SceneCamera;
}

/**
 * Plays all scenes at once, each on cameras of its own, through the real models, the real chain and the event book; the clock is
 * virtual and waits for the detectors.
 */
export async function play(
  scenes: readonly EventScene[],
  modelsDir: string,
): Promise<{ readonly played: Played[]; readonly models: readonly string[] }> {
  const media = mkdtempSync(join(tmpdir(), "gridhub-events-"));
  let now = START;
  const hydrants = new HydrantStreet();
  const vision = new Vision({
    modelsDir,
    mediaDir: media,
    workers: 2,
    durationScale: 1,
    log: silentLog,
    clock: () => now,
    modelsWatchMs: 0,
    landmarks: hydrants,
  });
  await vision.start();
  const book = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, NO_GRIDS, () => []);
  // The policy that a hub begins with: what belongs to one incident is one event.
  book.setPolicy(new EventPolicy({ ...NO_POLICY, ...DEFAULT_SETTINGS }));
  const lenses = scenes.flatMap(lensesOf);
  for (const { scene, device, camera } of lenses) {
    if (scene.hydrant === null) continue;
    const [vehicle] = camera.truth(scene.from * 1000).objects;
    hydrants.add(vision.calibrations, device, vehicle, scene.hydrant, { width: WIDTH, height: HEIGHT });
  }
  const litter = PhotoLitter.load();
  const events = new Map<string, GridEvent>();
  const reopened = new Map<string, number>();
  const detections: { deviceId: number; ts: number; detections: readonly Detection[] }[] = [];

  let answered = 0;
  let wake: () => void = () => {};
  vision.onReady = () => {
    answered++;
    wake();
  };
  const last = Math.max(...scenes.map((s) => s.end));
  for (let t = 0; t < last; t += 5) {
    now = START + t * 1000;
    const due = lenses.filter(({ scene }) => t < scene.end && t % scene.every === 0);
    if (due.length === 0) continue;
    const before = answered;
    for (const lens of due) {
      const { device } = lens;
      const problem = vision.offer(
        device,
        frameMessage({ ts: now, w: WIDTH, h: HEIGHT }, await frameOf(lens, t, litter)),
        now,
      );
      if (problem !== null) throw new Error(problem.detail);
    }
    while (answered - before < due.length) await new Promise<void>((resolve) => (wake = resolve));
    const found: Finding[] = [];
    const batch = emptyBatch(1);
    vision.collect(batch, found, now);
    book.fold(found, now);
    for (const event of book.drain(batch)) events.set(event.id, event);
    for (const { eventId, what } of batch.transitions)
      if (what === "reopen") reopened.set(eventId, (reopened.get(eventId) ?? 0) + 1);
    for (const row of batch.detections)
      detections.push({ deviceId: row.deviceId, ts: row.ts, detections: row.detections as Detection[] });
  }
  const models = vision.stats().models;
  await vision.close();
  rmSync(media, { recursive: true, force: true });

  const played = scenes.map((scene): Played => {
    const own = lenses.filter((l) => l.scene === scene);
    const ids = new Set(own.map((l) => l.device.id));
    const mine = [...events.values()].filter((e) => e.deviceId !== null && ids.has(e.deviceId));
    const { seen, frames } = sightings(own, detections);
    const again = mine.reduce((sum, e) => sum + (reopened.get(e.id) ?? 0), 0);
    return { scene, events: mine, reopened: again, seen: frames === 0 ? 0 : seen / frames, frames };
  });
  return { played, models };
}

async function frameOf(lens: Lens, t: number, litter: PhotoLitter | null): Promise<Buffer> {
  const { scene, camera } = lens;
  const frame = await camera.frame(t * 1000);
  if (!scene.photo || litter === null || t < scene.from || t >= scene.to) return frame;
  const { jpeg, box } = await litter.lay(frame, scene.seed, {
    light: scene.conditions.light ?? 1,
    infrared: camera.truth(t * 1000).infrared,
    pose: camera.pose(t * 1000),
  });
  lens.laid = { label: "garbage", box };
  return jpeg;
}

export function secondsOf(ts: number): number {
  return (ts - START) / 1000;
}

let nextId = 1;
function lensesOf(scene: EventScene): Lens[] {
  return Array.from({ length: scene.cameras }, (_, i) => {
    const id = nextId++;
    const name = `${scene.name}-${i + 1}`;
    const edge = { id: 1, key: "bench/e", site: "bench", name: "e", title: "" };
    const place = { lon: 122 + scene.seed * 0.05 + i * 0.0004, lat: 30.7, gridId: `grid-${scene.seed}` };
    const device = { id, uid: `bench/${name}`, site: "bench", name, edge, attributes: scene.attributes, ...place };
    const camera = new SceneCamera({
      seed: scene.seed + i * 7,
      width: WIDTH,
      height: HEIGHT,
      place: scene.place,
      script: scriptOf(scene),
    });
    return { scene, device: device as unknown as Device, camera, laid: null };
  });
}

/** The light goes its way whatever happens below. */
function scriptOf({ kind, scene, from, to, conditions, changes }: EventScene): SceneStep[] {
  const lights: EventScene["changes"] = [{ at: 0, ...conditions }, ...changes];
  const quiet = kind === null ? scene : "empty";
  const times = [...new Set([0, from, to, ...changes.map((c) => c.at)])].sort((a, b) => a - b);
  return times.map((t) => {
    const shown = t >= from && t < to ? scene : quiet;
    const light = lights.findLast((c) => c.at <= t);
    return { ...light, at: t * 1000, scene: shown };
  });
}

/** Frames with the thing in them, and those in which the models saw it where it is. */
function sightings(
  lenses: readonly Lens[],
  rows: readonly { deviceId: number; ts: number; detections: readonly Detection[] }[],
): { seen: number; frames: number } {
  let [seen, frames] = [0, 0];
  for (const { scene, device, camera, laid } of lenses) {
    if (scene.kind === null) continue;
    for (let t = Math.ceil(scene.from / scene.every) * scene.every; t < scene.to; t += scene.every) {
      frames++;
      const truth = laid === null ? camera.truth(t * 1000).objects : [laid];
      const found = rows
        .filter((r) => r.deviceId === device.id && r.ts === START + t * 1000)
        .flatMap((r) => r.detections);
      if (isSeen(scene, truth, found)) seen++;
    }
  }
  return { seen, frames };
}

function isSeen({ scene }: EventScene, truth: readonly TruthObject[], found: readonly Detection[]): boolean {
  if (scene === "stall") return isStall(truth, found);
  const there = truth.filter((o) => found.some((d) => shows(d, o))).length;
  return there >= (scene === "crowd" ? CROWD_COUNT : 1);
}

function isStall(truth: readonly TruthObject[], found: readonly Detection[]): boolean {
  const vendor = truth.filter((o) => o.label === "person");
  const goods = truth.filter((o) => o.label !== "person");
  return [vendor, goods].every((group) => group.some((o) => found.some((d) => shows(d, o))));
}

const VEHICLES = ["car", "truck", "bus"];

/** The right label, and the middle of the detection inside the thing or the other way round. */
function shows({ label, box }: Detection, truth: TruthObject): boolean {
  if (label !== truth.label && !(VEHICLES.includes(label) && VEHICLES.includes(truth.label))) return false;
  return holds(box, truth.box) || holds(truth.box, box);
}

type Rectangle = readonly [number, number, number, number];

function holds([x, y, w, h]: Rectangle, [a, b, c, d]: Rectangle): boolean {
  const [mx, my] = [a + c / 2, b + d / 2];
  return mx >= x && mx <= x + w && my >= y && my <= y + h;
}

import type { Device } from "../device.ts";
import { waitingRecipes, type CameraState } from "./camera-state.ts";
import { NORMAL_POSTURE, type PaceWish, type VisionOptions } from "./options.ts";
import type { Recipe } from "./recipe.ts";

interface Paced {
  device: Device;
  /** frames a second, running mean */
  rate: number;
  last: number;
  wish: PaceWish | null;
  changed: number;
}

/** What comes in against what the detectors can do; frames a second. */
export interface PaceLoad {
  readonly offered: number;
  readonly capacity: number;
  /** by how much calm cameras are asked to slow down; 1 = not */
  readonly slower: number;
}

/** How often wishes are worked out; and how long one stays before it becomes weaker, ms. */
const EVERY_MS = 10_000;
const KEEP_MS = 30_000;
/** Share of the detectors' time that may be promised. */
const FULL = 0.8;
const LEAST_MS = 2000;
const LOOK_MS = 1000;
/** A camera without frames for so long is left alone, ms. */
const SILENT_MS = 300_000;

/**
 * What the hub asks of the edges: more samples of a camera where something has begun, fewer of calm ones while the detectors have more
 * to do than they can. Wishes change by factors of two and stay a while, so that nothing swings.
 */
export class Pace {
  readonly #options: Pick<VisionOptions, "workers" | "onPace" | "posture">;
  readonly #cameras = new Map<string, Paced>();
  #next = 0;
  #load: PaceLoad = { offered: 0, capacity: 0, slower: 1 };
  /** running mean of a frame's time on a thread, ms */
  #frameMs = 40;

  constructor(options: Pick<VisionOptions, "workers" | "onPace" | "posture">) {
    this.#options = options;
  }

  /** A frame came. @param at hub time, ms UTC */
  heard(device: Device, at: number): void {
    const camera = this.#cameras.get(device.uid);
    if (camera === undefined) {
      this.#cameras.set(device.uid, { device, rate: 0, last: at, wish: null, changed: 0 });
      return;
    }
    const gap = Math.max(1, at - camera.last);
    // a mean over about a minute whatever the rate is
    const share = 1 - Math.exp(-gap / 30_000);
    camera.rate += (1000 / gap - camera.rate) * share;
    camera.last = at;
    camera.device = device;
  }

  took(ms: number): void {
    this.#frameMs += (ms - this.#frameMs) * 0.05;
  }

  of(
    uid: string,
    now: number,
  ): { readonly lastAt: number; readonly perSecond: number; readonly wish: PaceWish | null } | null {
    const camera = this.#cameras.get(uid);
    if (camera === undefined) return null;
    const since = now - camera.last;
    return { lastAt: camera.last, perSecond: Math.min(camera.rate, 1000 / Math.max(1, since)), wish: camera.wish };
  }

  /** As worked out last, at most ten seconds ago. */
  get load(): PaceLoad {
    return this.#load;
  }

  /** @param state of a camera @param recipes that it is watched for */
  tick(
    now: number,
    state: (uid: string) => CameraState | undefined,
    recipes: (device: Device) => readonly Recipe[],
  ): void {
    if (now < this.#next) return;
    this.#next = now + EVERY_MS;
    let offered = 0;
    for (const c of this.#cameras.values()) if (now - c.last < SILENT_MS) offered += c.rate;
    const capacity = (this.#options.workers * 1000) / this.#frameMs;
    const load = capacity === 0 ? 0 : offered / (capacity * FULL);
    const slower = load <= 1 ? 1 : 2 ** Math.min(6, Math.ceil(Math.log2(load)));
    this.#load = { offered, capacity, slower };
    for (const [uid, camera] of this.#cameras) {
      if (now - camera.last >= SILENT_MS) {
        this.#cameras.delete(uid);
        continue;
      }
      const watched = recipes(camera.device);
      const sampling = (this.#options.posture?.(camera.device) ?? NORMAL_POSTURE).sampling;
      this.#set(camera, wishFor(watched, new Set(waitingRecipes(state(uid))), slower, sampling), now);
    }
  }

  #set(camera: Paced, wish: PaceWish | null, now: number): void {
    if (JSON.stringify(wish) === JSON.stringify(camera.wish)) return;
    const faster = (wish?.patrol_ms ?? Number.POSITIVE_INFINITY) < (camera.wish?.patrol_ms ?? Number.POSITIVE_INFINITY);
    if (!faster && now - camera.changed < KEEP_MS) return;
    camera.wish = wish;
    camera.changed = now;
    this.#options.onPace?.(camera.device, wish);
  }
}

function wishFor(
  watched: readonly Recipe[],
  waiting: ReadonlySet<string>,
  slower: number,
  sampling: number,
): PaceWish | null {
  if (watched.length === 0) return null;
  const period = (recipes: readonly Recipe[]): number => Math.min(...recipes.map((r) => r.patrolMs));
  const begun = watched.filter((r) => waiting.has(r.name));
  if (begun.length > 0)
    return { patrol_ms: Math.max(LEAST_MS, Math.round((period(begun) / 2) * Math.min(1, sampling))) };
  if (slower === 1 && sampling === 1) return null;
  const patrol_ms = Math.max(LEAST_MS, Math.round(period(watched) * slower * sampling));
  return slower === 1 ? { patrol_ms } : { patrol_ms, interval_ms: LOOK_MS * slower };
}

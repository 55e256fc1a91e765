import type { Device } from "../device.ts";
import { waitingRecipes, type CameraState } from "./camera-state.ts";
import { NORMAL_POSTURE, type PaceWish, type VisionOptions } from "./options.ts";
import type { Recipe } from "./recipe.ts";

interface Paced {
  device: Device;
  /** frames a second, running mean; of `weight`, which is 1 once it has run for minutes */
  sum: number;
  weight: number;
  last: number;
  wish: PaceWish | null;
  changed: number;
  /** what it sends when nobody slows it down, frames a second; as it is remembered */
  natural: number;
  /** the edge's own periods, as it reports them while nothing is wished of it */
  own: PaceWish;
}

/** What comes in against what the detectors can do; frames a second. */
export interface PaceLoad {
  readonly offered: number;
  readonly capacity: number;
  /** by how much calm cameras are asked to slow down; 1 = not */
  readonly slower: number;
}

type PaceOptions = Pick<VisionOptions, "workers" | "onPace" | "posture"> &
  Partial<Pick<VisionOptions, "durationScale">>;

/** How often wishes are worked out; and how long one stays before it becomes weaker, ms. */
const EVERY_MS = 10_000;
const KEEP_MS = 30_000;
/** Share of the detectors' time that may be promised. */
const FULL = 0.8;
const LEAST_MS = 2000;
const LOOK_MS = 1000;
/** A camera without frames for so long is left alone, ms. */
export const SILENT_MS = 300_000;
/** What a slowed camera would send is half forgotten after so long: then it is tried whether it still would, ms. */
const FORGET_MS = 300_000;

/**
 * What the hub asks of the edges: more samples of a camera where something has begun, fewer of calm ones while the detectors have more
 * to do than they can. Wishes change by factors of two, stay a while, and are taken back for what cameras would send without them, so
 * nothing swings.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #cameras = new Map<string, Paced>();
  readonly #scaled: (ms: number) => number;
  #next = 0;
  #ticked = 0;
  #load: PaceLoad = { offered: 0, capacity: 0, slower: 1 };
  /** running mean of a frame's time on a thread, ms */
  #frameMs = 40;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#scaled = (ms) => Math.max(1000, ms * (options.durationScale ?? 1));
  }

  /** A frame came. @param at hub time, ms UTC */
  heard(device: Device, at: number): void {
    const camera = this.#cameras.get(device.uid);
    if (camera === undefined) {
      this.#cameras.set(device.uid, {
        ...{ device, sum: 0, weight: 0, last: at, natural: 0, own: {} },
        ...{ wish: null, changed: Number.NEGATIVE_INFINITY },
      });
      return;
    }
    const gap = Math.max(1, at - camera.last);
    // a mean over about a minute whatever the rate is
    const share = 1 - Math.exp(-gap / this.#scaled(30_000));
    camera.sum += (1000 / gap - camera.sum) * share;
    camera.weight += (1 - camera.weight) * share;
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
    return { lastAt: camera.last, perSecond: rateOf(camera, now), wish: camera.wish };
  }

  /** As worked out last. */
  get load(): PaceLoad {
    return this.#load;
  }

  /**
   * @param states of a camera, one a view
   * @param recipes that it is watched for
   * @param runs what its edge says it runs
   */
  tick(
    now: number,
    states: (uid: string) => readonly CameraState[],
    recipes: (device: Device) => readonly Recipe[],
    runs: (device: Device) => PaceWish | null = () => null,
  ): void {
    if (now < this.#next) return;
    this.#next = now + this.#scaled(EVERY_MS);
    const kept = 0.5 ** (Math.max(0, now - this.#ticked) / this.#scaled(FORGET_MS));
    this.#ticked = now;
    let offered = 0;
    let demand = 0;
    for (const [uid, camera] of this.#cameras) {
      const silent = now - camera.last;
      if (silent >= this.#scaled(SILENT_MS)) {
        this.#cameras.delete(uid);
        if (camera.wish !== null) this.#options.onPace?.(camera.device, null);
        continue;
      }
      const rate = rateOf(camera, now);
      camera.natural = camera.wish?.interval_ms === undefined ? rate : Math.max(rate, camera.natural * kept);
      // the edge reports what it does without us some time after it was told so
      if (camera.wish === null && now - camera.changed >= this.#scaled(KEEP_MS)) camera.own = runs(camera.device) ?? {};
      offered += rate;
      // one that has stopped meanwhile would send nothing, slowed or not
      demand += silent > Math.max(5000, 3 * (camera.wish?.patrol_ms ?? 0)) ? rate : camera.natural;
    }
    const capacity = (this.#options.workers * 1000) / this.#frameMs;
    const load = capacity === 0 ? 0 : demand / (capacity * FULL);
    const slower = load <= 1 ? 1 : 2 ** Math.min(6, Math.ceil(Math.log2(load)));
    this.#load = { offered, capacity, slower };
    for (const [uid, camera] of this.#cameras) {
      const sampling = (this.#options.posture?.(camera.device) ?? NORMAL_POSTURE).sampling;
      const begun = new Set(states(uid).flatMap(waitingRecipes));
      this.#set(camera, wishFor(recipes(camera.device), begun, { slower, sampling, own: camera.own }), now);
    }
  }

  #set(camera: Paced, wish: PaceWish | null, now: number): void {
    if (JSON.stringify(wish) === JSON.stringify(camera.wish)) return;
    const faster = (wish?.patrol_ms ?? Number.POSITIVE_INFINITY) < (camera.wish?.patrol_ms ?? Number.POSITIVE_INFINITY);
    if (!faster && now - camera.changed < this.#scaled(KEEP_MS)) return;
    camera.wish = wish;
    camera.changed = now;
    this.#options.onPace?.(camera.device, wish);
  }
}

/** Frames a second; less once the next one is overdue. */
function rateOf({ sum, weight, last }: Paced, now: number): number {
  return weight === 0 ? 0 : Math.min(sum / weight, 1000 / Math.max(1, now - last));
}

function wishFor(
  watched: readonly Recipe[],
  begun: ReadonlySet<string>,
  { slower, sampling, own }: { readonly slower: number; readonly sampling: number; readonly own: PaceWish },
): PaceWish | null {
  if (watched.length === 0) return null;
  const period = (recipes: readonly Recipe[]): number => Math.min(...recipes.map((r) => r.patrolMs));
  const waiting = watched.filter((r) => begun.has(r.name));
  const faster = (ms: number): PaceWish | null => {
    const patrol_ms = Math.max(LEAST_MS, Math.round(ms));
    // what is faster of itself must not become slower by this, nor below what is slower of itself faster
    return patrol_ms >= (own.patrol_ms ?? Number.POSITIVE_INFINITY) ? null : { patrol_ms };
  };
  if (waiting.length > 0) return faster((period(waiting) / 2) * Math.min(1, sampling));
  if (slower === 1 && sampling === 1) return null;
  if (slower === 1 && sampling < 1) return faster(Math.min(period(watched), own.patrol_ms ?? Infinity) * sampling);
  const patrol = Math.max(period(watched), own.patrol_ms ?? 0) * slower * sampling;
  const patrol_ms = Math.max(LEAST_MS, Math.round(patrol));
  return slower === 1 ? { patrol_ms } : { patrol_ms, interval_ms: Math.max(LOOK_MS, own.interval_ms ?? 0) * slower };
}

import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { LastValues } from "./last-values.ts";

type Why = FrameHeader["why"];

/** What became of a camera's frames over the last ten minutes. */
export interface FrameTally {
  /** ms that the counts cover; less soon after the hub's start */
  readonly spanMs: number;
  /** by what the edge, or the hub for what has begun, sent them for */
  readonly samples: Readonly<Record<Why, { readonly offered: number; readonly looked: number }>>;
  /** part of all frames that detectors looked at, 0..1 */
  readonly share: number;
  /** from arrival at the hub to the result, over the last 32 frames; null = none was looked at */
  readonly ageMs: { readonly p50: number; readonly p95: number; readonly max: number } | null;
}

const WHYS: readonly Why[] = ["candidate", "motion", "patrol"];
const MINUTES = 10;
const MINUTE_MS = 60_000;
const AGES = 32;
const FIELDS = 2 * WHYS.length;

/** Counters a minute, ten minutes long. */
class Minutes {
  readonly #slots = new Uint32Array(MINUTES * FIELDS);
  #minute = 0;
  first = 0;

  add(field: number, at: number): void {
    this.#turn(at);
    this.#slots[(this.#minute % MINUTES) * FIELDS + field]++;
  }

  sum(field: number, at: number): number {
    this.#turn(at);
    let sum = 0;
    for (let i = field; i < this.#slots.length; i += FIELDS) sum += this.#slots[i];
    return sum;
  }

  get newest(): number {
    return this.#minute;
  }

  /** Empties what lies between the newest minute and now. A clock set back counts into the newest. */
  #turn(at: number): void {
    const minute = Math.floor(at / MINUTE_MS);
    if (this.#minute === 0) this.first = at;
    const from = Math.max(this.#minute + 1, minute - MINUTES + 1);
    for (let m = from; m <= minute; m++) this.#slots.fill(0, (m % MINUTES) * FIELDS, ((m % MINUTES) + 1) * FIELDS);
    this.#minute = Math.max(this.#minute, minute);
  }
}

interface Camera {
  readonly minutes: Minutes;
  readonly ages: LastValues;
}

/**
 * How detectors serve each camera: frames that came and frames that were looked at, by kind of sample, and how old they were. In memory
 * only, about 600 bytes a camera; a camera without frames for ten minutes is forgotten.
 */
export class FrameTallies {
  readonly #cameras = new Map<string, Camera>();
  readonly #all = new Minutes();

  /** @param at hub time, ms UTC */
  offered(uid: string, why: Why, at: number): void {
    this.#of(uid).minutes.add(2 * WHYS.indexOf(why), at);
    this.#all.add(2 * WHYS.indexOf(why), at);
  }

  /** @param ageMs from arrival to the result */
  looked(uid: string, why: Why, at: number, ageMs: number): void {
    const camera = this.#of(uid);
    camera.minutes.add(2 * WHYS.indexOf(why) + 1, at);
    this.#all.add(2 * WHYS.indexOf(why) + 1, at);
    camera.ages.add(ageMs);
  }

  of(uid: string, now: number): FrameTally {
    const camera = this.#cameras.get(uid);
    const count = (minutes: Minutes | undefined, i: number): number => minutes?.sum(i, now) ?? 0;
    const samples = Object.fromEntries(
      WHYS.map((why, i) => [
        why,
        { offered: count(camera?.minutes, 2 * i), looked: count(camera?.minutes, 2 * i + 1) },
      ]),
    ) as Record<Why, { offered: number; looked: number }>;
    const looked = WHYS.reduce((sum, why) => sum + samples[why].looked, 0);
    const all = WHYS.reduce((sum, _why, i) => sum + this.#all.sum(2 * i + 1, now), 0);
    const first = camera?.minutes.first ?? now;
    return {
      spanMs: Math.min(MINUTES * MINUTE_MS, Math.max(0, now - first)),
      samples,
      share: all === 0 ? 0 : Math.round((looked / all) * 1e4) / 1e4,
      ageMs: camera?.ages.quantiles() ?? null,
    };
  }

  sweep(now: number): void {
    const oldest = Math.floor(now / MINUTE_MS) - MINUTES;
    for (const [uid, { minutes }] of this.#cameras) if (minutes.newest < oldest) this.#cameras.delete(uid);
  }

  #of(uid: string): Camera {
    let camera = this.#cameras.get(uid);
    if (camera === undefined) this.#cameras.set(uid, (camera = { minutes: new Minutes(), ages: new LastValues(AGES) }));
    return camera;
  }
}

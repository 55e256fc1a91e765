import type { Random } from "./random.ts";

/** What can go wrong between a sensor and the hub. Probabilities are per message. */
export interface Faults {
  readonly drop?: number;
  readonly duplicate?: number;
  /** a message is held back and sent after the next one */
  readonly reorder?: number;
  /** the sensor repeats its last sample instead of measuring */
  readonly stuck?: number;
  /** the device's clock is ahead of true time by this, ms (negative = behind) */
  readonly clockSkewMs?: number;
}

export interface FaultCounts {
  dropped: number;
  duplicated: number;
  reordered: number;
  stuck: number;
}

/** A link that loses, doubles and swaps what passes through it; seeded, so a run can be repeated. */
export class FaultyLink<T> {
  readonly counts: FaultCounts = { dropped: 0, duplicated: 0, reordered: 0, stuck: 0 };
  private readonly faults: Faults;
  private readonly random: Random;
  private held: T | null = null;

  constructor(faults: Faults, random: Random) {
    this.faults = faults;
    this.random = random;
  }

  /** @returns what leaves the link now, in sending order */
  push(item: T): T[] {
    const { drop = 0, duplicate = 0, reorder = 0 } = this.faults;
    if (this.random.chance(drop)) {
      this.counts.dropped++;
      return [];
    }
    const copies = this.random.chance(duplicate) ? [item, item] : [item];
    this.counts.duplicated += copies.length - 1;
    if (this.held !== null) {
      copies.push(this.held);
      this.held = null;
    } else if (this.random.chance(reorder)) {
      this.counts.reordered++;
      this.held = item;
      return copies.slice(1);
    }
    return copies;
  }

  /** @returns what was held back, when nothing more will follow */
  flush(): T[] {
    const last = this.held === null ? [] : [this.held];
    this.held = null;
    return last;
  }
}

/** Wraps a measurement: now and then it repeats the last sample (`stuck`), and its clock may be wrong. */
export class FaultySensor<S extends { readonly ts: number }> {
  readonly counts: FaultCounts = { dropped: 0, duplicated: 0, reordered: 0, stuck: 0 };
  private readonly faults: Faults;
  private readonly random: Random;
  private readonly measure: (now: number) => S;
  private last: S | null = null;

  constructor(measure: (now: number) => S, faults: Faults, random: Random) {
    this.measure = measure;
    this.faults = faults;
    this.random = random;
  }

  sample(now: number): S {
    const repeat = this.last !== null && this.random.chance(this.faults.stuck ?? 0);
    if (repeat) this.counts.stuck++;
    else this.last = this.measure(now);
    return { ...(this.last as S), ts: now + (this.faults.clockSkewMs ?? 0) };
  }
}

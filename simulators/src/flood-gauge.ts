import type { Random } from "./random.ts";
import type { Tide } from "./tide.ts";

export interface FloodSample {
  /** ms UTC */
  readonly ts: number;
  /** water level above the gauge's datum, m */
  readonly level: number;
  /** rain since the last sample, mm */
  readonly rain: number;
  /** V */
  readonly battery: number;
}

/**
 * A gauge at a quay or in a culvert: the sea's level plus surge (a scenario's flood) plus wave noise. The datum is put so that
 * the highest tide stays `freeboard` below the warning level: without a surge it never warns.
 */
export class FloodGauge {
  /** m above the sea's own level; moves towards `surgeTarget` at `surgeRate` */
  surgeTarget = 0;
  /** m/s */
  surgeRate = 0.25;
  /** mm/h */
  rainRate = 0;
  private readonly random: Random;
  private readonly tide: Tide;
  private readonly base: number;
  private surge = 0;
  private lastAt = 0;
  private battery: number;

  /** @param meanLevel level that the gauge shows at mean sea level, m */
  constructor(tide: Tide, meanLevel: number, random: Random) {
    this.tide = tide;
    this.base = meanLevel;
    this.random = random;
    this.battery = random.between(12.2, 12.9);
  }

  sample(now: number): FloodSample {
    const seconds = this.lastAt === 0 ? 0 : Math.max(0, (now - this.lastAt) / 1000);
    this.lastAt = now;
    const step = this.surgeRate * seconds;
    this.surge += Math.max(-step, Math.min(step, this.surgeTarget - this.surge));
    return {
      ts: now,
      level: this.base + this.tide.levelAt(now) + this.surge + this.random.normal() * 0.006,
      rain: (this.rainRate * seconds) / 3600,
      battery: this.battery,
    };
  }
}

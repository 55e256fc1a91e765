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

export interface GaugeSite {
  /** level that the gauge shows at mean sea level, m */
  readonly meanLevel: number;
  /** how much of the tide reaches it: 1 at a quay, little in a culvert behind a gate */
  readonly tideShare: number;
}

/**
 * A gauge at a quay or in a culvert: a share of the tide plus surge (a scenario's flood) plus wave noise. Where warning level
 * minus mean level exceeds that share of the highest tide, it never warns without a surge.
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
  private readonly site: GaugeSite;
  private surge = 0;
  private lastAt = 0;
  private battery: number;

  constructor(tide: Tide, site: GaugeSite, random: Random) {
    this.tide = tide;
    this.site = site;
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
      level:
        this.site.meanLevel + this.site.tideShare * this.tide.levelAt(now) + this.surge + this.random.normal() * 0.0005, // a stilling well filters the waves
      rain: (this.rainRate * seconds) / 3600,
      battery: this.battery,
    };
  }
}

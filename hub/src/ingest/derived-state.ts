import type { CompiledProfile, DerivedDef } from "@gridhub/device-profiles/compiled.ts";
import { RateWindow } from "../rate-window.ts";

/** The derived metrics of a profile with what must be remembered for them; shared by its devices. */
export interface DerivedPlan {
  readonly profile: CompiledProfile;
  readonly derived: readonly DerivedDef[];
  /** metrics that a formula may need from earlier records */
  readonly kept: readonly number[];
  /** metric -> place in `kept`, -1 = not kept */
  readonly place: Int16Array;
  /** longest age asked for, ms */
  readonly maxAgeMs: number;
}

export function planDerived(profile: CompiledProfile): DerivedPlan {
  const derived = profile.derived ?? [];
  const kept = new Set<number>();
  let maxAgeMs = 0;
  for (const { how } of derived) {
    if (how.fn !== "formula" || how.maxAgeMs === 0) continue;
    maxAgeMs = Math.max(maxAgeMs, how.maxAgeMs);
    for (const metric of how.needs) kept.add(metric);
  }
  const place = new Int16Array(profile.metrics.length).fill(-1);
  [...kept].forEach((metric, i) => (place[metric] = i));
  return { profile, derived, kept: [...kept], place, maxAgeMs };
}

/** Durable form; metrics by name, since a new version of the profile numbers them anew. */
export interface StoredTrail {
  /** [ts, value, quality] */
  readonly known?: Readonly<Record<string, readonly [number, number, number]>>;
  /** of a derived change: [ts, value] of the source's newest sample, what a counter has added up */
  readonly last?: Readonly<Record<string, readonly [number, number, number]>>;
  readonly window?: Readonly<Record<string, readonly number[]>>;
  /** where a gap began that was too long for a difference: [ts, value] */
  readonly gap?: Readonly<Record<string, readonly [number, number]>>;
}

/** What one device's derived metrics remember of one sequence of records (the live one, or a backfill). */
export class Trail {
  readonly plan: DerivedPlan;
  readonly value: Float64Array;
  readonly at: Float64Array;
  readonly quality: Int16Array;
  // by derived metric
  readonly lastAt: Float64Array;
  readonly lastValue: Float64Array;
  /** increments of a counter added up, so that a rate sees no reset */
  readonly sum: Float64Array;
  readonly gapAt: Float64Array;
  readonly gapValue: Float64Array;
  readonly windows: readonly (RateWindow | null)[];

  constructor(plan: DerivedPlan) {
    const { derived, kept } = plan;
    this.plan = plan;
    this.value = new Float64Array(kept.length).fill(Number.NaN);
    this.at = new Float64Array(kept.length).fill(-Infinity);
    this.quality = new Int16Array(kept.length);
    this.lastAt = new Float64Array(derived.length).fill(-Infinity);
    this.lastValue = new Float64Array(derived.length);
    this.sum = new Float64Array(derived.length);
    this.gapAt = new Float64Array(derived.length).fill(-Infinity);
    this.gapValue = new Float64Array(derived.length);
    this.windows = derived.map(({ how }) => (how.fn === "rate" ? new RateWindow(how.windowMs) : null));
  }

  store(): StoredTrail {
    const { profile, kept, derived } = this.plan;
    const known: Record<string, [number, number, number]> = {};
    kept.forEach((metric, i) => {
      if (this.at[i] > 0) known[profile.metrics[metric].name] = [this.at[i], this.value[i], this.quality[i]];
    });
    const last: Record<string, [number, number, number]> = {};
    const window: Record<string, number[]> = {};
    const gap: Record<string, [number, number]> = {};
    derived.forEach(({ metric }, i) => {
      const { name } = profile.metrics[metric];
      if (this.lastAt[i] > 0) last[name] = [this.lastAt[i], this.lastValue[i], this.sum[i]];
      if (this.gapAt[i] > 0) gap[name] = [this.gapAt[i], this.gapValue[i]];
      const samples = this.windows[i]?.samples() ?? [];
      if (samples.length > 0) window[name] = samples;
    });
    return { known, last, window, gap };
  }

  restore({ known, last, window, gap }: StoredTrail): void {
    const { profile, kept, derived } = this.plan;
    kept.forEach((metric, i) => {
      const found = known?.[profile.metrics[metric].name];
      if (found !== undefined) [this.at[i], this.value[i], this.quality[i]] = found;
    });
    derived.forEach(({ metric }, i) => {
      const { name } = profile.metrics[metric];
      const [sample, before] = [last?.[name], gap?.[name]];
      if (sample !== undefined) [this.lastAt[i], this.lastValue[i], this.sum[i]] = sample;
      if (before !== undefined) [this.gapAt[i], this.gapValue[i]] = before;
      this.windows[i]?.restore(window?.[name] ?? []);
    });
  }
}

import type { Counter, DerivedDifference, DerivedFormula, DerivedRate } from "@gridhub/device-profiles/compiled.ts";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import { Quality, RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { type DerivedPlan, planDerived, type StoredTrail, Trail } from "./derived-state.ts";

interface Entry {
  readonly device: Device;
  live: Trail;
  /** of a backfill under way or the last one; null = never */
  past: Trail | null;
  dirty: boolean;
}

interface Stored {
  readonly v: 1;
  readonly live: StoredTrail;
  readonly past?: StoredTrail;
}

/** Flags of a source that are true of what is computed from it. */
const INHERITED =
  Quality.out_of_range | Quality.jump | Quality.stuck | Quality.clock | Quality.late | Quality.redecoded;

/**
 * Adds a profile's derived metrics to a record before it is stored, so that they are readings like any other: series, charts
 * and alarms need not know. See README.md for the semantics.
 */
export class DerivedMetrics {
  readonly #plans = new WeakMap<CompiledProfile, DerivedPlan>();
  readonly #entries = new Map<number, Entry>();
  readonly #values = new RecordBuffer();
  #dirty: Entry[] = [];

  /** Replaces everything: at the start and after a lost database connection. */
  load(rows: readonly FoldStateRow[], devices: Iterable<Device>): void {
    this.#entries.clear();
    this.#dirty = [];
    const stored = new Map<string, Stored>();
    for (const { room, key, state } of rows) if (room === "derived" && state !== null) stored.set(key, state as Stored);
    if (stored.size === 0) return;
    for (const device of devices) {
      const state = stored.get(device.uid);
      if (state === undefined || (device.profile.derived ?? []).length === 0) continue;
      const entry = this.#entry(device);
      entry.live.restore(state.live);
      if (state.past !== undefined) {
        entry.past = new Trail(entry.live.plan);
        entry.past.restore(state.past);
      }
    }
  }

  /**
   * @param ts sample time, ms UTC
   * @param late backfill, or older than the allowed lateness: a sequence of its own, so that the present is not disturbed
   */
  apply(device: Device, ts: number, record: RecordBuffer, late: boolean): void {
    const { derived } = device.profile;
    if (derived === undefined || derived.length === 0) return;
    const entry = this.#entry(device);
    const trail = late ? this.#past(entry, ts) : entry.live;
    for (let i = 0; i < derived.length; i++) {
      const { metric, how } = derived[i];
      if (placeOf(record, metric) >= 0) continue; // the device says so itself
      if (how.fn === "formula") this.#formula(trail, metric, how, ts, record);
      else if (change(trail, i, metric, how, ts, record)) this.#touch(entry);
    }
    if (this.#keep(trail, ts, record)) this.#touch(entry);
  }

  drain(out: FoldStateRow[]): void {
    for (const entry of this.#dirty) {
      entry.dirty = false;
      const { device, live, past } = entry;
      const state: Stored = { v: 1, live: live.store(), ...(past !== null && { past: past.store() }) };
      out.push({ room: "derived", key: device.uid, state });
    }
    this.#dirty.length = 0;
  }

  #entry(device: Device): Entry {
    const known = this.#entries.get(device.id);
    if (known !== undefined && known.live.plan.profile === device.profile) return known;
    let plan = this.#plans.get(device.profile);
    if (plan === undefined) {
      plan = planDerived(device.profile);
      this.#plans.set(device.profile, plan);
    }
    const live = new Trail(plan);
    // a new version of the profile goes on where the old one was
    if (known !== undefined) live.restore(known.live.store());
    const entry: Entry = { device, live, past: null, dirty: false };
    this.#entries.set(device.id, entry);
    return entry;
  }

  /** The sequence of a backfill: begins where the live one has a gap; one that jumps back begins anew. */
  #past(entry: Entry, ts: number): Trail {
    let past = entry.past;
    if (past === null || Math.max(...past.lastAt, ...past.at) > ts) {
      past = new Trail(entry.live.plan);
      const { gapAt, gapValue } = entry.live;
      for (let i = 0; i < gapAt.length; i++) {
        if (!(gapAt[i] > 0 && gapAt[i] < ts)) continue;
        past.lastAt[i] = gapAt[i];
        past.lastValue[i] = gapValue[i];
      }
      entry.past = past;
    }
    return past;
  }

  #formula(trail: Trail, metric: number, how: DerivedFormula, ts: number, record: RecordBuffer): void {
    const values = this.#values;
    const { plan } = trail;
    values.reset();
    let quality = 0;
    let news = false;
    for (const needed of how.needs) {
      const at = placeOf(record, needed);
      if (at >= 0) {
        news = true;
        quality |= record.quality[at];
        values.push(needed, record.num[at], 0);
        continue;
      }
      const place = plan.place[needed];
      // a value from after this record is no knowledge at its time
      if (place < 0 || !(trail.at[place] <= ts && ts - trail.at[place] <= how.maxAgeMs)) return;
      quality |= trail.quality[place];
      values.push(needed, trail.value[place], 0);
    }
    if (news) push(record, plan, metric, how.evaluate(values), quality);
  }

  /** Remembers what formulas may need later. @returns true when the durable copy is too old */
  #keep(trail: Trail, ts: number, record: RecordBuffer): boolean {
    const { place, kept, maxAgeMs } = trail.plan;
    if (kept.length === 0) return false;
    let worth = false;
    for (let i = 0; i < record.n; i++) {
      const at = place[record.metric[i]];
      const value = record.num[i];
      if (at < 0 || value !== value || ts < trail.at[at]) continue;
      // an unchanged value is written again when a tenth of its life is over
      worth ||= trail.value[at] !== value || ts - trail.at[at] > maxAgeMs / 10;
      trail.value[at] = value;
      trail.at[at] = ts;
      trail.quality[at] = record.quality[i];
    }
    return worth;
  }

  #touch(entry: Entry): void {
    if (entry.dirty) return;
    entry.dirty = true;
    this.#dirty.push(entry);
  }
}

/** @returns true when the durable copy is too old */
function change(
  trail: Trail,
  i: number,
  metric: number,
  how: DerivedRate | DerivedDifference,
  ts: number,
  record: RecordBuffer,
): boolean {
  const at = placeOf(record, how.of);
  // out of order: the records around it have been counted, and their sum is right
  if (at < 0 || Number.isNaN(record.num[at]) || ts <= trail.lastAt[i]) return false;
  const value = record.num[at];
  const before = trail.lastAt[i];
  let quality = record.quality[at];
  let step = value - trail.lastValue[i];
  if (how.counter !== null && step < 0) {
    step = wrapped(step, value, how.counter);
    quality |= Quality.jump;
  }
  const first = before === -Infinity;
  if (!first) trail.sum[i] += step;
  trail.lastAt[i] = ts;
  const previous = trail.lastValue[i];
  trail.lastValue[i] = value;
  if (how.fn === "difference") {
    if (first) return true;
    if (ts - before > how.maxGapMs) {
      // what was counted meanwhile may still come by backfill, and must not count twice
      trail.gapAt[i] = before;
      trail.gapValue[i] = previous;
    } else push(record, trail.plan, metric, step * how.factor, quality);
    return true;
  }
  const window = trail.windows[i];
  if (window === null) return false;
  const { kept } = window;
  const rate = window.add(ts, how.counter === null ? value : trail.sum[i]);
  if (!Number.isNaN(rate)) push(record, trail.plan, metric, rate * how.factor, quality);
  return window.kept !== kept;
}

/**
 * Increase of a counter that went backwards. It rolled over where the way through its end is the shorter one, else it was
 * set to zero and has counted to `value` since.
 */
function wrapped(step: number, value: number, { rollover }: Counter): number {
  if (rollover === null) return value;
  const through = step + rollover;
  return through >= 0 && through < rollover / 2 ? through : value;
}

function push(record: RecordBuffer, { profile }: DerivedPlan, metric: number, value: number, sources: number): void {
  const { range } = profile.metrics[metric];
  let quality = Quality.derived | (sources & INHERITED);
  if (!Number.isFinite(value)) record.push(metric, Number.NaN, quality | Quality.invalid);
  else {
    // a source out of its range says so by the value that is computed, where that has a range of its own
    if (range !== null && (value < range[0] || value > range[1])) quality |= Quality.out_of_range;
    record.push(metric, value, quality);
  }
}

function placeOf(record: RecordBuffer, metric: number): number {
  for (let i = 0; i < record.n; i++) if (record.metric[i] === metric) return i;
  return -1;
}

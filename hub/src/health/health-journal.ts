import { DueQueue } from "../due-queue.ts";
import type { ListeningClock } from "../listening-clock.ts";
import type { HealthChange, HealthState } from "../store/batch.ts";
import { DeviceHealth, type EdgeHealth, HealthTimer } from "./health-record.ts";

/** What the device and the edge machines write to: changes of state, dirty records, timers, and the flapping that both know. */
export class HealthJournal {
  readonly clock: ListeningClock;
  readonly timers = new DueQueue<HealthTimer>();
  readonly counts: Record<HealthState, number> = { unknown: 0, online: 0, late: 0, offline: 0, flapping: 0 };
  changes: HealthChange[] = [];
  dirty: (DeviceHealth | EdgeHealth)[] = [];
  readonly #flapCount: number;
  readonly #flapWindowMs: number;

  constructor(clock: ListeningClock, flapCount: number, flapWindowMs: number) {
    this.clock = clock;
    this.#flapCount = flapCount;
    this.#flapWindowMs = flapWindowMs;
  }

  clear(): void {
    this.timers.clear();
    this.changes = [];
    this.dirty = [];
    for (const state of Object.keys(this.counts) as HealthState[]) this.counts[state] = 0;
  }

  /** @param now hub time, ms UTC */
  set(record: DeviceHealth | EdgeHealth, to: HealthState, reason: string, now: number): void {
    if (record.state === to && record.reason === reason) return;
    const { state: from, subject, deviceId } = record;
    if (record instanceof DeviceHealth) {
      this.counts[from]--;
      this.counts[to]++;
    }
    if (from !== to) record.since = now;
    record.state = to;
    record.reason = reason;
    this.changes.push({ subject, deviceId, ts: now, from, to, reason });
    this.touch(record);
  }

  touch(record: DeviceHealth | EdgeHealth): void {
    if (record.dirty) return;
    record.dirty = true;
    this.dirty.push(record);
  }

  /** A change between up and down: too many of them in the window is flapping, which ends after half a window of calm. */
  changed(record: DeviceHealth | EdgeHealth, now: number): void {
    const recent = (record.changes ?? []).filter((t) => now - t < this.#flapWindowMs && t <= now);
    recent.push(now);
    record.changes = recent.slice(-this.#flapCount);
    if (record.changes.length >= this.#flapCount) record.flapping = true;
    if (record.flapping) this.awaitCalm(record);
    this.touch(record);
  }

  awaitCalm(record: DeviceHealth | EdgeHealth): void {
    record.calm ??= new HealthTimer("calm", record);
    this.timers.remove(record.calm);
    this.timers.set(record.calm, this.clock.listened + this.#flapWindowMs / 2);
  }

  calmed(record: DeviceHealth | EdgeHealth): void {
    record.flapping = false;
    record.changes = null;
    record.calm = null;
    this.touch(record);
  }
}

import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";
import { DueQueue } from "../due-queue.ts";
import type { AlarmMachine } from "./alarm-machine.ts";
import { Lane, type StoredLane } from "./lane.ts";
import type { Plan } from "./plan.ts";

/** A history run ends when no old record came for this long, ms (scaled). */
const IDLE_MS = 600_000;

/**
 * Old records run through alarms of their own, so that what happened while an edge was away is found and marked `late`, and the
 * live state is never touched. A run ends when the records stop or jump back in time; what is still active then ends with it.
 */
export class History {
  readonly #machine: AlarmMachine;
  readonly #touch: (lane: Lane) => void;
  readonly #lateness: number;
  readonly #idleMs: number;
  readonly #lanes = new Map<number, Lane>();
  readonly #idle = new DueQueue<Lane>();

  constructor(machine: AlarmMachine, touch: (lane: Lane) => void, latenessMs: number, scale: number) {
    this.#machine = machine;
    this.#touch = touch;
    this.#lateness = latenessMs;
    this.#idleMs = Math.max(2 * latenessMs * Math.min(1, scale), IDLE_MS * scale);
  }

  get size(): number {
    return this.#idle.size;
  }

  clear(): void {
    this.#lanes.clear();
    this.#idle.clear();
  }

  restore(device: Device, plan: Plan, stored: StoredLane, listened: number): void {
    const lane = new Lane(device, plan, true);
    lane.restore(stored);
    lane.kept = true;
    this.#lanes.set(device.id, lane);
    this.#idle.set(lane, listened + this.#idleMs);
  }

  /**
   * @param listened listening time of the hub, ms
   * @param restingOnly leave out alarms about which the live lane knows more
   */
  observe(live: Lane, ts: number, record: RecordBuffer, listened: number, restingOnly: boolean): void {
    const { plan, device } = live;
    let lane = this.#lanes.get(device.id);
    if (lane !== undefined && (lane.plan !== plan || ts < lane.watermark - this.#lateness)) this.#end(lane);
    if (lane === undefined || lane.plan !== plan) {
      const { kept = false } = lane ?? {};
      lane = new Lane(device, plan, true);
      lane.kept = kept;
      if (kept) this.#touch(lane);
    }
    this.#lanes.set(device.id, lane);
    this.#idle.set(lane, listened + this.#idleMs);
    if (lane.attributes !== device.attributes) lane.refreshLimits();
    if (ts < lane.watermark) return; // the order of a backfill is that of the spool; single stragglers say nothing new
    lane.watermark = ts;
    for (const a of lane.alarms) if (a !== null) this.#machine.advance(a, ts);
    for (let i = 0; i < record.n; i++) {
      const use = plan.byMetric[record.metric[i]];
      if (use == null || Number.isNaN(record.num[i])) continue;
      for (const input of use.inputs) {
        const rate = lane.rates?.[input] ?? null;
        lane.seen[input] = ts;
        lane.values[input] = rate === null ? record.num[i] : rate.add(ts, record.num[i]);
      }
    }
    for (const alarm of plan.alarms) {
      if (alarm.silence >= 0 || !this.#concerns(lane, alarm.inputs, ts)) continue;
      if (!restingOnly || live.alarms[alarm.index] === null) this.#machine.reading(lane, alarm, ts, ts, 0);
    }
  }

  /** Ends runs that have been idle. */
  tick(listened: number): void {
    for (let lane = this.#idle.take(listened); lane !== undefined; lane = this.#idle.take(listened)) this.#end(lane);
  }

  /** Forgets the history of a device that got another profile; what was active ends with the next tick's findings. */
  close(device: Device): void {
    const lane = this.#lanes.get(device.id);
    if (lane !== undefined) this.#idle.set(lane, -Infinity);
  }

  owns(lane: Lane): boolean {
    return this.#lanes.get(lane.device.id) === lane;
  }

  /** After its row was handed over, an ended run needs no memory. */
  drained(lane: Lane): void {
    if (lane.slot < 0) this.#lanes.delete(lane.device.id);
  }

  #concerns(lane: Lane, inputs: readonly number[], ts: number): boolean {
    for (const input of inputs) if (lane.seen[input] === ts) return true;
    return false;
  }

  #end(lane: Lane): void {
    for (const a of lane.alarms) if (a !== null) this.#machine.end(a, lane.watermark);
    lane.values.fill(Number.NaN);
    lane.seen.fill(-Infinity);
    for (const rate of lane.rates ?? []) rate?.reset();
    lane.watermark = -Infinity;
    this.#idle.remove(lane);
    if (lane.kept) this.#touch(lane);
    else if (!lane.dirty) this.#lanes.delete(lane.device.id);
  }
}

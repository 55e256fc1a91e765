import { Quality, type RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { Device } from "../device.ts";

/** What the last reading of each metric was; only for profiles that ask for it. Memory only: a restart begins anew. */
interface Trail {
  readonly value: Float64Array;
  readonly time: Float64Array;
  readonly changed: Float64Array;
}

/** Adds the quality flags that need the previous reading: jumps and values that never move. */
export class QualityWatch {
  #trails = new WeakMap<Device, Trail>();

  flag(device: Device, ts: number, record: RecordBuffer): void {
    const { metrics } = device.profile;
    let trail: Trail | undefined;
    for (let i = 0; i < record.n; i++) {
      const metric = record.metric[i];
      const { maxStep, stuckMs } = metrics[metric];
      if (maxStep === null && stuckMs === null) continue;
      trail ??= this.#trail(device);
      const value = record.num[i];
      const last = trail.time[metric];
      if (Number.isNaN(value) || ts < last) continue;
      const step = Math.abs(value - trail.value[metric]);
      if (last > 0 && maxStep !== null && step > maxStep.by * Math.max(1, (ts - last) / maxStep.ms)) {
        record.quality[i] |= Quality.jump;
      }
      if (last === 0 || step > 0) trail.changed[metric] = ts;
      else if (stuckMs !== null && ts - trail.changed[metric] > stuckMs) record.quality[i] |= Quality.stuck;
      trail.value[metric] = value;
      trail.time[metric] = ts;
    }
  }

  #trail(device: Device): Trail {
    const size = device.profile.metrics.length;
    let trail = this.#trails.get(device);
    if (trail === undefined || trail.value.length !== size) {
      trail = { value: new Float64Array(size), time: new Float64Array(size), changed: new Float64Array(size) };
      this.#trails.set(device, trail);
    }
    return trail;
  }
}

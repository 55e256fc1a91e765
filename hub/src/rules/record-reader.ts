import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import type { AlarmMachine } from "./alarm-machine.ts";
import type { Lane } from "./lane.ts";
import type { Plan } from "./plan.ts";

/** Takes the values of one record over into a live lane and tells the alarms that they concern. Allocates nothing. */
export class RecordReader {
  readonly #machine: AlarmMachine;
  // one record: values as sampled, and which inputs and alarms it concerns (by stamp)
  #sample = new Float64Array(0);
  #before = new Float64Array(0);
  #sampled = new Int32Array(0);
  #concerned = new Int32Array(0);
  #stamp = 0;

  constructor(machine: AlarmMachine) {
    this.#machine = machine;
  }

  /** Makes room for the records of a plan. */
  fit(plan: Plan): void {
    if (plan.inputs.length <= this.#sample.length && plan.alarms.length <= this.#concerned.length) return;
    const inputs = Math.max(this.#sample.length, plan.inputs.length + 16);
    this.#sample = new Float64Array(inputs);
    this.#before = new Float64Array(inputs);
    this.#sampled = new Int32Array(inputs);
    this.#concerned = new Int32Array(Math.max(this.#concerned.length, plan.alarms.length + 16));
  }

  /** All alarms by the values that are known, at event time of hub time `now`: the limits are others. */
  judge(lane: Lane, now: number): void {
    for (const alarm of lane.plan.alarms) {
      if (alarm.silence >= 0 || alarm.def.repeat !== null) continue;
      const a = lane.alarms[alarm.index];
      const skew = a?.skew ?? lane.behind;
      const t = Math.max(now - skew, lane.watermark);
      if (a !== null && !a.stale) this.#machine.advance(a, t);
      this.#machine.reading(lane, alarm, t, lane.watermark, skew);
    }
  }

  /** @returns true when an older reading holds something that only history may tell */
  read(lane: Lane, t: number, skew: number, record: RecordBuffer): boolean {
    const { plan } = lane;
    const stamp = ++this.#stamp;
    let any = false;
    for (let i = 0; i < record.n; i++) {
      const use = plan.byMetric[record.metric[i]];
      const value = record.num[i];
      if (use == null || value !== value) continue;
      for (let k = 0; k < use.inputs.length; k++) {
        const input = use.inputs[k];
        const before = lane.seen[input];
        this.#before[input] = before;
        this.#sampled[input] = stamp;
        const rate = lane.rates === null ? null : lane.rates[input];
        if (t >= before) {
          lane.seen[input] = t;
          lane.values[input] = rate === null ? value : rate.add(t, value);
        }
        this.#sample[input] = rate === null ? value : Number.NaN;
      }
      for (let k = 0; k < use.alarms.length; k++) {
        this.#concerned[use.alarms[k]] = stamp;
        any = true;
      }
    }
    if (!any) return false;
    let blip = false;
    for (let i = 0; i < plan.alarms.length; i++) {
      if (this.#concerned[i] !== stamp) continue;
      const alarm = plan.alarms[i];
      let newest = -Infinity;
      let complete = true;
      for (let k = 0; k < alarm.inputs.length; k++) {
        const input = alarm.inputs[k];
        if (this.#sampled[input] !== stamp) {
          complete = false;
          this.#sample[input] = Number.NaN;
        } else if (this.#before[input] > newest) newest = this.#before[input];
      }
      if (t >= newest) this.#machine.reading(lane, alarm, t, newest, skew);
      else if (lane.alarms[i] !== null) this.#machine.straggler(lane, alarm, t, this.#sample);
      else if (complete && alarm.forMs === 0 && alarm.def.repeat === null) blip = true;
    }
    return blip;
  }
}

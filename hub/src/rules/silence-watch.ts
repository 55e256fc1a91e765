import type { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { DueQueue } from "../due-queue.ts";
import type { Finding } from "../finding.ts";
import type { ListeningClock } from "../listening-clock.ts";
import type { AlarmMachine } from "./alarm-machine.ts";
import type { Lane, Silence } from "./lane.ts";

/** Silence shorter than this starts anew after a restart; longer ones are kept, to a tenth. ms */
const KEPT_SILENCE_MS = 600_000;

/** no_data: one timer a metric watched, in listening time. */
export class SilenceWatch {
  readonly #clock: ListeningClock;
  readonly #machine: AlarmMachine;
  readonly #touch: (lane: Lane) => void;
  readonly #queue = new DueQueue<Silence>();

  constructor(clock: ListeningClock, machine: AlarmMachine, touch: (lane: Lane) => void) {
    this.#clock = clock;
    this.#machine = machine;
    this.#touch = touch;
  }

  clear(): void {
    this.#queue.clear();
  }

  /** Starts the timer. @param stopped hub time when the hub was last known to run before a restart; NaN = start from now */
  arm(s: Silence, stopped: number): void {
    if (s.lane.alarms[s.alarm.index] !== null) return;
    // `heard` may be older than the truth by the tenth that is not written
    const silent = Math.max(0, stopped - s.heard - s.alarm.silenceMs / 10) || 0;
    this.#queue.remove(s);
    this.#queue.set(s, this.#clock.listened + Math.max(0, s.alarm.silenceMs - silent));
  }

  remove(s: Silence): void {
    this.#queue.remove(s);
  }

  /** What a record says about silence. Allocates nothing. @param hub time of the record in hub time, ms UTC */
  hear(lane: Lane, record: RecordBuffer, hub: number): void {
    const listened = this.#clock.at(hub);
    for (let i = 0; i < record.n; i++) {
      const use = lane.plan.byMetric[record.metric[i]];
      if (use == null || use.silences.length === 0) continue;
      if (record.num[i] !== record.num[i] && record.text[i] === null) continue;
      for (let k = 0; k < use.silences.length; k++) {
        const s = lane.silences[use.silences[k]];
        s.heard = hub;
        const active = lane.alarms[s.alarm.index];
        if (active !== null) this.#machine.heard(active, hub);
        const due = listened + s.alarm.silenceMs;
        if (s.slot < 0) this.#queue.set(s, due);
        else if (due > s.due) s.due = due; // later than its key: no work in the heap
        if (isKept(s) && !(hub - s.stored < s.alarm.silenceMs / 10)) this.#touch(lane);
      }
    }
  }

  tick(now: number, out: Finding[]): void {
    this.#machine.out = out;
    const { listened } = this.#clock;
    for (let s = this.#queue.take(listened); s !== undefined; s = this.#queue.take(listened)) {
      this.#machine.silent(s.lane, s.alarm, s.heard, now);
    }
  }
}

/** Whether the time of the last value is part of the durable state. */
export function isKept(s: Silence): boolean {
  return s.alarm.silenceMs >= KEPT_SILENCE_MS;
}

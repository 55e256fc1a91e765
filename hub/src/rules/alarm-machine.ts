import type { DueQueue } from "../due-queue.ts";
import type { Finding } from "../finding.ts";
import { alarmFinding, hits } from "./alarm-finding.ts";
import { AlarmState } from "./alarm-state.ts";
import type { Lane } from "./lane.ts";
import { evaluate, type PlannedAlarm } from "./plan.ts";

/**
 * rest -> pending (`when` holds, `for` runs) -> active -> clearing (`clear` holds, `clear_for` runs) -> rest.
 * A value holds until the next one: timers run out between readings, by a later reading's time or by the hub's clock.
 */
export class AlarmMachine {
  readonly timers: DueQueue<AlarmState>;
  /** where findings of the call under way go */
  out: Finding[] = [];
  readonly #touch: (lane: Lane) => void;

  constructor(timers: DueQueue<AlarmState>, touch: (lane: Lane) => void) {
    this.timers = timers;
    this.#touch = touch;
  }

  /** The newest reading of the alarm's metrics; the lane's values hold it. `before` = event time of the one before. */
  reading(lane: Lane, alarm: PlannedAlarm, ts: number, before: number, skew: number): void {
    const held = evaluate(alarm.when, lane.values, lane.limits);
    const a = lane.alarms[alarm.index];
    if (a === null && held !== 1) return; // the usual case: nothing was and nothing is
    if (a !== null && a.phase === "active") this.#whileActive(a, held, ts, skew);
    else if (held !== -1) this.#whileQuiet(lane, alarm, a, held === 1, ts, before, skew);
  }

  /**
   * A reading older than the newest of its metrics but within the lateness, its values in `sample`. It may lengthen or shorten
   * a hold, never raise or clear at once.
   */
  straggler(lane: Lane, alarm: PlannedAlarm, ts: number, sample: Float64Array): void {
    const a = lane.alarms[alarm.index];
    if (a === null || alarm.def.repeat !== null) return;
    const held = evaluate(alarm.when, sample, lane.limits);
    if (a.phase === "pending") {
      if (held === 1 && ts > a.floor && ts < a.since) a.since = ts;
      else if (held === 0 && ts > a.floor) {
        a.floor = ts;
        if (ts >= a.since) a.since = a.last;
      } else return;
      this.#touch(lane);
      if (a.last - a.since >= alarm.forMs) this.#raise(a, a.since + alarm.forMs);
      else this.arm(a);
    } else if (a.phase === "active" && ts >= a.clearSince && this.#clears(a, held, sample) === 0) {
      a.clearSince = a.last;
      this.#touch(lane);
      this.arm(a);
    }
  }

  /** Lets everything happen that was due before event time `ts`; called before a reading's values are taken over. */
  advance(a: AlarmState, ts: number): void {
    for (let due = nextDue(a); due < ts; due = nextDue(a)) {
      this.#fire(a, due);
      if (a.lane.alarms[a.alarm.index] !== a) return;
    }
  }

  /** A timer of the live lane ran out at hub time `now`. */
  tick(a: AlarmState, now: number): void {
    const due = nextDue(a);
    if (due + a.skew <= now) this.#fire(a, due);
    if (a.lane.alarms[a.alarm.index] === a) this.arm(a);
  }

  /** Silence began at hub time `since` (NaN = never heard). */
  silent(lane: Lane, alarm: PlannedAlarm, since: number, now: number): void {
    const active = lane.alarms[alarm.index];
    if (active !== null) {
      // silent again while `clear_for` ran
      active.clearSince = Number.NaN;
      active.floor = now;
      this.#touch(lane);
      this.arm(active);
      return;
    }
    const a = new AlarmState(lane, alarm);
    lane.alarms[alarm.index] = a;
    a.since = since;
    this.#raise(a, now);
  }

  /** A value came back at `ts` after silence. @returns true when the alarm is cleared */
  heard(a: AlarmState, ts: number): boolean {
    const at = Math.max(ts, a.raisedAt);
    if (a.alarm.clearForMs === 0) {
      this.#clear(a, at);
      return true;
    }
    a.stale = false;
    if (Number.isNaN(a.clearSince)) {
      a.clearSince = at;
      this.#touch(a.lane);
      this.arm(a);
    }
    this.advance(a, at);
    return a.lane.alarms[a.alarm.index] === null;
  }

  /** The edge is away: holds stop, since nothing is known until the next reading. Active alarms stay and keep their ladder. */
  hold(a: AlarmState): void {
    if (a.phase === "active" && Number.isNaN(a.clearSince)) return;
    a.stale = true;
    this.#touch(a.lane);
    this.arm(a);
  }

  /** Ends an alarm for another reason than its all-clear (end of a history run). */
  end(a: AlarmState, ts: number): void {
    if (a.phase === "active") this.#clear(a, ts);
    else this.#rest(a);
  }

  /** The device's clock was set: event times move by `by`, deadlines stay. */
  rebase(a: AlarmState, by: number): void {
    a.since += by;
    a.floor = -Infinity;
    a.last += by;
    a.raisedAt += by;
    a.clearSince += by;
    a.skew -= by;
    this.#touch(a.lane);
  }

  #whileQuiet(
    lane: Lane,
    alarm: PlannedAlarm,
    state: AlarmState | null,
    held: boolean,
    ts: number,
    before: number,
    skew: number,
  ): void {
    let a = state;
    if (a === null) {
      if (!held) return;
      a = new AlarmState(lane, alarm);
      lane.alarms[alarm.index] = a;
    }
    const on = alarm.def.repeat === null ? held : this.#repeated(a, held, ts);
    const resumed = a.stale;
    a.stale = false;
    if (!on) {
      if (a.phase === "pending") this.#touch(lane);
      a.phase = "rest";
      a.since = Number.NaN;
      if (a.mask === 0) this.#rest(a);
      else this.timers.remove(a);
      return;
    }
    if (a.phase === "rest") {
      a.phase = "pending";
      a.since = ts;
      a.floor = before;
      a.skew = skew;
      this.#touch(lane);
    }
    a.last = ts;
    if (ts - a.since >= alarm.forMs) this.#raise(a, resumed ? ts : a.since + alarm.forMs);
    else this.arm(a);
  }

  #whileActive(a: AlarmState, held: -1 | 0 | 1, ts: number, skew: number): void {
    const verdict = this.#clears(a, held, a.lane.values, ts);
    if (verdict === -1) return;
    if (verdict === 0) {
      if (!Number.isNaN(a.clearSince)) {
        a.clearSince = Number.NaN;
        a.floor = ts;
        a.stale = false;
        this.#touch(a.lane);
        this.arm(a);
      }
      return;
    }
    a.stale = false;
    a.last = ts;
    if (Number.isNaN(a.clearSince)) {
      a.clearSince = ts;
      a.skew = skew;
      this.#touch(a.lane);
    }
    if (ts - a.clearSince >= a.alarm.clearForMs) this.#clear(a, ts);
    else this.arm(a);
  }

  /** 1 speaks for the all-clear, 0 against it, -1 unknown. `ts` = the reading counts for `repeat`. */
  #clears(a: AlarmState, held: -1 | 0 | 1, values: Float64Array, ts = Number.NaN): -1 | 0 | 1 {
    if (a.alarm.clear.length > 0) return evaluate(a.alarm.clear, values, a.lane.limits);
    if (held === -1) return -1;
    if (a.alarm.def.repeat !== null && !Number.isNaN(ts)) return this.#repeated(a, held === 1, ts) ? 0 : 1;
    return held === 1 ? 0 : 1;
  }

  /** Counts one record; a second record of the same time replaces the first. @returns whether M of the last N hold */
  #repeated(a: AlarmState, held: boolean, ts: number): boolean {
    const { m, n } = a.alarm.def.repeat as { m: number; n: number };
    const bit = held ? 1 : 0;
    const old = a.mask;
    const window = 2 ** Math.min(n, 31) - 1;
    a.mask = ts === a.maskTs ? (old & ~1) | bit : ((old << 1) | bit) & window;
    a.maskTs = ts;
    if (a.mask !== old) this.#touch(a.lane);
    return hits(a.mask) >= m;
  }

  #fire(a: AlarmState, ts: number): void {
    if (a.phase === "pending") this.#raise(a, ts);
    else if (!Number.isNaN(a.clearSince)) this.#clear(a, ts);
    else this.#escalate(a, ts);
  }

  #raise(a: AlarmState, ts: number): void {
    a.phase = "active";
    a.raisedAt = ts;
    a.severity = a.alarm.def.severity;
    a.clearSince = Number.NaN;
    a.floor = -Infinity;
    this.out.push(alarmFinding(a, "raise", ts, a.severity));
    this.#touch(a.lane);
    this.arm(a);
  }

  #escalate(a: AlarmState, ts: number): void {
    const held = ts - a.raisedAt;
    const before = a.severity;
    for (const step of a.alarm.steps) if (step.afterMs <= held && step.to < a.severity) a.severity = step.to;
    if (a.severity !== before) this.out.push(alarmFinding(a, "update", ts, a.severity));
    this.#touch(a.lane);
    this.arm(a);
  }

  /** The severity goes back with the all-clear: the next raise begins at the bottom of the ladder again. */
  #clear(a: AlarmState, ts: number): void {
    this.out.push(alarmFinding(a, "clear", ts, a.alarm.def.severity));
    this.#rest(a);
  }

  #rest(a: AlarmState): void {
    this.timers.remove(a);
    a.lane.alarms[a.alarm.index] = null;
    this.#touch(a.lane);
  }

  /** Sets the alarm's timer to what happens next. History has no clock but its own records. */
  arm(a: AlarmState): void {
    if (!a.lane.late) this.timers.set(a, nextDue(a) + a.skew);
  }
}

/** Event time of what happens next if no reading comes; Infinity = nothing. */
function nextDue(a: AlarmState): number {
  if (a.stale || a.phase === "rest") return Infinity;
  if (a.phase === "pending") return a.since + a.alarm.forMs;
  if (!Number.isNaN(a.clearSince)) return a.clearSince + a.alarm.clearForMs;
  for (const step of a.alarm.steps) if (step.to < a.severity) return Math.max(a.raisedAt + step.afterMs, a.floor);
  return Infinity;
}

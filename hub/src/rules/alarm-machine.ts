import type { DueQueue } from "../due-queue.ts";
import type { Finding } from "../finding.ts";
import { clearDue, isLatched, nextDue, quietDue } from "./alarm-due.ts";
import { hits } from "./alarm-finding.ts";
import type { AlarmState } from "./alarm-state.ts";
import { AlarmTransitions } from "./alarm-transitions.ts";
import type { Lane } from "./lane.ts";
import { evaluate, type PlannedAlarm } from "./plan.ts";
import { judgeLevels } from "./severity-ladder.ts";

/**
 * rest -> pending (`when` holds, `for` runs) -> active -> clearing (`clear` holds, `clear_for` runs) -> rest.
 * Outside its schedule an alarm whose condition holds is waiting.
 * A value holds until the next one: timers run out between readings, by a later reading's time or by the hub's clock.
 */
export class AlarmMachine {
  readonly #to: AlarmTransitions;
  readonly #touch: (lane: Lane) => void;

  constructor(timers: DueQueue<AlarmState>, touch: (lane: Lane) => void) {
    this.#to = new AlarmTransitions(timers, touch);
    this.#touch = touch;
  }

  /** where findings of the call under way go */
  set out(out: Finding[]) {
    this.#to.out = out;
  }

  arm(a: AlarmState): void {
    this.#to.arm(a);
  }

  /** The newest reading of the alarm's metrics; the lane's values hold it. `before` = event time of the one before. */
  reading(lane: Lane, alarm: PlannedAlarm, ts: number, before: number, skew: number): void {
    alarm.counts.evaluated++;
    const held = evaluate(alarm.when, lane.values, lane.limits);
    let a = lane.alarms[alarm.index];
    if (a === null && held !== 1) return; // the usual case: nothing was and nothing is
    if (alarm.hours !== null) {
      if (this.#isShut(lane, alarm, a, held, ts, before, skew)) return;
      a = lane.alarms[alarm.index];
    }
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
      // where the device's clock may be behind, nobody knows whether it held that long
      if (held === 1 && ts > a.floor && ts < a.since && !lane.setBack) a.since = ts;
      else if (held === 0 && ts > a.floor) {
        a.floor = ts;
        if (ts >= a.since) a.since = a.last;
      } else return;
      this.#touch(lane);
      if (a.last - a.since >= alarm.forMs) this.#to.raise(a, a.since + alarm.forMs);
      else this.arm(a);
    } else if (a.phase === "active" && ts >= a.clearSince && this.#clears(a, held, sample) === 0) {
      a.clearSince = a.last;
      this.#touch(lane);
      this.arm(a);
    }
  }

  /** Lets everything happen that was due before event time `ts`; called before a reading's values are taken over. */
  advance(a: AlarmState, ts: number): void {
    const { alarms } = a.lane;
    const { index } = a.alarm;
    // an alarm that ended with its window waits for the next one, as another state
    for (let now: AlarmState | null = a; now !== null; now = alarms[index]) {
      const due = nextDue(now);
      if (!(due < ts)) return;
      this.#to.fire(now, due);
    }
  }

  /** A timer of the live lane ran out at hub time `now`. */
  tick(a: AlarmState, now: number): void {
    const due = nextDue(a);
    if (due + a.skew <= now) this.#to.fire(a, due);
    if (a.lane.alarms[a.alarm.index] === a) this.arm(a);
  }

  /** Silence began at hub time `since` (NaN = never heard). */
  silent(lane: Lane, alarm: PlannedAlarm, since: number, now: number): void {
    const known = lane.alarms[alarm.index];
    if (known !== null) {
      if (known.phase !== "active") return;
      // silent again while `clear_for` ran
      known.clearSince = Number.NaN;
      known.floor = now;
      this.#touch(lane);
      this.arm(known);
      return;
    }
    const a = this.#to.create(lane, alarm, since, 0);
    if (alarm.hours === null) this.#to.raise(a, now);
    else if (!alarm.hours.at(now).open) this.#to.wait(a, now);
    else {
      a.until = alarm.hours.until;
      this.#to.raise(a, now);
    }
  }

  /** A value came back at `ts` after silence. @returns true when the alarm is cleared */
  heard(a: AlarmState, ts: number): boolean {
    if (a.phase !== "active") {
      this.#to.rest(a, ts);
      return true;
    }
    const at = Math.max(ts, a.raisedAt);
    if (a.alarm.clearForMs === 0 && !isLatched(a)) {
      this.#to.clear(a, at);
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

  /** A person lets go of a latched alarm at `ts`: it ends at once where the all-clear holds, else as any other. */
  release(a: AlarmState, ts: number): void {
    if (a.phase !== "active" || !isLatched(a)) return;
    a.released = true;
    this.#touch(a.lane);
    const at = Math.max(ts - a.skew, a.raisedAt);
    if (a.alarm.hours?.at(ts).open === false) this.#to.windowTurns(a, at);
    else if (!a.stale && clearDue(a) <= at) this.#to.clear(a, at);
    else if (quietDue(a) <= at) this.#to.clear(a, at, "quiet");
    else this.arm(a);
  }

  /** The edge is away: holds stop, since nothing is known until the next reading. Active alarms stay and keep their ladder. */
  hold(a: AlarmState): void {
    a.support = Number.NaN;
    if (a.phase !== "active" || !Number.isNaN(a.clearSince)) {
      a.stale = true;
      this.#touch(a.lane);
    }
    this.arm(a);
  }

  /** The edge is back at hub time `now`: quiet is counted from here. */
  resume(a: AlarmState, now: number): void {
    if (a.phase !== "active" || a.alarm.quietMs === 0) return;
    a.support = now - a.skew;
    this.#touch(a.lane);
    this.arm(a);
  }

  /** Ends an alarm for another reason than its all-clear (end of a history run). */
  end(a: AlarmState, ts: number): void {
    if (a.phase === "active") this.#to.clear(a, ts, "end");
    else this.#to.rest(a, ts);
  }

  /** The device's clock was set: event times move by `by`, deadlines stay. */
  rebase(a: AlarmState, by: number): void {
    a.since += by;
    a.floor = -Infinity;
    a.last += by;
    a.raisedAt += by;
    a.clearSince += by;
    a.until += by;
    a.support += by;
    for (const level of a.levels) level.since += by;
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
      a = this.#to.create(lane, alarm, Number.NaN, skew);
      if (alarm.hours !== null) a.until = alarm.hours.at(ts + skew).until - skew;
    }
    const on = alarm.def.repeat === null ? held : this.#repeated(a, held, ts);
    const resumed = a.stale;
    a.stale = false;
    if (!on) {
      if (a.phase !== "rest") this.#touch(lane);
      a.phase = "rest";
      a.since = Number.NaN;
      a.suppressed = false;
      if (a.mask === 0) this.#to.rest(a, ts);
      else this.#to.timers.remove(a);
      return;
    }
    if (a.phase === "rest" || a.phase === "waiting") {
      a.phase = "pending";
      a.since = ts;
      a.floor = alarm.hours === null ? before : Math.max(before, alarm.hours.at(ts + skew).from - skew);
      a.skew = skew;
      this.#touch(lane);
    }
    a.last = ts;
    if (alarm.levels.length > 0) this.#touch(lane);
    if (ts - a.since >= alarm.forMs) this.#to.raise(a, resumed ? ts : a.since + alarm.forMs);
    else this.arm(a);
  }

  #whileActive(a: AlarmState, held: -1 | 0 | 1, ts: number, skew: number): void {
    if (held === 1 && a.alarm.quietMs > 0) {
      a.support = ts;
      this.#touch(a.lane);
    }
    if (a.levels.length > 0 && judgeLevels(a, ts)) {
      this.#touch(a.lane);
      this.#to.tell(a, ts);
      this.arm(a);
    }
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
    // sampled before the raise that the hub's clock has made meanwhile: nothing ends before it began
    const at = Math.max(ts, a.raisedAt);
    if (Number.isNaN(a.clearSince)) {
      a.clearSince = at;
      // a time in the future is taken as "just now", however late on the line the raise was
      a.skew = skew < 0 ? skew + ts - at : skew;
      this.#touch(a.lane);
    }
    if (clearDue(a) <= at) this.#to.clear(a, at);
    else this.arm(a);
  }

  /**
   * The alarm's schedule at a reading. @returns true when it is shut and the reading is dealt with: an alarm ends with its window,
   * a condition that holds waits for the next one, and no record counts for `repeat`
   */
  #isShut(
    lane: Lane,
    alarm: PlannedAlarm,
    a: AlarmState | null,
    held: -1 | 0 | 1,
    ts: number,
    before: number,
    skew: number,
  ): boolean {
    // a reading from before a raise that the hub's clock has made says nothing about the window of that raise
    const at = a?.phase === "active" ? Math.max(ts, a.raisedAt) : ts;
    const hours = (alarm.hours as NonNullable<PlannedAlarm["hours"]>).at(at + skew);
    if (hours.open) {
      if (a !== null) a.until = hours.until - skew;
      return false;
    }
    if (a === null) {
      a = this.#to.create(lane, alarm, ts, skew);
      a.floor = before;
      this.#to.wait(a, ts);
    } else if (a.phase === "active") {
      if (isLatched(a)) return false;
      this.#to.windowTurns(a, hours.from - skew);
      const next = lane.alarms[alarm.index];
      // by the clock with which it was raised (the device's may have been set since) its window is open
      if (next?.phase === "active") return false;
      // it ended, and nothing holds that could wait
      if (next === null && held !== 1) return true;
      return this.#isShut(lane, alarm, next, held, ts, before, skew);
    } else if (held === 0) this.#to.rest(a, ts);
    else if (a.phase === "pending") this.#to.wait(a, ts);
    const waiting = lane.alarms[alarm.index];
    if (waiting?.phase === "waiting" && held === 1) {
      waiting.stale = false;
      waiting.last = ts;
      if (alarm.levels.length > 0) this.#touch(lane); // the value decides the severity at the opening
      this.arm(waiting);
    }
    return true;
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
}

import type { DueQueue } from "../due-queue.ts";
import type { Finding } from "../finding.ts";
import { clearDue, isLatched, nextDue, quietDue } from "./alarm-due.ts";
import { alarmFinding, type ClearedBy } from "./alarm-finding.ts";
import { AlarmState } from "./alarm-state.ts";
import type { Lane } from "./lane.ts";
import { evaluate, type PlannedAlarm } from "./plan.ts";
import { climb, judgeLevels, severityOf } from "./severity-ladder.ts";

/** What happens to an alarm, whatever made it happen: a reading, a timer, a person, another alarm. Findings go to `out`. */
export class AlarmTransitions {
  readonly timers: DueQueue<AlarmState>;
  out: Finding[] = [];
  readonly #touch: (lane: Lane) => void;

  constructor(timers: DueQueue<AlarmState>, touch: (lane: Lane) => void) {
    this.timers = timers;
    this.#touch = touch;
  }

  fire(a: AlarmState, ts: number): void {
    if (ts >= a.until) this.windowTurns(a, a.until);
    else if (a.phase === "pending") this.raise(a, ts);
    else if (clearDue(a) <= ts) this.clear(a, ts);
    else if (quietDue(a) <= ts) this.clear(a, ts, "quiet");
    else {
      climb(a, ts);
      this.#touch(a.lane);
      this.tell(a, ts);
      this.arm(a);
    }
  }

  raise(a: AlarmState, ts: number): void {
    const { alarm, lane } = a;
    a.phase = "pending";
    this.#touch(lane);
    for (const other of alarm.suppressors) {
      if (lane.alarms[other]?.phase !== "active") continue;
      if (!a.suppressed) alarm.counts.suppressed++;
      a.suppressed = true;
      this.arm(a);
      return;
    }
    a.suppressed = false;
    a.phase = "active";
    a.raisedAt = ts;
    a.timed = alarm.def.severity;
    a.support = alarm.quietMs > 0 ? ts : Number.NaN;
    a.clearSince = Number.NaN;
    a.floor = -Infinity;
    judgeLevels(a, ts);
    a.severity = severityOf(a);
    if (lane.late) alarm.counts.late++;
    else alarm.counts.raised++;
    this.out.push(alarmFinding(a, "raise", ts, a.severity));
    this.arm(a);
  }

  /** Says so when the severity is another one. */
  tell(a: AlarmState, ts: number): void {
    const severity = severityOf(a);
    if (severity === a.severity) return;
    a.severity = severity;
    this.out.push(alarmFinding(a, "update", ts, severity));
  }

  /** The severity goes back with the all-clear: the next raise begins at the bottom of the ladder again. */
  clear(a: AlarmState, ts: number, why: ClearedBy = "all_clear"): void {
    this.out.push(alarmFinding(a, "clear", ts, a.alarm.def.severity, why));
    a.alarm.counts.cleared++;
    this.rest(a, ts);
  }

  /** Alarms that this one held back come out, if they still hold. */
  rest(a: AlarmState, ts: number): void {
    const { lane, alarm } = a;
    const was = a.phase;
    this.timers.remove(a);
    lane.alarms[alarm.index] = null;
    this.#touch(lane);
    if (was !== "active") return;
    for (const other of alarm.suppresses) {
      const held = lane.alarms[other];
      if (held?.suppressed !== true) continue;
      held.suppressed = false;
      if (held.stale) continue;
      if (held.alarm.silence >= 0 || held.since + held.alarm.forMs <= ts)
        this.raise(held, Math.max(ts, held.since || ts));
      else this.arm(held);
    }
  }

  wait(a: AlarmState, ts: number): void {
    a.phase = "waiting";
    a.mask = 0;
    a.suppressed = false;
    a.until = (a.alarm.hours?.at(ts + a.skew).until ?? Infinity) - a.skew;
    this.#touch(a.lane);
    this.arm(a);
  }

  /** The schedule opens or closes at event time `ts`. */
  windowTurns(a: AlarmState, ts: number): void {
    const { alarm, lane } = a;
    if (alarm.hours === null) {
      a.until = Infinity;
      this.arm(a);
      return;
    }
    const { open, until } = alarm.hours.at(Math.max(ts, a.last || ts, a.raisedAt || ts) + a.skew);
    a.until = until - a.skew;
    this.#touch(lane);
    if (open && a.phase === "waiting") {
      if (alarm.def.repeat !== null) return this.rest(a, ts);
      a.phase = "pending";
      a.floor = ts;
      if (alarm.silence >= 0) return this.raise(a, ts);
      a.since = a.last = ts;
      if (alarm.forMs === 0) return this.raise(a, ts);
    } else if (!open && a.phase === "pending") return this.wait(a, ts);
    else if (!open && a.phase === "active" && !isLatched(a)) {
      const goesOn =
        alarm.silence >= 0 ? Number.isNaN(a.clearSince) : evaluate(alarm.when, lane.values, lane.limits) === 1;
      const { skew, last } = a;
      this.clear(a, ts, "schedule");
      if (goesOn && lane.alarms[alarm.index] === null) {
        const next = this.create(lane, alarm, ts, skew);
        next.last = last;
        this.wait(next, ts);
      }
      return;
    }
    this.arm(a);
  }

  create(lane: Lane, alarm: PlannedAlarm, since: number, skew: number): AlarmState {
    const a = new AlarmState(lane, alarm);
    a.since = since;
    a.skew = skew;
    lane.alarms[alarm.index] = a;
    return a;
  }

  /** Sets the alarm's timer to what happens next. History has no clock but its own records. */
  arm(a: AlarmState): void {
    if (!a.lane.late) this.timers.set(a, nextDue(a) + a.skew);
  }
}

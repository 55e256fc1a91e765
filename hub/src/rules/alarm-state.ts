import type { Severity } from "../finding.ts";
import type { Due } from "../due-queue.ts";
import type { Lane } from "./lane.ts";
import type { PlannedAlarm } from "./plan.ts";

/**
 * One alarm of one device while something goes on; an alarm at rest has no state at all. Times are event time (the device's),
 * ms UTC, except for alarms raised by silence, which live in hub time.
 */
export class AlarmState implements Due {
  readonly lane: Lane;
  readonly alarm: PlannedAlarm;
  /** next deadline in hub time */
  due = Infinity;
  slot = -1;
  /** `rest` only while a repeat mask is not empty; `waiting`: the condition holds outside the schedule */
  phase: "rest" | "waiting" | "pending" | "active" = "rest";
  /** the condition holds since (pending) or held since (active) */
  since = Number.NaN;
  /** pending: newest reading known to speak against the condition before `since`; active: end of the last all-clear attempt */
  floor = -Infinity;
  /** newest reading that supports the hold under way (`for`, or `clear_for` while active) */
  last = Number.NaN;
  raisedAt = Number.NaN;
  severity: Severity;
  /** the severity by time alone; `severity` is the most severe of this and the levels that are on */
  timed: Severity;
  levels: readonly LevelState[] = NO_LEVELS;
  /** when the schedule opens (waiting) or closes (else); Infinity without one */
  until = Infinity;
  /** newest reading that keeps an active alarm raised, for clear_after_quiet; NaN = quiet is not counted */
  support = Number.NaN;
  /** a person let go of a latched alarm */
  released = false;
  /** due, but another alarm of the device holds it back */
  suppressed = false;
  /** the all-clear holds since; NaN = it does not */
  clearSince = Number.NaN;
  /** verdicts of the last records, newest in bit 0, and the time of the newest */
  mask = 0;
  maskTs = Number.NaN;
  /** hub time minus event time of a device whose clock is wrong; 0 otherwise */
  skew = 0;
  /** the edge was away: what is held is not known any more, the next reading decides */
  stale = false;

  constructor(lane: Lane, alarm: PlannedAlarm) {
    this.lane = lane;
    this.alarm = alarm;
    this.severity = this.timed = alarm.def.severity;
    if (alarm.levels.length > 0) this.levels = alarm.levels.map(() => ({ on: false, since: Number.NaN }));
  }
}

/** One severity by condition. `since`: the contrary of `on` holds since; NaN = it does not. */
export interface LevelState {
  on: boolean;
  since: number;
}

const NO_LEVELS: readonly LevelState[] = [];

/** Durable form of an {@link AlarmState}; -1 stands for "not set", absent fields have their defaults. */
export interface StoredAlarm {
  readonly p: AlarmState["phase"];
  readonly since: number;
  readonly floor: number;
  readonly last: number;
  readonly raised: number;
  readonly sev: Severity;
  readonly clear: number;
  readonly mask: number;
  readonly maskTs: number;
  readonly skew: number;
  readonly stale?: true;
  readonly timed?: Severity;
  /** of levels: on, since */
  readonly levels?: readonly (readonly [0 | 1, number])[];
  readonly until?: number;
  readonly support?: number;
  readonly released?: true;
  /** event kind: clears an alarm that a newer profile no longer has */
  readonly event: string;
  /** values of the alarm's inputs, null = unknown */
  readonly values: readonly (number | null)[];
}

const time = (t: number) => (Number.isFinite(t) ? t : -1);

export function storeAlarm(a: AlarmState): StoredAlarm {
  return {
    p: a.phase,
    since: time(a.since),
    floor: time(a.floor),
    last: time(a.last),
    raised: time(a.raisedAt),
    sev: a.severity,
    clear: time(a.clearSince),
    mask: a.mask,
    maskTs: time(a.maskTs),
    skew: a.skew,
    ...(a.stale && { stale: true as const }),
    ...(a.timed !== a.alarm.def.severity && { timed: a.timed }),
    ...(a.levels.length > 0 && { levels: a.levels.map(({ on, since }) => [on ? 1 : 0, time(since)] as const) }),
    ...(Number.isFinite(a.until) && { until: a.until }),
    ...(!Number.isNaN(a.support) && { support: a.support }),
    ...(a.released && { released: true as const }),
    event: a.alarm.def.event,
    values: a.alarm.inputs.map((i) => (Number.isFinite(a.lane.values[i]) ? a.lane.values[i] : null)),
  };
}

export function restoreAlarm(lane: Lane, alarm: PlannedAlarm, stored: StoredAlarm): AlarmState {
  const a = new AlarmState(lane, alarm);
  const back = (t: number) => (t < 0 ? Number.NaN : t);
  a.phase = stored.p;
  a.since = back(stored.since);
  a.floor = stored.floor < 0 ? -Infinity : stored.floor;
  a.last = back(stored.last);
  a.raisedAt = back(stored.raised);
  a.severity = stored.sev;
  a.clearSince = back(stored.clear);
  a.mask = stored.mask;
  a.maskTs = back(stored.maskTs);
  a.skew = stored.skew;
  a.stale = stored.stale === true;
  a.timed = stored.timed ?? (stored.levels === undefined ? stored.sev : alarm.def.severity);
  stored.levels?.slice(0, a.levels.length).forEach(([on, since], i) => {
    a.levels[i].on = on === 1;
    a.levels[i].since = back(since);
  });
  a.support = stored.support ?? Number.NaN;
  a.released = stored.released === true;
  // a schedule that a new version of the profile brought begins at once
  if (alarm.hours !== null) a.until = stored.until ?? -Infinity;
  if (stored.values.length === alarm.inputs.length) {
    alarm.inputs.forEach((input, i) => {
      const value = stored.values[i];
      if (value === null || !Number.isNaN(lane.values[input])) return;
      lane.values[input] = value;
      lane.seen[input] = Number.isNaN(a.last) ? lane.watermark : a.last;
    });
  }
  return a;
}

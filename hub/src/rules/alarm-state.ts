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
  /** `rest` only while a repeat mask is not empty */
  phase: "rest" | "pending" | "active" = "rest";
  /** the condition holds since (pending) or held since (active) */
  since = Number.NaN;
  /** pending: newest reading known to speak against the condition before `since`; active: end of the last all-clear attempt */
  floor = -Infinity;
  /** newest reading that supports the hold under way (`for`, or `clear_for` while active) */
  last = Number.NaN;
  raisedAt = Number.NaN;
  severity: Severity;
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
    this.severity = alarm.def.severity;
  }
}

/** Durable form of an {@link AlarmState}; -1 stands for "not set", absent fields have their defaults. */
export interface StoredAlarm {
  readonly p: "rest" | "pending" | "active";
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

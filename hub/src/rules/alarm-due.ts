import type { AlarmState } from "./alarm-state.ts";
import { ladderDue } from "./severity-ladder.ts";

/** A latched alarm does not end by itself. */
export function isLatched(a: AlarmState): boolean {
  return a.alarm.def.latch && !a.released;
}

/** Event time at which the all-clear is complete; Infinity = it is not held, or a person must let go first. */
export function clearDue(a: AlarmState): number {
  return Number.isNaN(a.clearSince) || isLatched(a) ? Infinity : a.clearSince + a.alarm.clearForMs;
}

/** Event time at which nobody has kept the alarm raised for long enough. */
export function quietDue(a: AlarmState): number {
  const { quietMs } = a.alarm;
  return quietMs === 0 || Number.isNaN(a.support) || isLatched(a) ? Infinity : a.support + quietMs;
}

/** Event time of what happens next if no reading comes; Infinity = nothing. */
export function nextDue(a: AlarmState): number {
  if (a.stale || a.phase === "rest") return Infinity;
  if (a.phase === "waiting" || a.suppressed) return a.until;
  if (a.phase === "pending") return Math.min(a.since + a.alarm.forMs, a.until);
  return Math.min(clearDue(a), quietDue(a), ladderDue(a), a.until);
}

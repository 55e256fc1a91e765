import type { AlarmState } from "./alarm-state.ts";
import { evaluate, type PlannedLevel } from "./plan.ts";

/** How severe an active alarm is: its own severity, raised by time (stays until the clear) and by levels (come and go). */

/** A reading at `ts` speaks for or against levels; holds that are full by then turn them. @returns true when anything changed */
export function judgeLevels(a: AlarmState, ts: number): boolean {
  let changed = false;
  for (let i = 0; i < a.levels.length; i++) {
    const level = a.alarm.levels[i];
    const state = a.levels[i];
    const verdict = contrary(level, state.on, a.lane.values, a.lane.limits);
    if (verdict === -1) continue;
    if (verdict === 0) {
      changed ||= !Number.isNaN(state.since);
      state.since = Number.NaN;
      continue;
    }
    if (Number.isNaN(state.since)) {
      state.since = ts;
      changed = true;
    }
    if (ts - state.since >= holdOf(level, state.on)) {
      state.on = !state.on;
      state.since = Number.NaN;
      changed = true;
    }
  }
  return changed;
}

/** Steps and levels whose time has come at `ts`. */
export function climb(a: AlarmState, ts: number): void {
  const held = ts - a.raisedAt;
  if (Number.isNaN(a.clearSince) && ts >= a.floor)
    for (const step of a.alarm.steps) if (step.afterMs <= held && step.to < a.timed) a.timed = step.to;
  for (let i = 0; i < a.levels.length; i++) {
    const state = a.levels[i];
    if (ts - state.since >= holdOf(a.alarm.levels[i], state.on)) {
      state.on = !state.on;
      state.since = Number.NaN;
    }
  }
}

export function severityOf(a: AlarmState): AlarmState["severity"] {
  let severity = a.timed;
  for (let i = 0; i < a.levels.length; i++) {
    const { to } = a.alarm.levels[i];
    if (a.levels[i].on && to < severity) severity = to;
  }
  return severity;
}

/** Event time of the next step or level if no reading comes; Infinity = none. */
export function ladderDue(a: AlarmState): number {
  let due = Infinity;
  // the ladder does not climb while the all-clear is held
  if (Number.isNaN(a.clearSince)) {
    for (const step of a.alarm.steps) {
      if (step.to >= a.timed) continue;
      due = Math.max(a.raisedAt + step.afterMs, a.floor);
      break;
    }
  }
  for (let i = 0; i < a.levels.length; i++) {
    const { since, on } = a.levels[i];
    if (since === since) due = Math.min(due, since + holdOf(a.alarm.levels[i], on));
  }
  return due;
}

function holdOf(level: PlannedLevel, on: boolean): number {
  return on ? level.clearForMs : level.forMs;
}

/** 1 speaks for the opposite of `on`, 0 against it, -1 unknown. */
function contrary(level: PlannedLevel, on: boolean, values: Float64Array, limits: Float64Array): -1 | 0 | 1 {
  if (on && level.clear.length > 0) return evaluate(level.clear, values, limits);
  const held = evaluate(level.when, values, limits);
  if (held === -1) return -1;
  return (held === 1) === on ? 0 : 1;
}

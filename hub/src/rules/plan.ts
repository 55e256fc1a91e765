import type { AlarmDef, CompiledProfile, Comparison, Limit } from "@gridhub/device-profiles/compiled.ts";
import type { Device } from "../device.ts";
import type { Severity } from "../finding.ts";
import type { RuleCounters, RuleCounts } from "./rule-counts.ts";
import { WeeklyClock } from "./weekly-clock.ts";

/** What a comparison looks at: the last value of a metric, or its change (per second) over a window. */
export interface Input {
  readonly metric: number;
  readonly fn: Comparison["fn"];
  /** ms, scaled */
  readonly windowMs: number;
}

export interface PlannedComparison {
  readonly input: number;
  readonly op: Comparison["op"];
  readonly def: Comparison;
  /** index into the limits of a device */
  readonly limit: number;
}

/** An alarm of a profile with its durations scaled; all ms. */
export interface PlannedAlarm {
  readonly index: number;
  readonly def: AlarmDef;
  readonly when: readonly PlannedComparison[];
  readonly clear: readonly PlannedComparison[];
  /** indices of the inputs of `when`, `clear` and the levels */
  readonly inputs: readonly number[];
  readonly forMs: number;
  readonly clearForMs: number;
  /** ladder by time since the raise, ascending */
  readonly steps: readonly { readonly afterMs: number; readonly to: Severity }[];
  /** index among the silence timers of a device; -1 = raised by `when` */
  readonly silence: number;
  readonly silenceMs: number;
  readonly levels: readonly PlannedLevel[];
  /** when it may be raised; null = always */
  readonly hours: WeeklyClock | null;
  /** indices of alarms that hold this one back, and that this one holds back */
  readonly suppressors: readonly number[];
  readonly suppresses: readonly number[];
  /** 0 = never */
  readonly quietMs: number;
  readonly counts: RuleCounts;
}

/** A severity by condition, durations scaled. */
export interface PlannedLevel {
  readonly when: readonly PlannedComparison[];
  readonly clear: readonly PlannedComparison[];
  readonly forMs: number;
  readonly clearForMs: number;
  readonly to: Severity;
}

/** What one metric of a record concerns. */
export interface MetricUse {
  readonly inputs: readonly number[];
  readonly alarms: readonly number[];
  readonly silences: readonly number[];
}

/** The alarms of one profile, laid out for `observe`: shared by all devices of the profile. */
export interface Plan {
  readonly profile: CompiledProfile;
  readonly alarms: readonly PlannedAlarm[];
  readonly inputs: readonly Input[];
  readonly limits: readonly { readonly limit: Limit; readonly offset: number }[];
  /** the limits of every device when no attribute is involved, else null */
  readonly fixedLimits: Float64Array | null;
  /** the limits of devices that set none of the attributes */
  readonly defaults: Float64Array;
  readonly byMetric: readonly (MetricUse | null)[];
  readonly silences: readonly PlannedAlarm[];
  readonly overlay: (device: Device) => Device["attributes"] | null;
}

export interface PlanContext {
  readonly scale: number;
  /** of schedules that name none */
  readonly timeZone: string;
  readonly counters: RuleCounters;
  /** attributes that hold instead of a device's own */
  readonly overlay?: (device: Device) => Device["attributes"] | null;
}

export function planProfile(
  profile: CompiledProfile,
  { scale, timeZone, counters, overlay = () => null }: PlanContext,
): Plan {
  const inputs: Input[] = [];
  const limits: { limit: Limit; offset: number }[] = [];
  const silences: PlannedAlarm[] = [];
  // whole milliseconds: sums of times and durations stay exact
  const scaled = (ms: number) => Math.round(ms * scale);
  const compare = (c: Comparison): PlannedComparison => {
    const windowMs = c.fn === "value" ? 0 : scaled(c.windowMs);
    let input = inputs.findIndex((i) => i.metric === c.metric && i.fn === c.fn && i.windowMs === windowMs);
    if (input < 0) input = inputs.push({ metric: c.metric, fn: c.fn, windowMs }) - 1;
    return { input, op: c.op, def: c, limit: limits.push({ limit: c.limit, offset: c.offset }) - 1 };
  };
  const alarms = profile.alarms.map((def, index): PlannedAlarm => {
    const when = def.when.map(compare);
    const clear = def.clear.map(compare);
    const levels = def.levels.map((level): PlannedLevel => ({
      when: level.when.map(compare),
      clear: level.clear.map(compare),
      forMs: scaled(level.forMs),
      clearForMs: scaled(level.clearForMs),
      to: level.to,
    }));
    const silent = def.noData !== null;
    const alarm: PlannedAlarm = {
      index,
      def,
      when,
      clear,
      inputs: [...new Set([...when, ...clear, ...levels.flatMap((l) => [...l.when, ...l.clear])].map((c) => c.input))],
      forMs: scaled(def.forMs),
      clearForMs: scaled(def.clearForMs),
      steps: def.escalate.map((s) => ({ afterMs: scaled(s.afterMs), to: s.to })).sort((a, b) => a.afterMs - b.afterMs),
      silence: silent ? silences.length : -1,
      silenceMs: scaled(def.noDataMs + def.forMs),
      levels,
      hours: def.schedule === null ? null : new WeeklyClock(def.schedule, timeZone),
      suppressors: indicesOf(profile, (other) => def.suppressedBy.includes(other.name)),
      suppresses: indicesOf(profile, (other) => other.suppressedBy.includes(def.name)),
      quietMs: scaled(def.quietMs),
      counts: counters.of(`${profile.id}#${def.name}`),
    };
    if (silent) silences.push(alarm);
    return alarm;
  });
  const byMetric = profile.metrics.map((_, metric): MetricUse | null => {
    const used = inputs.flatMap((input, i) => (input.metric === metric ? [i] : []));
    const quiet = silences.flatMap((alarm, i) => (alarm.def.noData === metric ? [i] : []));
    if (used.length === 0 && quiet.length === 0) return null;
    const concerned = alarms.filter((a) => a.silence < 0 && a.inputs.some((i) => used.includes(i)));
    return { inputs: used, alarms: concerned.map((a) => a.index), silences: quiet };
  });
  const fixed = limits.every((l) => typeof l.limit === "number");
  const defaults = Float64Array.from(limits, ({ limit, offset }) => (typeof limit === "number" ? limit : limit.default) + offset); // prettier-ignore
  return {
    profile,
    alarms,
    inputs,
    limits,
    byMetric,
    silences,
    defaults,
    overlay,
    fixedLimits: fixed ? defaults : null,
  };
}

function indicesOf({ alarms }: CompiledProfile, is: (alarm: AlarmDef) => boolean): number[] {
  return alarms.flatMap((alarm, i) => (is(alarm) ? [i] : []));
}

/** Limits of one device, offsets included. An attribute that is no finite number counts as absent. */
/** The limits of a device as they are now. */
export function limitsOf(plan: Plan, device: Device): Float64Array {
  if (plan.fixedLimits !== null) return plan.fixedLimits;
  const overlay = plan.overlay(device);
  return resolveLimits(plan, overlay === null ? device.attributes : { ...device.attributes, ...overlay });
}

export function resolveLimits(plan: Plan, attributes: Device["attributes"]): Float64Array {
  if (!plan.limits.some(({ limit }) => typeof limit !== "number" && Object.hasOwn(attributes, limit.attribute))) return plan.defaults; // prettier-ignore
  return Float64Array.from(plan.limits, ({ limit, offset }) => {
    if (typeof limit === "number") return limit + offset;
    const own = attributes[limit.attribute];
    return (typeof own === "number" && Number.isFinite(own) ? own : limit.default) + offset;
  });
}

/**
 * A conjunction in three-valued logic: one comparison that fails makes it false, else one unknown value (NaN) makes it unknown.
 * @returns 1 true, 0 false, -1 unknown (also for no comparison at all)
 */
export function evaluate(all: readonly PlannedComparison[], values: Float64Array, limits: Float64Array): -1 | 0 | 1 {
  let result: -1 | 1 = all.length === 0 ? -1 : 1;
  for (let i = 0; i < all.length; i++) {
    const c = all[i];
    const value = values[c.input];
    if (value !== value) result = -1;
    else if (!holds(c.op, value, limits[c.limit])) return 0;
  }
  return result;
}

function holds(op: Comparison["op"], value: number, limit: number): boolean {
  switch (op) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
      return value === limit;
    case "!=":
      return value !== limit;
  }
}

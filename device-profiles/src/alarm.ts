import type { AlarmDef, AlarmLevel, Comparison, Schedule } from "./compiled.ts";
import { parseDuration } from "./duration.ts";
import { isExpressionError, parseExpression } from "./expression.ts";
import { closest } from "./metric.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Path, Report } from "./problem.ts";
import type { Alarm } from "./profile.ts";
import { isTimeZone, mergeSpans, MINUTES_OF_WEEK, minutesOpen, parseWindow } from "./schedule.ts";

export interface AlarmContext {
  readonly metrics: MetricTable;
  readonly report: Report;
  /** expect_every x grace, ms; null = the profile has no expectation */
  readonly expectedMs: number | null;
}

/** Compiles one alarm; problems are reported and the result is then of no use. */
export function compileAlarm(name: string, alarm: Alarm, path: Path, ctx: AlarmContext): AlarmDef {
  const { report } = ctx;
  if ((alarm.when === undefined) === (alarm.no_data === undefined)) report(path, "expected either when or no_data");
  const when = alarm.when === undefined ? [] : compileExpression(alarm.when, alarm, [...path, "when"], ctx);
  const clear = alarm.clear === undefined ? [] : compileExpression(alarm.clear, alarm, [...path, "clear"], ctx);
  const steps = alarm.escalate ?? [];
  const uses = [alarm.when, alarm.clear, ...steps.flatMap((step) => [step.when, step.clear])].join(" ");
  if (alarm.limit !== undefined && !/\blimit\b/.test(uses))
    report([...path, "limit"], "no expression uses limit", "warning");
  if (alarm.no_data !== undefined)
    for (const key of ["clear", "repeat", "limit", "clear_after_quiet"] as const)
      if (alarm[key] !== undefined) report([...path, key], `${key} has no meaning for no_data`);
  const { escalate, levels } = compileSteps(alarm, path, ctx);
  const suppressors = typeof alarm.suppress_if === "string" ? [alarm.suppress_if] : (alarm.suppress_if ?? []);
  const def: AlarmDef = {
    name,
    event: alarm.event,
    severity: alarm.severity,
    when,
    clear,
    forMs: parseDuration(alarm.for ?? "0s") ?? 0,
    clearForMs: parseDuration(alarm.clear_for ?? "0s") ?? 0,
    repeat: compileRepeat(alarm.repeat, path, report),
    noData: alarm.no_data === undefined ? null : ctx.metrics.existing(alarm.no_data, [...path, "no_data"]),
    noDataMs: silence(alarm, path, ctx),
    escalate,
    levels,
    suppressIf: suppressors.includes("edge_offline") ? "edge_offline" : null,
    suppressedBy: suppressors.filter((other) => other !== "edge_offline"),
    schedule: compileSchedule(alarm, path, report),
    latch: alarm.latch ?? false,
    quietMs: parseDuration(alarm.clear_after_quiet ?? "0s") ?? 0,
  };
  checkReach(def, path, ctx);
  checkWindows(def, path, ctx);
  return def;
}

/** Severities by time must rise, those by condition need only be higher than the alarm's own. */
function compileSteps(alarm: Alarm, path: Path, ctx: AlarmContext): Pick<AlarmDef, "escalate" | "levels"> {
  const escalate: { afterMs: number; to: AlarmDef["severity"] }[] = [];
  const levels: AlarmLevel[] = [];
  (alarm.escalate ?? []).forEach((step, i) => {
    const at = [...path, "escalate", i];
    if ((step.after === undefined) === (step.when === undefined)) ctx.report(at, "expected either after or when");
    if (step.when === undefined) {
      for (const key of ["clear", "for", "clear_for"] as const)
        if (step[key] !== undefined) ctx.report([...at, key], `${key} belongs to a step with when`);
      const before = escalate.at(-1);
      const afterMs = parseDuration(step.after ?? "0s") ?? 0;
      const from = before?.to ?? alarm.severity;
      if (step.to >= from) ctx.report([...at, "to"], `expected a higher severity than ${from} (1 is highest)`);
      if (before !== undefined && afterMs <= before.afterMs)
        ctx.report([...at, "after"], "expected a longer time than the step before");
      escalate.push({ afterMs, to: step.to });
      return;
    }
    if (step.to >= alarm.severity)
      ctx.report([...at, "to"], `expected a higher severity than ${alarm.severity} (1 is highest)`);
    const level = {
      when: compileExpression(step.when, alarm, [...at, "when"], ctx),
      clear: step.clear === undefined ? [] : compileExpression(step.clear, alarm, [...at, "clear"], ctx),
      forMs: parseDuration(step.for ?? "0s") ?? 0,
      clearForMs: parseDuration(step.clear_for ?? "0s") ?? 0,
      to: step.to,
    };
    checkReach(level, at, ctx);
    levels.push(level);
  });
  return { escalate, levels };
}

function compileSchedule(alarm: Alarm, path: Path, report: Report): Schedule | null {
  if (alarm.time_zone !== undefined) {
    if (alarm.schedule === undefined) report([...path, "time_zone"], "time_zone belongs to schedule");
    if (!isTimeZone(alarm.time_zone))
      report(
        [...path, "time_zone"],
        `unknown time zone "${alarm.time_zone}"; expected an IANA name such as Asia/Shanghai`,
      );
  }
  if (alarm.schedule === undefined) return null;
  const listed = Array.isArray(alarm.schedule);
  const texts = listed ? (alarm.schedule as string[]) : [alarm.schedule as string];
  const windows = texts.flatMap((text, i) => {
    const parsed = parseWindow(text);
    if (typeof parsed !== "string") return parsed;
    report(listed ? [...path, "schedule", i] : [...path, "schedule"], parsed);
    return [];
  });
  return { windows: mergeSpans(windows), timeZone: alarm.time_zone ?? null };
}

/** Warns where schedule, `for` and `clear_after_quiet` leave an alarm no time to be raised, or nothing to do. */
function checkWindows(
  { schedule, forMs, quietMs, name, suppressedBy }: AlarmDef,
  path: Path,
  { report }: AlarmContext,
): void {
  if (suppressedBy.includes(name)) report([...path, "suppress_if"], "an alarm cannot suppress itself");
  if (schedule !== null && schedule.windows.length > 0) {
    const longest = Math.max(...schedule.windows.map(({ from, to }) => to - from));
    const always = minutesOpen(schedule.windows) >= MINUTES_OF_WEEK;
    if (always) report([...path, "schedule"], "always open: leave it out", "warning");
    else if (forMs >= longest * 60_000)
      report(
        [...path, "schedule"],
        `never raised: the longest window has ${longest} minutes, for asks for more`,
        "warning",
      );
  }
  if (quietMs > 0 && forMs > quietMs)
    report([...path, "clear_after_quiet"], "shorter than for: expected at least as long", "warning");
}

/** What needs all alarms of the profile: names of suppress_if, alarms that suppress each other. */
export function checkSuppression(alarms: readonly AlarmDef[], report: Report): void {
  for (const { name, suppressedBy } of alarms) {
    const at = ["alarms", name, "suppress_if"];
    for (const other of suppressedBy) {
      const found = alarms.find((alarm) => alarm.name === other);
      if (found === undefined) {
        const names = ["edge_offline", ...alarms.map((alarm) => alarm.name).filter((each) => each !== name)];
        const near = closest(other, names);
        report(at, `no alarm "${other}"; ${near === null ? "" : `did you mean "${near}"? `}known: ${names.join(", ")}`);
      } else if (other !== name && found.suppressedBy.includes(name))
        report(at, `${name} and ${other} suppress each other: whichever comes first would win`);
    }
  }
}

function compileRepeat(text: string | undefined, path: Path, report: Report): AlarmDef["repeat"] {
  if (text === undefined) return null;
  const [m, n] = text.split(" of ").map(Number);
  if (m < 1 || m > n || n > 32) report([...path, "repeat"], "expected M of N with 1 <= M <= N <= 32");
  return { m, n };
}

function silence(alarm: Alarm, path: Path, ctx: AlarmContext): number {
  if (alarm.after !== undefined) {
    if (alarm.no_data === undefined)
      ctx.report([...path, "after"], "after belongs to no_data; a hold is written as for");
    return parseDuration(alarm.after) ?? 0;
  }
  if (alarm.no_data === undefined) return 0;
  if (ctx.expectedMs === null)
    ctx.report([...path, "no_data"], "expected after: (a duration), or transport.expect_every to derive it from");
  return ctx.expectedMs ?? 0;
}

function compileExpression(text: string, alarm: Alarm, path: Path, ctx: AlarmContext): Comparison[] {
  const written = parseExpression(text);
  if (isExpressionError(written)) {
    ctx.report(path, `column ${written.column} of "${text}": ${written.message}`);
    return [];
  }
  const result: Comparison[] = [];
  for (const c of written) {
    const metric = ctx.metrics.existing(c.metric, path);
    if (metric < 0) continue;
    const { type, unit } = ctx.metrics.defs[metric];
    if (type === "text") ctx.report(path, `${c.metric} is a text: only numbers and booleans can be compared`);
    if (type === "boolean" && !(c.isBoolean && (c.op === "==" || c.op === "!=")))
      ctx.report(path, `${c.metric} is true or false: write "${c.metric} == true"`);
    if (type === "number" && c.isBoolean) ctx.report(path, `${c.metric} is a number (${unit}), not true or false`);
    if (type === "boolean" && c.fn !== "value") ctx.report(path, `${c.metric} is true or false and has no ${c.fn}`);
    if (c.limit === "limit" && alarm.limit === undefined) {
      ctx.report(path, "the expression uses limit: add limit: 0.1, or limit: {attribute: min_pressure, default: 0.1}");
      continue;
    }
    const limit = c.limit === "limit" ? (alarm.limit ?? 0) : c.limit;
    result.push({ metric, fn: c.fn, windowMs: c.windowMs, op: c.op, limit, offset: c.offset });
  }
  return result;
}

/** Warns of alarms that can never be raised, or that clear while they are raised. */
function checkReach(def: Pick<AlarmDef, "when" | "clear">, path: Path, ctx: AlarmContext): void {
  for (const c of def.when) {
    const { range, name } = ctx.metrics.defs[c.metric];
    if (range === null || c.fn !== "value") continue;
    const limit = (typeof c.limit === "number" ? c.limit : c.limit.default) + c.offset;
    const never = c.op.startsWith(">") ? limit >= range[1] : c.op.startsWith("<") ? limit <= range[0] : false;
    if (never)
      ctx.report(
        [...path, "when"],
        `never true: ${name} is within ${range[0]} and ${range[1]}, the limit is ${limit}`,
        "warning",
      );
  }
  if (def.when.length !== 1 || def.clear.length !== 1) return;
  const [raise, clear] = [def.when[0], def.clear[0]];
  if (raise.metric !== clear.metric || raise.fn !== clear.fn) return;
  const value = (c: Comparison) => (typeof c.limit === "number" ? c.limit : c.limit.default) + c.offset;
  const below = raise.op.startsWith("<") && clear.op.startsWith(">") && value(clear) < value(raise);
  const above = raise.op.startsWith(">") && clear.op.startsWith("<") && value(clear) > value(raise);
  const same = raise.op[0] === clear.op[0] && /[<>]/.test(raise.op);
  if (below || above || same)
    ctx.report([...path, "clear"], "holds while the alarm's condition holds: the alarm would flap");
}

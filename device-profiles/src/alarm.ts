import type { AlarmDef, Comparison } from "./compiled.ts";
import { parseDuration } from "./duration.ts";
import { isExpressionError, parseExpression } from "./expression.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Path, Report } from "./problem.ts";
import type { Alarm } from "./profile.ts";

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
  const uses = `${alarm.when ?? ""} ${alarm.clear ?? ""}`;
  if (alarm.limit !== undefined && !/\blimit\b/.test(uses))
    report([...path, "limit"], "no expression uses limit", "warning");
  if (alarm.no_data !== undefined)
    for (const key of ["clear", "repeat", "limit"] as const)
      if (alarm[key] !== undefined) report([...path, key], `${key} has no meaning for no_data`);
  const escalate = (alarm.escalate ?? []).map(({ after, to }) => ({ afterMs: parseDuration(after) ?? 0, to }));
  escalate.forEach(({ to, afterMs }, i) => {
    const from = i === 0 ? alarm.severity : escalate[i - 1].to;
    if (to >= from) report([...path, "escalate", i, "to"], `expected a higher severity than ${from} (1 is highest)`);
    if (i > 0 && afterMs <= escalate[i - 1].afterMs)
      report([...path, "escalate", i, "after"], "expected a longer time than the step before");
  });
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
    suppressIf: alarm.suppress_if ?? null,
  };
  checkReach(def, path, ctx);
  return def;
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
    if (type === "boolean" && c.fn === "rate") ctx.report(path, `${c.metric} is true or false and has no rate`);
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
function checkReach(def: AlarmDef, path: Path, ctx: AlarmContext): void {
  for (const c of def.when) {
    const { range, name } = ctx.metrics.defs[c.metric];
    if (range === null || c.fn === "rate") continue;
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

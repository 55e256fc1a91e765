import type { Finding, Severity } from "../finding.ts";
import type { AlarmState } from "./alarm-state.ts";
import type { Lane } from "./lane.ts";
import type { PlannedAlarm, PlannedComparison } from "./plan.ts";

interface Compared {
  readonly metric: string;
  readonly fn: string;
  readonly op: string;
  /** with hysteresis and device attributes resolved */
  readonly limit: number;
  readonly value: number | null;
  readonly unit: string;
}

/** Why an alarm ended: what it says itself, nobody kept it raised, its window closed, or the run it belongs to ended. */
export type ClearedBy = "all_clear" | "quiet" | "schedule" | "end";

/**
 * What the duty room reads: the first comparison's metric, value, limit and unit; how long it held (ms) and since when; all
 * steps that led here in `trace`, machine-readable.
 */
export function alarmFinding(
  a: AlarmState,
  phase: Finding["phase"],
  ts: number,
  severity: Severity,
  why: ClearedBy = "all_clear",
): Finding {
  const { lane, alarm } = a;
  const { def } = alarm;
  const compared = (phase === "clear" && alarm.clear.length > 0 ? alarm.clear : alarm.when).map((c) =>
    compare(lane, c),
  );
  const since = Number.isNaN(a.since) ? a.raisedAt : a.since;
  // what a device with a wrong clock says is told by the hub's; silence is in hub time as it is
  const behind = alarm.silence < 0 && lane.believed ? lane.behind : 0;
  // what made the severity stands first: it is what changed
  const levels = phase === "clear" ? [] : alarm.levels.filter((_, i) => a.levels[i].on).flatMap((level) => level.when);
  if (phase === "update") compared.unshift(...levels.map((c) => compare(lane, c)));
  const trace: unknown[] = compared.map((c) => ({ step: "compare", ...c }));
  if (alarm.silence >= 0) trace.push({ step: "no_data", ms: alarm.silenceMs });
  if (def.repeat !== null) trace.push({ step: "repeat", m: def.repeat.m, n: def.repeat.n, hits: hits(a.mask) });
  if (phase === "raise" && alarm.silence < 0 && alarm.forMs > 0) trace.push({ step: "for", ms: alarm.forMs });
  if (phase === "update") trace.push({ step: "escalate", to: severity, after: ts - a.raisedAt });
  if (phase === "clear" && why === "all_clear" && alarm.clearForMs > 0)
    trace.push({ step: "clear_for", ms: alarm.clearForMs });
  if (why === "quiet") trace.push({ step: "quiet", ms: alarm.quietMs });
  if (why === "schedule") trace.push({ step: "schedule" });
  if (phase === "clear" && def.latch) trace.push({ step: a.released ? "released" : "latched" });
  return finding(lane, alarm, phase, ts + behind, severity, {
    ...headline(lane, alarm, compared),
    since: since + behind,
    heldMs: Math.max(0, ts - since),
    trace,
  });
}

function headline(lane: Lane, alarm: PlannedAlarm, compared: readonly Compared[]): Record<string, unknown> {
  if (alarm.silence >= 0) {
    const metric = lane.plan.profile.metrics[alarm.def.noData ?? -1];
    const heard = lane.silences[alarm.silence]?.heard;
    return { metric: metric?.name ?? "", limit: alarm.silenceMs, unit: "ms", lastSeen: heard > 0 ? heard : null };
  }
  if (compared.length === 0) return {};
  const [first] = compared;
  return {
    metric: first.metric,
    value: first.value,
    limit: first.limit,
    unit: first.unit,
    ...(compared.length > 1 && { metrics: [...new Set(compared.map((c) => c.metric))] }),
  };
}

function compare(lane: Lane, c: PlannedComparison): Compared {
  const metric = lane.plan.profile.metrics[c.def.metric];
  const value = lane.values[c.input];
  return {
    metric: metric.name,
    fn: c.def.fn,
    op: c.def.op,
    limit: round(lane.limits[c.limit]),
    value: Number.isFinite(value) ? round(value) : null,
    unit: c.def.fn === "rate" ? `${metric.unit === "1" ? "" : metric.unit}/s` : metric.unit,
  };
}

/** `limit + offset` in binary would show as 0.12000000000000001 */
function round(x: number): number {
  return Number(x.toPrecision(12));
}

export function hits(mask: number): number {
  let n = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++;
  return n;
}

export function finding(
  lane: Lane,
  alarm: { readonly def: { readonly name: string; readonly event: string } },
  phase: Finding["phase"],
  ts: number,
  severity: Severity,
  evidence: Finding["evidence"],
): Finding {
  const { device } = lane;
  return {
    kind: alarm.def.event,
    phase,
    severity,
    ts,
    subject: `device:${device.uid}`,
    device,
    gridId: null,
    lon: device.lon,
    lat: device.lat,
    source: `rule:${lane.plan.profile.id}#${alarm.def.name}`,
    evidence,
    late: lane.late,
  };
}

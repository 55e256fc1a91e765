import type { Temporary } from "./codec/value.ts";
import type { AlarmDef } from "./compiled.ts";
import type { MetricTable } from "./metric-table.ts";
import type { Report } from "./problem.ts";
import type { Profile } from "./profile.ts";

/** Warns of what a profile says in vain, or contradicts itself about: it would load and do nothing, or mislead. */
export function reportDeadParts(
  source: Profile,
  metrics: MetricTable,
  /** metrics that the codec gives; null = records may bring any */
  given: ReadonlySet<string> | null,
  temporaries: ReadonlyMap<string, Temporary>,
  alarms: readonly AlarmDef[],
  report: Report,
): void {
  for (const [name, { path, used }] of temporaries)
    if (!used) report(path, `no formula uses ${name}: skip its bytes, or give it a metric's name`, "warning");
  for (const [name, rule] of Object.entries(source.simulate ?? {})) {
    const range = metrics.defs[metrics.index.get(name) ?? -1]?.range ?? null;
    if (Array.isArray(rule) || range === null) continue;
    const centre = rule.walk?.[0] ?? rule.sine?.[0] ?? rule.value;
    if (typeof centre === "number" && (centre < range[0] || centre > range[1]))
      report(["simulate", name], `${centre} lies outside ${name}'s range, ${range[0]} to ${range[1]}`, "warning");
  }
  if (given === null) return;
  for (const alarm of alarms) {
    if (source.alarms?.[alarm.name] === undefined) continue;
    const used = [...alarm.when.map((c) => c.metric), ...(alarm.noData === null ? [] : [alarm.noData])];
    for (const { name } of used.map((i) => metrics.defs[i]).filter((def) => def !== undefined && !given.has(def.name)))
      report(["alarms", alarm.name], `never raised: no field of the codec gives ${name}`, "warning");
  }
}

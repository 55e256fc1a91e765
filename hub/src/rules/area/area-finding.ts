import type { Finding } from "../../finding.ts";
import type { Hold } from "./area-past.ts";
import type { AreaInstance } from "./area-state.ts";

/** Names shown of a condition; the rest is a count. */
const SHOWN = 20;

/**
 * One event on the grid: what the conditions asked for, and who satisfied them.
 * @param past that was over when it was found
 */
export function areaFinding(instance: AreaInstance, phase: "raise" | "clear", ts: number, past?: Hold): Finding {
  const { rule, gridId } = instance;
  const who = past?.names ?? instance.met.map((each) => [...each.keys()]);
  const conditions = rule.all.map((condition, i) => {
    if (condition.what === "flag") return { what: "flag", flag: condition.flag, is: condition.is };
    const by = who[i].slice(0, SHOWN);
    const asked = "atLeast" in condition ? condition.atLeast : 1;
    const count = who[i].length;
    if (condition.what === "finding") return { what: "finding", kind: condition.kind, at_least: asked, count, by };
    return { what: condition.what, when: condition.text, at_least: asked, count, by };
  });
  const since = past?.from ?? instance.since;
  return {
    kind: rule.event,
    phase,
    severity: rule.severity,
    ts,
    subject: `grid:${gridId}`,
    device: null,
    gridId,
    lon: null,
    lat: null,
    source: `area:${rule.id}`,
    evidence: {
      since,
      heldMs: Math.max(0, ts - since),
      conditions,
      trace: conditions.map((c) => ({ step: "area", ...c })),
    },
    late: past !== undefined,
  };
}

/** The end of an event whose rule, or whose grid, is no more. */
export function areaOver(id: string, gridId: string, event: string): Omit<Finding, "ts"> {
  const where = { subject: `grid:${gridId}`, device: null, gridId, lon: null, lat: null, source: `area:${id}` };
  const evidence = { trace: [{ step: "profile", note: "the rule is no longer configured" }] };
  return { kind: event, phase: "clear", severity: 4, ...where, evidence, late: false };
}

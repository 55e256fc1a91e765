import type { Finding, Severity } from "../finding.ts";
import { edgeFinding } from "./health-finding.ts";
import type { HealthJournal } from "./health-journal.ts";
import type { EdgeHealth } from "./health-record.ts";

/** An edge's own event begins. */
export function raiseEdge(journal: HealthJournal, e: EdgeHealth, severity: Severity, now: number, out: Finding[]) {
  e.raised = severity;
  out.push(edgeFinding(e, "raise", severity, now));
  journal.touch(e);
}

/** It is over: the edge is back, or (`absorbed`, a subject) a larger event speaks for it. */
export function clearEdge(journal: HealthJournal, e: EdgeHealth, now: number, out: Finding[], absorbed?: string) {
  if (e.raised === null) return;
  const finding = edgeFinding(e, "clear", e.raised, now);
  out.push(absorbed === undefined ? finding : { ...finding, evidence: { ...finding.evidence, absorbed } });
  e.raised = null;
  journal.touch(e);
}

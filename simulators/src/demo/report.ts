import type { Expectation } from "../scenario.ts";

/** What the report needs of an event, as `GET /api/events` gives it. */
export interface SeenEvent {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly gridId: string | null;
  readonly sensing: "active" | "cleared";
  readonly deviceUid: string | null;
  /** event time of the first finding, ms UTC */
  readonly openedAt: number;
  readonly updatedAt: number;
}

export interface ScenarioResult {
  readonly name: string;
  readonly expected: { kind: string; subject: string | null; grid: string | null; state: string };
  readonly actual: readonly { kind: string; subject: string; grid: string | null; state: string }[];
  readonly ok: boolean;
  /** why not; empty when ok */
  readonly problems: readonly string[];
}

/**
 * Compares what happened with what must have happened. A scenario is met by exactly one event of its kind and subject, on its
 * grid, in the expected state; a second one is a duplicate and fails it, and so does an event of a device that must stay quiet.
 */
export function judge(
  scenarios: readonly (Expectation & { readonly name: string })[],
  events: readonly SeenEvent[],
): ScenarioResult[] {
  return scenarios.map((scenario) => {
    const { name, kind, subject, gridId, expect, quiet = [] } = scenario;
    const same = events.filter((e) => e.kind === kind && answers(scenario, e));
    const problems: string[] = [];
    if (same.length === 0) problems.push("no such event");
    if (same.length > 1) problems.push(`${same.length} events instead of one`);
    for (const event of same) {
      if (gridId !== null && event.gridId !== gridId)
        problems.push(`on grid ${event.gridId ?? "none"} instead of ${gridId}`);
      if (event.sensing !== expect) problems.push(`${event.sensing} instead of ${expect}`);
    }
    const loud = events.filter((e) => e.deviceUid !== null && quiet.includes(e.deviceUid));
    for (const event of loud) problems.push(`${event.kind} of ${event.deviceUid ?? ""}, which must stay quiet`);
    const shown = same.length > 0 || loud.length > 0 ? [...same, ...loud] : nearMisses(scenario, events);
    return {
      name,
      expected: { kind, subject, grid: gridId, state: expect },
      actual: shown.map((e) => ({ kind: e.kind, subject: e.subject, grid: e.gridId, state: e.sensing })),
      ok: problems.length === 0,
      problems,
    };
  });
}

/** An event that no scenario waits for. */
export interface OtherEvent extends SeenEvent {
  /** what explains it; null = nothing does, and it is worth a look */
  readonly why: string | null;
}

/** A standing trouble of the field and the event it causes. */
export interface Explained {
  readonly kind: string;
  readonly subject: string;
  readonly why: string;
}

/** Events beside those that were waited for, each with what explains it: a consequence of a scenario, or a standing trouble. */
export function others(
  scenarios: readonly (Expectation & { readonly name: string })[],
  explained: readonly Explained[],
  events: readonly SeenEvent[],
): OtherEvent[] {
  return events
    .filter((e) => !scenarios.some((s) => s.kind === e.kind && answers(s, e)))
    .map((e) => {
      const cause = scenarios.find((s) => s.alongside?.includes(e.kind) && answers(s, e));
      const trouble = explained.find((x) => x.kind === e.kind && x.subject === e.subject);
      return { ...e, why: cause?.name ?? trouble?.why ?? null };
    });
}

function answers(s: Expectation, e: SeenEvent): boolean {
  return s.subject === null ? s.gridId === e.gridId : s.subject === e.subject;
}

/** Of a kept folder: what happened in this run. An event of an earlier one counts when this run found it again. */
export function ofThisRun(events: readonly SeenEvent[], startedAt: number): SeenEvent[] {
  return events.filter((e) => e.openedAt >= startedAt || (e.updatedAt >= startedAt && e.sensing === "active"));
}

/** Where nothing matches: what the same subject or the same kind did cause, to say what went wrong. */
function nearMisses(scenario: Expectation, events: readonly SeenEvent[]): SeenEvent[] {
  const own = events.filter((e) => e.subject === scenario.subject);
  return own.length > 0 ? own : events.filter((e) => e.kind === scenario.kind).slice(0, 3);
}

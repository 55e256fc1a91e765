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
    const same = events.filter(
      (e) => e.kind === kind && (subject === null ? e.gridId === gridId : e.subject === subject),
    );
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

/** Events that nothing asked for: shown, and worth a look; boats may come close to each other by themselves. */
export function unexpected(scenarios: readonly Expectation[], events: readonly SeenEvent[]): SeenEvent[] {
  return events.filter(
    (e) =>
      !scenarios.some(
        (s) => s.kind === e.kind && (s.subject === null ? s.gridId === e.gridId : s.subject === e.subject),
      ),
  );
}

/** Where nothing matches: what the same subject or the same kind did cause, to say what went wrong. */
function nearMisses(scenario: Expectation, events: readonly SeenEvent[]): SeenEvent[] {
  const own = events.filter((e) => e.subject === scenario.subject);
  return own.length > 0 ? own : events.filter((e) => e.kind === scenario.kind).slice(0, 3);
}

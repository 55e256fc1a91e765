import type { EventSettings } from "../../../src/api/event-policy-schema.ts";

export type LadderRule = EventSettings["ladder"][number];
export type Severity = LadderRule["severity"];

/** The rules of one pattern, by severity. */
export interface LadderGroup {
  readonly kind: string;
  readonly rules: readonly LadderRule[];
}

/** Patterns in the order of the alphabet, `*` first; within a pattern the gravest first. */
export function groupsOf(rules: readonly LadderRule[]): LadderGroup[] {
  const kinds = [...new Set(rules.map(({ kind }) => kind))].sort();
  return kinds.map((kind) => ({
    kind,
    rules: rules.filter((rule) => rule.kind === kind).sort((a, b) => a.severity - b.severity),
  }));
}

/** The list with the rules of a pattern replaced; `was` is its name before, null = it is new. */
export function withGroup(rules: readonly LadderRule[], was: string | null, group: LadderGroup): LadderRule[] {
  const others = rules.filter(({ kind }) => kind !== was && kind !== group.kind);
  return groupsOf([...others, ...group.rules]).flatMap((each) => each.rules);
}

/** Seconds until the town is told; null = not by time. */
export function untilTown({ village_s, town_s }: LadderRule): number | null {
  return village_s === 0 || town_s === 0 ? null : village_s + town_s;
}

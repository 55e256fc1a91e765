import type { EventLife, LadderLevel } from "../event.ts";
import type { Severity } from "../finding.ts";
import { matchesKind, precision } from "./kind-pattern.ts";

/** After how long without anybody taking it on the next level is told. Seconds on each level; 0 = not by time. */
export interface LadderRule {
  readonly kind: string;
  readonly severity: Severity;
  readonly village_s: number;
  readonly town_s: number;
}

type Ladder = NonNullable<EventLife["ladder"]>;

const NEXT: Readonly<Record<LadderLevel, LadderLevel | null>> = { grid: "village", village: "town", town: null };

export class LadderRules {
  readonly #rules: readonly LadderRule[];
  readonly #found = new Map<string, LadderRule | null>();

  constructor(rules: readonly LadderRule[]) {
    // the most exact pattern speaks
    this.#rules = rules.toSorted((a, b) => precision(b.kind) - precision(a.kind));
  }

  get empty(): boolean {
    return this.#rules.length === 0;
  }

  of(kind: string, severity: Severity): LadderRule | null {
    const key = `${kind} ${severity}`;
    let rule = this.#found.get(key);
    if (rule === undefined) {
      rule = this.#rules.find((r) => r.severity === severity && matchesKind(r.kind, kind)) ?? null;
      if (this.#found.size < 10_000) this.#found.set(key, rule);
    }
    return rule;
  }
}

/** The level after this one that the grid has; of an event on no grid every level counts. */
export function nextLevel(level: LadderLevel, path: readonly { readonly level: string }[]): LadderLevel | null {
  const next = NEXT[level];
  if (next === null || path.length === 0 || path.some((grid) => grid.level === next)) return next;
  return nextLevel(next, path);
}

/** @param scale multiplies the times  @returns when the next level is told, ms UTC; null = never by time */
export function ladderDue(
  rule: LadderRule | null,
  { level, since }: Pick<Ladder, "level" | "since">,
  path: readonly { readonly level: string }[],
  scale: number,
): number | null {
  const next = nextLevel(level, path);
  if (rule === null || next === null) return null;
  const seconds = next === "village" ? rule.village_s : rule.town_s;
  return seconds === 0 ? null : since + seconds * 1000 * scale;
}

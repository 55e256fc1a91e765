import type { FormationInfo } from "../../../src/api/schema.ts";

export const COLUMNS = ["name", "heard", "spread", "farthest", "port", "trouble"] as const;
export type Column = (typeof COLUMNS)[number];
export const FILTERS = ["stragglers", "split", "dark", "outage", "unheard", "port"] as const;
export type Filter = (typeof FILTERS)[number];

export interface Order {
  readonly by: Column;
  readonly descending: boolean;
}
export interface Trouble {
  readonly kind: "split" | "dark" | "stragglers" | "outage";
  /** vessels; null where it is about the whole formation */
  readonly n: number | null;
}

/** What is wrong with a formation, the gravest first. A link that is out explains why its vessels are silent. */
export function troublesOf(f: FormationInfo): Trouble[] {
  return [
    ...(f.dark.length > 0 ? [{ kind: "dark", n: f.dark.length } as const] : []),
    ...(f.split ? [{ kind: "split", n: null } as const] : []),
    ...(f.stragglers.length > 0 ? [{ kind: "stragglers", n: f.stragglers.length } as const] : []),
    ...(f.outage ? [{ kind: "outage", n: null } as const] : []),
  ];
}

const TESTS: Readonly<Record<Filter, (f: FormationInfo) => boolean>> = {
  stragglers: (f) => f.stragglers.length > 0,
  split: (f) => f.split,
  dark: (f) => f.dark.length > 0,
  outage: (f) => f.outage,
  unheard: (f) => f.fresh < f.members,
  port: (f) => f.inHarbour > 0,
};

export function has(f: FormationInfo, filter: Filter): boolean {
  return TESTS[filter](f);
}

const gravity = (f: FormationInfo) =>
  f.dark.length * 1000 + (f.split ? 500 : 0) + f.stragglers.length * 100 + (f.outage ? 50 : 0) + 1 - share(f);
const share = (f: FormationInfo) => f.fresh / Math.max(1, f.members);
const VALUES: Readonly<Record<Exclude<Column, "name">, (f: FormationInfo) => number>> = {
  heard: share,
  spread: (f) => f.spreadNm ?? -1,
  farthest: (f) => f.farthestNm ?? -1,
  port: (f) => f.inHarbour,
  trouble: gravity,
};

/** Formations by one column; of equals by name, so that rows do not jump. */
export function sorted(formations: readonly FormationInfo[], { by, descending }: Order): FormationInfo[] {
  const sign = descending ? -1 : 1;
  const name = (a: FormationInfo, b: FormationInfo) => a.name.localeCompare(b.name, "zh");
  if (by === "name") return formations.toSorted((a, b) => sign * name(a, b));
  const of = VALUES[by];
  return formations.toSorted((a, b) => sign * (of(a) - of(b)) || name(a, b));
}

/** What a click on a column's head does: names begin with the first, shares with the least, the rest with the greatest. */
export function nextOrder(now: Order, by: Column): Order {
  if (now.by === by) return { by, descending: !now.descending };
  return { by, descending: by !== "name" && by !== "heard" };
}

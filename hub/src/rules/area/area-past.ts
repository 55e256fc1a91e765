import type { AreaInstance } from "./area-state.ts";

/** Somebody satisfied a condition from `from` until `to`, event time, ms UTC. */
export interface Stretch {
  readonly condition: number;
  readonly name: string;
  readonly from: number;
  to: number;
}

/** All conditions held from `from` until `to`; who made it so, by condition. */
export interface Hold {
  readonly from: number;
  /** Infinity = they still do */
  readonly to: number;
  readonly names: readonly (readonly string[])[];
}

const REMEMBERED = 64;

/** Keeps what has ended for as long as a record may come late. */
export function remember(instance: AreaInstance, stretch: Stretch, since: number): void {
  const { past } = instance;
  if (stretch.to <= stretch.from) return;
  past.push(stretch);
  while (past.length > REMEMBERED || (past.length > 0 && past[0].to < since)) past.shift();
}

const asked = (instance: AreaInstance, condition: number): number => {
  const of = instance.rule.all[condition];
  return of.what === "flag" ? 0 : "atLeast" in of ? of.atLeast : 1;
};

/** Since when all conditions hold that hold now, flags aside: of each the witness that made the number full. */
export function heldSince(instance: AreaInstance): number {
  let since = -Infinity;
  instance.met.forEach((met, condition) => {
    const n = asked(instance, condition);
    if (n === 0) return;
    const times = Array.from(met.values(), (witness) => witness.since).sort((a, b) => a - b);
    since = Math.max(since, times[n - 1] ?? Infinity);
  });
  return since;
}

/** When all conditions held together, flags aside, as far as it is remembered; oldest first. */
export function holds(instance: AreaInstance): Hold[] {
  const steps: { readonly at: number; readonly by: 1 | -1; readonly condition: number; readonly name: string }[] = [];
  const put = ({ condition, name, from, to }: Stretch) => {
    steps.push({ at: from, by: 1, condition, name });
    if (to < Infinity) steps.push({ at: to, by: -1, condition, name });
  };
  for (const stretch of instance.past) put(stretch);
  instance.met.forEach((met, condition) => {
    for (const { name, since } of met.values()) put({ condition, name, from: since, to: Infinity });
  });
  // of one moment what begins comes first: one sensor that hands over to another leaves no gap
  steps.sort((a, b) => a.at - b.at || b.by - a.by);
  const there = instance.met.map(() => new Map<string, number>());
  const found: Hold[] = [];
  let from = Number.NaN;
  let names: string[][] = [];
  for (const { at, by, condition, name } of steps) {
    const n = (there[condition].get(name) ?? 0) + by;
    if (n === 0) there[condition].delete(name);
    else there[condition].set(name, n);
    const held = there.every((who, i) => who.size >= asked(instance, i));
    if (held) names = there.map((who, i) => [...new Set([...(names[i] ?? []), ...who.keys()])]);
    if (held && Number.isNaN(from)) from = at;
    else if (!held && !Number.isNaN(from)) {
      if (at > from) found.push({ from, to: at, names });
      from = Number.NaN;
      names = [];
    }
  }
  if (!Number.isNaN(from)) found.push({ from, to: Infinity, names });
  return found;
}

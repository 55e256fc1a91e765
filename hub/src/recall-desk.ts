import type { Fleet } from "./fleet/fleet.ts";
import { RecallBook } from "./fleet/recall/recall-book.ts";
import type { GridSet } from "./grids/grid-set.ts";
import type { SeaMembership } from "./grids/sea-membership.ts";

/** Joins the recalls with the fleet that they look at and the grids that say who is called. */
export function recallBook({
  grids,
  fleet,
}: {
  readonly grids: () => GridSet;
  readonly fleet: Pick<Fleet, "vessel">;
}): RecallBook {
  let of: GridSet | null = null;
  let current: SeaMembership | null = null;
  let names = new Map<number, string>();
  /** the membership of the moment, made anew when a term begins or ends or the grids are others */
  const membership = (now: number): SeaMembership => {
    const set = grids();
    if (current !== null && of === set && now < current.until) return current;
    if (of !== set) names = new Map(set.formations().flatMap((id) => set.roster(id).map((m) => [m.mmsi, m.name])));
    of = set;
    current = set.at(now);
    return current;
  };
  return new RecallBook({
    membership,
    vessel: (mmsi, now) => fleet.vessel(mmsi, now),
    nameOf: (mmsi) => names.get(mmsi) ?? "",
    subtree: (id) => grids().subtree(id),
  });
}

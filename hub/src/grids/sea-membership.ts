import type { SeaAttributes } from "../sea.ts";
import { type FormationMember, type Grid, type Polygon, polygonsOf } from "./grid.ts";
import type { GridSet } from "./grid-set.ts";

/** An area at sea whose border means something, as the fleet asks for it. */
export interface SeaBorder {
  readonly id: string;
  readonly name: string;
  readonly rule: NonNullable<SeaAttributes["rule"]>;
  readonly polygons: readonly Polygon[];
  readonly sea: SeaAttributes;
}

/**
 * The grids as the fleet sees them at one moment: memberships that are valid then, rules of areas, thresholds. Immutable like
 * the set; `until` says when the next membership begins or ends, `at` makes the one after.
 */
export class SeaMembership {
  /** ms UTC; Infinity = nothing will change by itself */
  readonly until: number;
  readonly #set: GridSet;
  readonly #formations: readonly string[];
  readonly #formationOf = new Map<number, string>();
  readonly #members = new Map<string, number[]>();
  readonly #gear = new Map<number, string>();
  readonly #areas: readonly SeaBorder[];

  constructor(set: GridSet, now: number) {
    this.#set = set;
    this.#formations = set.formations();
    let until = Infinity;
    for (const id of this.#formations) {
      const members: number[] = [];
      for (const member of set.roster(id)) {
        const { mmsi, from, to, gear } = member;
        for (const turn of [from, to]) if (turn !== undefined && turn > now) until = Math.min(until, turn);
        if (!isValid(member, now)) continue;
        members.push(mmsi);
        this.#formationOf.set(mmsi, id);
        if (gear !== undefined) this.#gear.set(mmsi, gear);
      }
      this.#members.set(id, members);
    }
    this.#areas = [...set.grids()].flatMap(borderOf).filter(({ sea: { valid } }) => {
      if (valid === undefined) return true;
      for (const turn of [valid.from, valid.to]) if (turn !== undefined && turn > now) until = Math.min(until, turn);
      return isValid(valid, now);
    });
    this.until = until;
  }

  formationOf(mmsi: number): string | null {
    return this.#formationOf.get(mmsi) ?? null;
  }

  members(gridId: string): readonly number[] {
    return this.#members.get(gridId) ?? [];
  }

  formations(): readonly string[] {
    return this.#formations;
  }

  /** the grids above, nearest first */
  above(gridId: string): string[] {
    return this.#set
      .path(gridId)
      .map(({ id }) => id)
      .reverse()
      .slice(1);
  }

  seaOf(gridId: string): SeaAttributes | null {
    return this.#set.get(gridId)?.sea ?? null;
  }

  gearOf(mmsi: number): string {
    return this.#gear.get(mmsi) ?? "";
  }

  areas(): readonly SeaBorder[] {
    return this.#areas;
  }

  /** name of the area of the sea at a position, degrees; null = none */
  areaAt(lon: number, lat: number): string | null {
    const { gridId } = this.#set.locateArea(lon, lat);
    return gridId === null ? null : this.#set.get(gridId)!.name;
  }

  readonly at = (now: number): SeaMembership => this.#set.at(now);
}

export function isValid({ from, to }: Pick<FormationMember, "from" | "to">, now: number): boolean {
  return (from === undefined || now >= from) && (to === undefined || now < to);
}

/** A harbour by its use needs no rule of its own; ports are points and may stand on any grid. */
function borderOf(grid: Grid): SeaBorder[] {
  const sea = grid.sea ?? {};
  const harbour = grid.codes.use === "harbour" || sea.ports !== undefined;
  const rule = sea.rule ?? (harbour ? "harbour" : undefined);
  if (rule === undefined) return [];
  // of a town with a port the border is no harbour
  const own = grid.category === "maritime" && (sea.rule !== undefined || grid.codes.use === "harbour");
  return [{ id: grid.id, name: grid.name, rule, polygons: own ? polygonsOf(grid) : [], sea }];
}

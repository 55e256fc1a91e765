import type { FormationMember, Grid } from "./grid.ts";
import { gridHash } from "./grid-hash.ts";
import type { GridSet } from "./grid-set.ts";

export interface Merged {
  readonly grids: Grid[];
  /** cells that differ from the new file because people changed them since the file of before */
  readonly kept: readonly string[];
  /** cells that both changed, in different ways: the file's are taken */
  readonly conflicts: readonly string[];
}

/**
 * A new file over a tree that people have changed since the last one: what only the file changed is taken from it, what only people
 * changed stays. Shape and members of a cell count apart: a new border does not undo a boat that joined.
 * @param base what the file held before
 * @param active the tree in force
 * @param file what it holds now
 */
export function mergeGrids(base: GridSet, active: GridSet, file: GridSet): Merged {
  const grids: Grid[] = [];
  const kept = new Set<string>();
  const conflicts = new Set<string>();
  for (const id of new Set([...file.grids(), ...active.grids()].map((grid) => grid.id))) {
    const pick = <T>(of: (grid: Grid | undefined) => T, same: (x: T, y: T) => boolean): T => {
      const [b, a, f] = [of(base.get(id)), of(active.get(id)), of(file.get(id))];
      if (same(a, f) || same(a, b)) return f;
      (same(b, f) ? kept : conflicts).add(id);
      return same(b, f) ? a : f;
    };
    if (active.get(id) === undefined || file.get(id) === undefined) {
      const whole = pick((grid) => grid, sameGrid);
      if (whole !== undefined) grids.push(whole);
      continue;
    }
    const rest = pick(withoutMembers, sameGrid) as Grid;
    const members = pick((grid) => grid?.members ?? [], sameMembers);
    grids.push({ ...rest, members });
  }
  return { grids, kept: [...kept], conflicts: [...conflicts] };
}

/** New cells over old ones, by id; everything else stays. */
export function withGrids(set: GridSet, changed: readonly Grid[]): Grid[] {
  const byId = new Map([...set.grids()].map((grid) => [grid.id, grid]));
  for (const grid of changed) byId.set(grid.id, grid);
  return [...byId.values()];
}

const withoutMembers = (grid: Grid | undefined): Grid | undefined => grid && { ...grid, members: [] };

function sameGrid(a: Grid | undefined, b: Grid | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && gridHash(a) === gridHash(b));
}

function sameMembers(a: readonly FormationMember[], b: readonly FormationMember[]): boolean {
  const text = (members: readonly FormationMember[]) =>
    members.map(({ mmsi, name, role, gear, from, to }) => JSON.stringify([mmsi, name, role, gear, from, to])).sort().join(); // prettier-ignore
  return a === b || text(a) === text(b);
}

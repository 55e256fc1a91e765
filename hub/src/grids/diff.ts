import { polygonArea } from "./geometry.ts";
import { type Grid, polygonsOf } from "./grid.ts";
import { gridHash } from "./grid-hash.ts";
import type { GridSet } from "./grid-set.ts";

export interface GridChange {
  readonly change: "added" | "removed" | "changed";
  readonly id: string;
  readonly name: string;
  readonly level: string;
  /** what differs: name, level, category, parent, codes, geometry, members, sea; empty unless changed */
  readonly fields: readonly string[];
  /** m²; null = no shape, or not there */
  readonly areaBefore: number | null;
  readonly areaAfter: number | null;
}

export interface Placed {
  readonly uid: string;
  /** degrees WGS84 */
  readonly lon: number;
  readonly lat: number;
}

/** A device whose position belongs to another grid, or to the same in another way, in the new version. */
export interface DeviceMove {
  readonly uid: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly match: string;
}

const FIELDS = ["name", "level", "category", "parent", "codes", "geometry", "members", "sea"] as const;

/** What a new version of the grids changes, by id. */
export function diffGrids(before: GridSet, after: GridSet): GridChange[] {
  const changes: GridChange[] = [];
  for (const grid of before.grids()) {
    const now = after.get(grid.id);
    if (now === undefined) changes.push(change("removed", grid, [], squareMetres(grid), null));
    else if (gridHash(grid) !== gridHash(now)) {
      const fields = FIELDS.filter((field) => canonical(grid[field]) !== canonical(now[field]));
      if (fields.length > 0) changes.push(change("changed", now, fields, squareMetres(grid), squareMetres(now)));
    }
  }
  for (const grid of after.grids())
    if (before.get(grid.id) === undefined) changes.push(change("added", grid, [], null, squareMetres(grid)));
  return changes.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Events keep the grid that they began on; this is where the next ones of these devices will be. */
export function movedDevices(before: GridSet, after: GridSet, devices: readonly Placed[]): DeviceMove[] {
  const moves: DeviceMove[] = [];
  for (const { uid, lon, lat } of devices) {
    const from = before.locate(lon, lat);
    const to = after.locate(lon, lat);
    if (from.gridId !== to.gridId) moves.push({ uid, from: from.gridId, to: to.gridId, match: to.match });
  }
  return moves;
}

function change(
  what: GridChange["change"],
  { id, name, level }: Grid,
  fields: readonly string[],
  areaBefore: number | null,
  areaAfter: number | null,
): GridChange {
  return { change: what, id, name, level, fields, areaBefore, areaAfter };
}

/** On a sphere, flat at the middle of the shape: right to a per mille for a county. */
export function squareMetres(grid: Grid): number | null {
  const polygons = polygonsOf(grid);
  if (polygons.length === 0) return null;
  let sum = 0;
  for (const polygon of polygons) {
    const lats = polygon[0].map(([, lat]) => lat);
    const middle = (Math.min(...lats) + Math.max(...lats)) / 2;
    sum += polygonArea(polygon) * 111_195 ** 2 * Math.cos((middle * Math.PI) / 180);
  }
  return sum;
}

/** Equal for equal content, whatever the order of keys, and of members. */
function canonical(value: unknown): string {
  if (Array.isArray(value) && value.some((each) => typeof each === "object" && each !== null && "mmsi" in each))
    return value.map(canonical).sort().join();
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

import { createHash } from "node:crypto";
import type { Grid } from "./grid.ts";

const known = new WeakMap<Grid, string>();

/** The content of a cell as text: equal for equal cells, whatever the order of keys and members. */
export function canonicalGrid({ id, name, level, category, parent, codes, synthetic, geometry, members, sea }: Grid) {
  const sortedCodes = Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1));
  const shape = geometry === null ? null : [geometry.type, geometry.coordinates];
  // what is not said leaves the hash as it was before it could be said
  const boats = members
    .map(({ mmsi, name: boat, role, gear, from, to }) => {
      const more = gear === undefined && from === undefined && to === undefined ? [] : [gear ?? "", from ?? null, to ?? null]; // prettier-ignore
      return [mmsi, boat, role, ...more] as const;
    })
    .sort((a, b) => a[0] - b[0] || Number(a[4] ?? 0) - Number(b[4] ?? 0));
  const own = [id, name, level, category, parent, sortedCodes, synthetic, shape, boats];
  return JSON.stringify(sea === undefined ? own : [...own, sorted(sea)]);
}

/** sha256 (hex) of one cell. Cells are immutable and shared between versions, so each is hashed once. */
export function gridHash(grid: Grid): string {
  let hash = known.get(grid);
  if (hash === undefined) known.set(grid, (hash = createHash("sha256").update(canonicalGrid(grid)).digest("hex")));
  return hash;
}

/** Takes a hash of a cell that was computed elsewhere. */
export function noteHash(grid: Grid, hash: string): void {
  known.set(grid, hash);
}

/** Equal content whatever the order of its keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)])); // prettier-ignore
}

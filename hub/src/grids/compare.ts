import { diffGrids, type GridChange } from "./diff.ts";
import type { GridSet } from "./grid-set.ts";

/** A device that belongs to another grid in the new version. */
export interface MovedDevice {
  readonly uid: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What a version changes against another one. */
export interface Comparison {
  readonly changes: readonly GridChange[];
  /** devices that move, all of them; events keep the grid that they began on */
  readonly moves: readonly MovedDevice[];
}

/** What decides which cell a position belongs to. */
const PLACING: ReadonlySet<string> = new Set(["geometry", "level", "category"]);

/** @param gridOf where each device belongs in a set */
export function compareSets<T extends { readonly uid: string }>(
  before: GridSet,
  after: GridSet,
  devices: Iterable<T>,
  gridOf: (device: T, set: GridSet) => string | null,
): Comparison {
  const changes = diffGrids(before, after);
  const moves: MovedDevice[] = [];
  // members and names move nobody
  if (!changes.some(({ change, fields }) => change !== "changed" || fields.some((field) => PLACING.has(field))))
    return { changes, moves };
  for (const device of devices) {
    const [from, to] = [gridOf(device, before), gridOf(device, after)];
    if (from !== to) moves.push({ uid: device.uid, from, to });
  }
  return { changes, moves };
}

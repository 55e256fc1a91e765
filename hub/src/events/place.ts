import type { Finding, GridMatch } from "../finding.ts";

/** What this room needs of a grid set. */
export interface Locator {
  readonly version: number;
  /** degrees WGS84 */
  locate(lon: number, lat: number): { readonly gridId: string | null; readonly match: GridMatch };
  /** from the county down to the grid; empty for an unknown id */
  path(id: string): readonly { readonly level: string }[];
}

/** Where the hub knows no grids at all. */
export const NO_GRIDS: Locator = {
  version: 0,
  locate: () => ({ gridId: null, match: "unmatched" }),
  path: () => [],
};

export interface Place {
  readonly gridId: string | null;
  readonly match: GridMatch;
  readonly lon: number | null;
  readonly lat: number | null;
}

/**
 * The grid of a finding: the one that its source named (a formation), else the one of the device that it is about, else where
 * it happened. A finding that a device only reported (a vessel heard by a receiver, a stall seen by a camera) happened
 * elsewhere: the device's own grid then says nothing, or for a place little: it serves as the last resort. Never refuses:
 * `unmatched` is an answer.
 */
export function placeOf(f: Finding, grids: Locator): Place {
  const { device, subject } = f;
  const own = device !== null && (subject === `device:${device.uid}` || subject === `edge:${device.edge.key}`);
  const reported = f.lon !== null && f.lat !== null;
  const lon = reported ? f.lon : own ? device.lon : null;
  const lat = reported ? f.lat : own ? device.lat : null;

  if (f.gridId !== null) {
    const formation = grids.path(f.gridId).at(-1)?.level === "formation";
    return { gridId: f.gridId, match: formation ? "formation" : "bound", lon, lat };
  }
  if (own && device.gridId !== null) return { gridId: device.gridId, match: "bound", lon, lat };
  if (lon !== null && lat !== null) {
    const { gridId, match } = grids.locate(lon, lat);
    if (gridId !== null) return { gridId, match, lon, lat };
  }
  if (device !== null && device.gridId !== null && subject.startsWith("place:"))
    return { gridId: device.gridId, match: "bound", lon, lat };
  return { gridId: null, match: "unmatched", lon, lat };
}

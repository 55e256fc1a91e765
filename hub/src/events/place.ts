import type { Device } from "../device.ts";
import type { Finding, GridMatch } from "../finding.ts";

/** What this room needs of a grid set. */
export interface Locator {
  readonly version: number;
  /** degrees WGS84 */
  locate(lon: number, lat: number): { readonly gridId: string | null; readonly match: GridMatch };
  /** from the county down to the grid; empty for an unknown id */
  path(id: string): readonly { readonly level: string; readonly id?: string }[];
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
 * it happened. What a device only heard (a vessel, by a receiver) happened elsewhere, and the device's grid says nothing. What
 * a camera saw (`place:`) is in the camera's grid, unless a calibrated position says better. Never refuses: `unmatched` is an
 * answer.
 */
export function placeOf(f: Finding, grids: Locator): Place {
  const { device } = f;
  const own = device !== null && isAbout(f, device);
  const reported = f.lon !== null && f.lat !== null;
  const lon = reported ? f.lon : own ? device.lon : null;
  const lat = reported ? f.lat : own ? device.lat : null;

  if (f.gridId !== null) {
    const formation = grids.path(f.gridId).at(-1)?.level === "formation";
    return { gridId: f.gridId, match: formation ? "formation" : "bound", lon, lat };
  }
  if (own && device.gridId !== null) return { gridId: device.gridId, match: "bound", lon, lat };
  if (lon === null || lat === null) return { gridId: null, match: "unmatched", lon, lat };
  const { gridId, match } = grids.locate(lon, lat);
  const { errorM } = f.evidence;
  const sure = typeof errorM !== "number" || isAlone(grids, lon, lat, errorM, gridId);
  return { gridId, match: sure ? match : "uncertain", lon, lat };
}

/** Whether a circle lies on one grid, by points of it at its edge and half way: a grid is wider than an eighth of its edge. */
function isAlone(grids: Locator, lon: number, lat: number, radiusM: number, gridId: string | null): boolean {
  const degree = 111_320;
  for (let i = 0; i < 24; i++) {
    const outer = i < 16;
    const [angle, r] = outer ? [(i * Math.PI) / 8, radiusM] : [(i * Math.PI) / 4, radiusM / 2];
    const east = (r * Math.sin(angle)) / (degree * Math.cos((lat * Math.PI) / 180));
    if (grids.locate(lon + east, lat + (r * Math.cos(angle)) / degree).gridId !== gridId) return false;
  }
  return true;
}

function isAbout(f: Finding, device: Device): boolean {
  if (f.subject === `device:${device.uid}` || f.subject === `edge:${device.edge.key}`) return true;
  const elsewhere = f.lon !== null && f.lat !== null && (f.lon !== device.lon || f.lat !== device.lat);
  return f.subject.startsWith("place:") && !elsewhere;
}

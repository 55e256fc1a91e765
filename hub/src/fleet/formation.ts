import { deadReckon, distanceNm, median, type Place, wrapLon } from "./distance.ts";
import type { FleetSettings } from "./options.ts";
import type { Track } from "./track.ts";

/** A member heard lately enough to count, where it is now by dead reckoning. */
export interface FreshMember extends Place {
  readonly track: Track;
  distanceNm: number;
}

/** A formation at one moment. */
export interface FormationShape {
  readonly fresh: readonly FreshMember[];
  /** median of the fresh members; null with fewer than {@link FleetSettings.minFresh} */
  readonly centre: Place | null;
  /** median distance from the centre: the two-dimensional MAD, NM */
  readonly spreadNm: number;
  readonly farthestNm: number;
  /** farther from the centre than this is astray, NM */
  readonly thresholdNm: number;
}

/** A course older than this says little about where a fishing boat is, ms. */
const RECKON_MS = 3 * 60_000;

/**
 * Where a formation is. The median does not follow the one boat that leaves, so a straggler never drags the centre, and its
 * distance barely moves the spread it is measured by.
 */
export function shapeOf(tracks: readonly Track[], now: number, s: FleetSettings): FormationShape {
  const fresh: FreshMember[] = [];
  for (const track of tracks) {
    const at = track.main;
    if (at === null || now - at.ts > s.staleMs) continue;
    const { lon, lat } = deadReckon(at, at.sog, at.cog, Math.min(RECKON_MS, now - at.ts));
    fresh.push({ track, lon, lat, distanceNm: 0 });
  }
  if (fresh.length < s.minFresh)
    return { fresh, centre: null, spreadNm: 0, farthestNm: 0, thresholdNm: Number.POSITIVE_INFINITY };
  const origin = fresh[0].lon;
  // relative to one member, so that a formation across the date line has its median there
  const centre = {
    lon: wrapLon(origin + median(fresh.map((m) => wrapLon(m.lon - origin)))),
    lat: median(fresh.map((m) => m.lat)),
  };
  let farthestNm = 0;
  for (const m of fresh) {
    m.distanceNm = distanceNm(centre.lon, centre.lat, m.lon, m.lat);
    farthestNm = Math.max(farthestNm, m.distanceNm);
  }
  const spreadNm = median(fresh.map((m) => m.distanceNm));
  return {
    fresh,
    centre,
    spreadNm,
    farthestNm,
    thresholdNm: Math.max(s.stragglerNm, s.stragglerSpreads * spreadNm),
  };
}

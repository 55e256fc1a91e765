import type { VesselView } from "../view.ts";
import { rounded } from "../waters.ts";
import type { Counts, RecallAck, Standing, VesselStanding } from "./recall.ts";
import type { Shelters } from "./shelters.ts";

export interface StandingOptions {
  /** a way by sea is longer than the great circle by this factor: boats go round islands */
  readonly detour: number;
  /** speed that a boat makes when it turns home, knots */
  readonly cruiseKn: number;
  /** slower is staying, knots */
  readonly stayKn: number;
  /** nearer, or farther, than ten minutes ago by more than this is heading in, or out; NM */
  readonly movedNm: number;
}

export const STANDING_OPTIONS: StandingOptions = { detour: 1.25, cruiseKn: 7, stayKn: 1, movedNm: 0.2 };

const SILENT: ReadonlySet<string> = new Set(["lost", "dark", "gap", "suspected_disabling", "outage"]);

interface Asked {
  readonly mmsi: number;
  readonly name: string;
  readonly formationId: string;
  readonly view: VesselView | null;
  readonly ack: RecallAck | null;
  readonly shelters: Shelters;
  /** straight distance to the nearest shelter some ten minutes ago, NM; null = not known */
  readonly earlierNm: number | null;
  readonly now: number;
}

/** Where one vessel stands. What AIS shows after somebody's word counts more than the word. */
export function standingOf(asked: Asked, options: StandingOptions): VesselStanding {
  const { mmsi, view, ack, shelters, now } = asked;
  const near = view === null ? null : shelters.nearest(view.lon, view.lat);
  const sheltered = view?.inHarbour != null && shelters.ids.has(view.inHarbour);
  const seenOutside = view !== null && !sheltered && ack !== null && view.ts > ack.ts;
  const byWord = !sheltered && ack?.said === "in_port" && !seenOutside;
  const standing: Standing =
    ack?.said === "exempt" ? "exempt" : sheltered || byWord ? "in_port" : atSea(asked, near?.nm ?? null, options);
  const distanceNm = near === null || standing === "in_port" ? null : rounded(near.nm * options.detour, 1);
  return {
    mmsi,
    name: asked.name === "" ? (view?.name ?? "") : asked.name,
    formationId: asked.formationId,
    standing,
    byWord,
    ack,
    lon: view?.lon ?? null,
    lat: view?.lat ?? null,
    sog: view?.sog ?? null,
    cog: view?.cog ?? null,
    heardAt: view?.ts ?? null,
    harbour: view?.inHarbour ?? null,
    shelter: near?.id ?? null,
    distanceNm,
    etaAt: etaOf(standing, distanceNm, view, options, now),
  };
}

function atSea({ view, earlierNm, shelters }: Asked, nm: number | null, options: StandingOptions): Standing {
  if (view === null || SILENT.has(view.state) || view.freshness === "lost") return "silent";
  if (view.inHarbour !== null || nm === null) return "staying";
  if (earlierNm !== null && Math.abs(nm - earlierNm) >= options.movedNm)
    return nm < earlierNm ? "heading_in" : "heading_out";
  const { sog, cog } = view;
  if (sog === null || cog === null || sog < options.stayKn) return "staying";
  // no history: does a mile on this course bring it nearer?
  const a = (cog * Math.PI) / 180;
  const there = shelters.nearest(
    view.lon + Math.sin(a) / 60 / Math.max(0.1, Math.cos((view.lat * Math.PI) / 180)),
    view.lat + Math.cos(a) / 60,
  );
  const closer = nm - (there?.nm ?? nm);
  return closer > 0.5 ? "heading_in" : closer < -0.5 ? "heading_out" : "staying";
}

function etaOf(
  standing: Standing,
  nm: number | null,
  view: VesselView | null,
  { cruiseKn }: StandingOptions,
  now: number,
): number | null {
  if (nm === null || view === null || standing === "silent" || standing === "exempt") return null;
  const knots = standing === "heading_in" && view.sog !== null && view.sog >= 2 ? view.sog : cruiseKn;
  return Math.round(now + (nm / knots) * 3_600_000);
}

/** @param vessels of a formation, or of all */
export function countsOf(vessels: readonly VesselStanding[]): Counts {
  const counts = { in_port: 0, heading_in: 0, staying: 0, heading_out: 0, silent: 0, exempt: 0, total: 0, acknowledged: 0 }; // prettier-ignore
  for (const { standing, ack } of vessels) {
    counts[standing]++;
    if (standing !== "exempt") counts.total++;
    if (ack !== null && standing !== "in_port" && standing !== "exempt") counts.acknowledged++;
  }
  return counts;
}

export const isOutside = ({ standing }: VesselStanding) => standing !== "in_port" && standing !== "exempt";

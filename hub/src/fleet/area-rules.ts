import type { Severity } from "../finding.ts";
import { inForce } from "./calendar.ts";
import type { SeaArea } from "./membership.ts";
import type { Track } from "./track.ts";
import { isJudged, type Waters } from "./waters.ts";

/** A vessel at an area: on its way in, inside, or on its way out. JSON: this is what the database keeps. */
export interface Visit {
  /** event time of the first fix inside, ms UTC */
  readonly since: number;
  /** fixes in a row on the other side than `inside` says */
  readonly against: number;
  readonly inside: boolean;
  /** reported */
  readonly open: boolean;
  /** rule of the area: of an area that is no more, the row alone still says what is to be cleared */
  readonly rule: SeaArea["rule"];
  /** speed limits: fixes in a row inside that are above it, or, once reported, that are not */
  readonly speed?: number;
}

interface AreaRule {
  /** kind of the finding */
  readonly kind: string;
  readonly severity: Severity;
  /** broken by a single fix, or by crossing between two */
  readonly atOnce: boolean;
}

/** How each rule is called when it is broken. */
export const AREA_RULES: Readonly<Record<Exclude<SeaArea["rule"], "harbour">, AreaRule>> = {
  no_go: { kind: "vessel.no_go", severity: 2, atOnce: true },
  aquaculture: { kind: "vessel.aquaculture", severity: 3, atOnce: false },
  closed_season: { kind: "vessel.closed_season", severity: 3, atOnce: false },
  working_area: { kind: "vessel.out_of_area", severity: 4, atOnce: false },
  speed_limit: { kind: "vessel.speeding", severity: 3, atOnce: false },
};

/** a vessel that was reported obeys the limit again below this part of it */
const OBEYS = 0.95;

/** A fix inside a speed limit: counts those in a row that contradict what is reported. */
export function speedSeen(limitKn: number | undefined, sog: number | null, visit: Visit): number | undefined {
  if (limitKn === undefined || sog === null) return visit.speed;
  return (visit.open ? sog <= OBEYS * limitKn : sog > limitKn) ? (visit.speed ?? 0) + 1 : 0;
}

/** Whether the vessel breaks the rule of the area now. @param lies it is in a harbour */
export function isBroken(
  { rule, sea, id }: SeaArea,
  track: Track,
  visit: Visit,
  lies: boolean,
  waters: Waters,
  now: number,
): boolean {
  if (rule === "harbour" || !isJudged(track, waters)) return false;
  if (!inForce(sea, now, waters.settings.timeZone)) return false;
  const { membership } = waters;
  const formationId = membership.formationOf(track.mmsi);
  const sog = track.main?.sog ?? null;
  // who sails through does not fish; once said it stays until the vessel has left
  const fishes = visit.open || sea.transit_kn === undefined || sog === null || sog <= sea.transit_kn;
  if (rule === "working_area") {
    const own = formationId !== null && (sea.formations ?? []).includes(formationId);
    return own && !visit.inside && fishes && !lies;
  }
  if (!visit.inside) return false;
  const gear = membership.gearOf?.(track.mmsi) ?? "";
  if (sea.gear !== undefined && !sea.gear.includes(gear)) return false;
  const allowed = sea.allow ?? [];
  if (formationId !== null && allowed.length > 0) {
    const line = [formationId, ...(membership.above?.(formationId) ?? [])];
    if (line.some((grid) => allowed.includes(grid))) return false;
  }
  if (rule !== "speed_limit") return fishes;
  const turned = (visit.speed ?? 0) >= waters.settingsOf(id).areaFixes;
  return visit.open ? !turned : turned;
}

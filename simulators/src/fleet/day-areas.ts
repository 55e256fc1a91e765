import { planeAt, type Point, type Ring } from "../world/polygon.ts";
import type { Formation, Vessel } from "../world/vessels.ts";
import { type DayArea, type DayStage, HOUR, MINUTE } from "./day-stage.ts";
import type { Boat } from "./motion.ts";
import { NAUTICAL_MILE, type Offset, type Stop } from "./track.ts";

// Incidents at borders: each brings its own area, beside it the ones that must say nothing, and a recall into a harbour.

/** so far from the middle of its formation a boat is nobody's neighbour and no straggler yet, NM */
const AWAY_NM = 1.7;
/** half a side of an area that holds one boat, metres */
const SMALL_M = 400;

/** A stranger runs through a strip sixty metres wide, between two of its reports. */
export function noGoStrip(stage: DayStage, atHour: number): void {
  const middle = stage.quietWater(stage.world.formations[0].ground);
  const ring = box(middle, 30, 2000);
  const vessel = passing(stage, atHour, middle, 10);
  const from = stage.start + atHour * HOUR - 6 * MINUTE;
  add(stage, { id: "no-go-strip", ring, sea: { rule: "no_go" } });
  stage.expect("no-go", "vessel.no_go", vessel.mmsi, "no-go-strip", from, 14, { endsAfter: 16 });
}

/** Two strangers pass a lane: one at eleven knots where six are allowed, one at five. */
export function speedZone(stage: DayStage, atHour: number): void {
  const middle = stage.quietWater(stage.world.formations[0].ground);
  const vessel = passing(stage, atHour, middle, 11);
  passing(stage, atHour + 1, middle, 5);
  const from = stage.start + atHour * HOUR - 6 * MINUTE;
  add(stage, { id: "slow-lane", ring: box(middle, 1000, 1000), sea: { rule: "speed_limit", limit_kn: 6 } });
  stage.expect("speed", "vessel.speeding", vessel.mmsi, "slow-lane", from, 14, { endsAfter: 16 });
}

/** A stranger lies in a farm from before the hours in which nobody may until after them. */
export function farmHours(stage: DayStage, atHour: number): void {
  const middle = stage.quietWater(stage.world.formations[0].ground);
  const [from, to] = [stage.start + atHour * HOUR, stage.start + (atHour + 1) * HOUR];
  const vessel = stage.stranger();
  stage.appear(vessel, middle, [{ ms: 0, east: 0, north: 0 }], from - 30 * MINUTE, to + 20 * MINUTE);
  const sea = { rule: "aquaculture", hours: [{ from: clock(from), to: clock(to) }] };
  add(stage, { id: "farm-by-day", ring: box(middle, SMALL_M, SMALL_M), sea });
  stage.expect("farm", "vessel.aquaculture", vessel.mmsi, "farm-by-day", from, 1, { endsAfter: 61 });
}

/** A boat fishes on a ground that is closed to its gear now; the same ground is closed at other times, and to other gear. */
export function closedSeason(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const { ring } = errand(stage, formation, boat, from, 8, 45);
  const today = new Date(from + LOCAL_MS);
  const monthDay = (days: number) => new Date(today.getTime() + days * 24 * HOUR).toISOString().slice(5, 10);
  const [gear, transit_kn] = [[formation.gear], 6];
  const rule = "closed_season";
  const now = [{ from: monthDay(-20), to: monthDay(20) }];
  const then = [{ from: monthDay(40), to: monthDay(90) }];
  add(stage, { id: "closed-now", ring, sea: { rule, gear, transit_kn, dates: now } });
  add(stage, { id: "closed-later", ring, sea: { rule, gear, transit_kn, dates: then } });
  add(stage, { id: "closed-to-others", ring, sea: { rule, gear: ["dredge"], transit_kn, dates: now } });
  const times = { endsAfter: 75 };
  stage.expect("closed season", "vessel.closed_season", boat.vessel.mmsi, "closed-now", from, 30, times);
}

/** A boat fishes outside the area in which its formation works. */
export function outOfArea(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const { middle } = errand(stage, formation, boat, from, 4, 60);
  // the formation drifts away from it later on
  const hours = [{ from: clock(from - 30 * MINUTE), to: clock(from + 110 * MINUTE) }];
  const sea = { rule: "working_area", formations: [formation.id], transit_kn: 6, hours };
  add(stage, { id: "workplace", ring: circle(at(formation, middle), 2300), sea });
  const times = { endsAfter: 95 };
  stage.expect("out of area", "vessel.out_of_area", boat.vessel.mmsi, "workplace", from, 45, times);
}

/** A boat calls at a harbour that wants to know. */
export function portVisit(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const { ring } = errand(stage, formation, boat, from, 8, 50);
  add(stage, { id: "fish-market", ring, sea: { rule: "harbour", report_visits: true } });
  const times = { endsAfter: 75 };
  stage.expect("port visit", "vessel.port_visit", boat.vessel.mmsi, "fish-market", from, 25, times);
}

/**
 * A formation is called into a harbour. Most are in before the deadline; one comes twenty minutes late; one stays out until the
 * recall is closed.
 */
export function recall(stage: DayStage, atHour: number): void {
  const { formation, from } = stage.cast(atHour, { size: 5 });
  const deadline = from + 40 * MINUTE;
  const closeAt = from + 100 * MINUTE;
  const middle = stage.boatOf(formation.vessels[0]).group.track(deadline);
  const out = stage.outward(formation, 1.35);
  const there = { east: middle.east + out.east, north: middle.north + out.north };
  const boats = formation.vessels.map((vessel) => stage.boatOf(vessel));
  const [stays, comesLate, ...others] = boats;
  const berth = (i: number) => ({ east: there.east + 40 * i - 80, north: there.north + 60 * (i % 3) - 60 });
  for (const [i, boat] of others.entries()) stage.orderTo(boat, from + 2 * MINUTE, berth(i), 7);
  stage.orderTo(comesLate, deadline + 5 * MINUTE, berth(others.length), 7);
  for (const boat of boats) if (boat !== stays) stage.back(boat, closeAt + MINUTE, 7);
  const { town } = formation.area;
  const ring = box(at(formation, there), 450, 450);
  stage.areas.push({ id: "shelter", ring, parent: town.code, sea: { rule: "harbour" } });
  const [id, grid] = ["typhoon", formation.id];
  stage.recalls.push({ id, grid, shelter: "shelter", openAt: from, deadline, closeAt, remindMin: [15] });
  const untilDue = { endsAfter: 16 };
  stage.expect("recall reminds", "formation.recall_due", id, grid, deadline - 15 * MINUTE, 1, untilDue);
  const [late, never] = [comesLate, stays].map(({ vessel }) => vessel.mmsi);
  stage.expect("comes late", "vessel.recall_overdue", late, grid, deadline, 1, { endsAfter: 25 });
  stage.expect("stays out", "vessel.recall_overdue", never, grid, deadline, 1, { endsAfter: 61 });
}

/** the county's clock is ahead of UTC by, ms */
const LOCAL_MS = 8 * HOUR;

function clock(ms: number): string {
  return new Date(ms + LOCAL_MS).toISOString().slice(11, 16);
}

/** A boat leaves its formation for a place of its own and comes back after `minutes`. @returns a box around that place, and the middle of the others */
function errand(
  stage: DayStage,
  formation: Formation,
  boat: Boat,
  from: number,
  knots: number,
  minutes: number,
): { readonly ring: Ring; readonly middle: Offset } {
  const middle = boat.group.track(from + (minutes / 2) * MINUTE);
  const out = stage.outward(formation, AWAY_NM);
  const there = { east: middle.east + out.east, north: middle.north + out.north };
  stage.orderTo(boat, from, there, knots);
  stage.back(boat, from + minutes * MINUTE, knots);
  return { ring: box(at(formation, there), SMALL_M, SMALL_M), middle };
}

/** A stranger on a straight way through the middle at that hour, six minutes before and after. */
function passing(stage: DayStage, atHour: number, middle: Point, knots: number): Vessel {
  const ms = stage.start + atHour * HOUR;
  const stop = (minutes: number): Stop => ({
    ms: ms + minutes * MINUTE,
    east: (minutes * knots * NAUTICAL_MILE) / 60,
    north: 0,
  });
  return stage.appear(stage.stranger(), middle, [stop(-6), stop(6)], ms - 6 * MINUTE, ms + 6 * MINUTE);
}

function add(stage: DayStage, area: Omit<DayArea, "parent">): void {
  stage.areas.push({ ...area, parent: stage.world.formations[0].area.town.code });
}

function at({ ground }: Formation, { east, north }: Offset): Point {
  return planeAt(ground[0], ground[1]).toDegrees([east, north]);
}

function box([lon, lat]: Point, east: number, north: number): Ring {
  const plane = planeAt(lon, lat);
  return ([[-east, -north], [east, -north], [east, north], [-east, north]] as const).map((p) => plane.toDegrees(p)); // prettier-ignore
}

function circle([lon, lat]: Point, metres: number): Ring {
  const plane = planeAt(lon, lat);
  return Array.from({ length: 24 }, (_, i) => {
    const a = (i * Math.PI) / 12;
    return plane.toDegrees([metres * Math.cos(a), metres * Math.sin(a)]);
  });
}

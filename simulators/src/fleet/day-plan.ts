import { createRandom, type Random } from "../random.ts";
import { SeaRoom } from "./sea-room.ts";
import { readCoast } from "../world/coast.ts";
import { planeAt, type Point } from "../world/polygon.ts";
import { HARBOURS } from "../world/sea.ts";
import type { Formation } from "../world/vessels.ts";
import type { World } from "../world.ts";
import { type Activity, type Boat, formationBoats } from "./motion.ts";
import { journey, KNOT, NAUTICAL_MILE, type Offset, type Track, withRests } from "./track.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Clearance of a way between harbour and ground from other grounds and from land, and of two ways from each other; metres. */
const CLEAR_M: Readonly<Record<Activity, number>> = {
  drift: 1.3 * NAUTICAL_MILE,
  anchor: 1.3 * NAUTICAL_MILE,
  harbour: 1.3 * NAUTICAL_MILE,
  trawl: 2.2 * NAUTICAL_MILE,
  // half a leg, and ten minutes straight on at ten knots
  transit: 3.2 * NAUTICAL_MILE,
};
const LAND_M = 250;
const WAY_M = 0.9 * NAUTICAL_MILE;
/** courses that a formation tries before it lies to its nets */
const TRIES = 10;
const FARTHEST_M = 30 * NAUTICAL_MILE;
/** Two formations of one harbour do not meet in its mouth. */
const STAGGER_MS = 50 * 60_000;

type Metres = readonly [number, number];
type Way = readonly [Metres, Metres];

/** When a formation of day boats leaves and returns, ms after midnight UTC of each day; the way takes `wayMs`. */
export interface Outing {
  readonly formation: string;
  readonly leaves: number;
  readonly returns: number;
  readonly wayMs: number;
}

/**
 * The boats of a world with a day: trawlers tow and haul by turns, formations in harbour whose way to their ground is clear go
 * out in the morning and come home, the others stay where they are. Boats of class A report mooring and passage as they happen.
 */
export function planDay(world: World, seed = "day"): { boats: Boat[]; outings: Outing[] } {
  const random = createRandom(`${world.seed}/${seed}`);
  const plane = planeAt(123, 30.75);
  const sea = new SeaRoom();
  const berthed: { formation: Formation; boats: Boat[] }[] = [];
  const boats: Boat[] = [];
  const grounds: { at: Metres; clear: number }[] = [];
  for (const formation of world.formations) {
    const own = placed(formation, sea, random.fork(formation.id));
    const { activity } = own[0].group;
    if (activity === "harbour") berthed.push({ formation, boats: own });
    else {
      grounds.push({ at: plane.toMetres(formation.ground), clear: CLEAR_M[activity] });
      boats.push(...own);
    }
  }
  const outings: Outing[] = [];
  const ways: { way: Way; harbour: string }[] = [];
  const land = readCoast().map(({ ring }) => ring.map((p) => plane.toMetres(p)));
  for (const { formation, boats: own } of berthed) {
    const harbour = formation.area.town.code;
    const way: Way = [plane.toMetres(HARBOURS[harbour]), plane.toMetres(formation.ground)];
    if (!isClear(way, grounds, land, ways, harbour)) {
      boats.push(...own);
      continue;
    }
    const before = ways.filter((w) => w.harbour === harbour).length;
    ways.push({ way, harbour });
    grounds.push({ at: way[1], clear: CLEAR_M.drift });
    const outing = outingOf(formation, way, before, random);
    outings.push(outing);
    boats.push(...dayBoats(formation, own, outing, random));
  }
  return { boats, outings };
}

/** Skippers tow and sail so that they do not head for the neighbours; where there is no room for that they lie to their nets. */
function placed(formation: Formation, sea: SeaRoom, random: Random): Boat[] {
  const first = formationBoats(formation, random);
  const { activity } = first[0].group;
  if (activity !== "trawl" && activity !== "transit") return first;
  for (let k = 0; k < TRIES; k++) {
    const tried = k === 0 ? first : formationBoats(formation, random.fork(`try ${k}`), activity);
    const boats = activity === "trawl" ? towAndHaul(tried, random.fork(`haul ${k}`)) : tried;
    if (sea.take(boats[0].group)) return boats;
  }
  return formationBoats(formation, random.fork("lie"), "drift");
}

/** Three to four hours of towing, then forty minutes of hauling, each formation in its own time. */
function towAndHaul(boats: readonly Boat[], random: Random): Boat[] {
  const { group } = boats[0];
  const track = withRests(group.track, random.between(3.3, 4.6) * HOUR, 40 * 60_000, random.next());
  return boats.map((boat) => ({ ...boat, group: { ...group, track } }));
}

function outingOf(formation: Formation, [from, to]: Way, before: number, random: Random): Outing {
  const metres = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const wayMs = (metres / (random.between(8, 9.5) * KNOT)) * 1000;
  // local morning, 04:30 to 06:00, and back in the afternoon: in order of leaving, so that nobody overtakes in the mouth
  const leaves = 20.5 * HOUR + random.between(0, 20) * 60_000 + before * STAGGER_MS;
  return { formation: formation.id, leaves, returns: leaves + 2 * wayMs + random.between(5, 6) * HOUR, wayMs };
}

function dayBoats(formation: Formation, own: readonly Boat[], outing: Outing, random: Random): Boat[] {
  const { leaves, returns, wayMs } = outing;
  const berth = own[0].group.home;
  const local = planeAt(berth[0], berth[1]);
  const [east, north] = local.toMetres(formation.ground);
  const atBerth: Offset = { east: 0, north: 0 };
  const ground: Offset = { east, north };
  // a day of the plan begins with the leaving
  const day = journey([
    { ...atBerth, ms: 0 },
    { ...ground, ms: wayMs },
    { ...ground, ms: returns - leaves - wayMs },
    { ...atBerth, ms: returns - leaves },
  ]);
  const track: Track = (ms) => day(sinceLeaving(ms, leaves));
  const activityAt = (ms: number): Activity => {
    const into = sinceLeaving(ms, leaves);
    if (into < wayMs || (into > returns - leaves - wayMs && into < returns - leaves)) return "transit";
    return into < returns - leaves ? "drift" : "harbour";
  };
  const atSea = formationBoats(formation, random.fork(`${formation.id}/sea`), "drift");
  return own.map((boat, i) => ({
    ...boat,
    group: { ...boat.group, track: spread(track, boat.place, atSea[i].place, outing), activityAt },
    place: { east: 0, north: 0 },
  }));
}

/** The berths lie close together, the places at sea wide apart: boats spread on the first part of the way and gather on the last. */
function spread(track: Track, berth: Offset, place: Offset, { leaves, returns, wayMs }: Outing): Track {
  const turn = Math.min(wayMs, 30 * 60_000);
  return (ms) => {
    const into = sinceLeaving(ms, leaves);
    const back = returns - leaves;
    const part = Math.max(0, Math.min(1, into / turn, (back - into) / turn));
    const middle = track(ms);
    return {
      east: middle.east + berth.east + part * (place.east - berth.east),
      north: middle.north + berth.north + part * (place.north - berth.north),
    };
  };
}

function sinceLeaving(ms: number, leaves: number): number {
  return ms - leaves - Math.floor((ms - leaves) / DAY) * DAY;
}

function isClear(
  way: Way,
  grounds: readonly { readonly at: Metres; readonly clear: number }[],
  land: readonly (readonly Point[])[],
  ways: readonly { way: Way; harbour: string }[],
  harbour: string,
): boolean {
  const [from, to] = way;
  if (Math.hypot(to[0] - from[0], to[1] - from[1]) > FARTHEST_M) return false;
  // beyond the ground, too: until they stop, boats head there
  const on = 1 + (1.6 * NAUTICAL_MILE) / Math.hypot(to[0] - from[0], to[1] - from[1]);
  const course: Way = [from, [from[0] + on * (to[0] - from[0]), from[1] + on * (to[1] - from[1])]];
  if (grounds.some(({ at, clear }) => distanceTo(course, at) < clear)) return false;
  for (const other of ways) if (other.harbour !== harbour && nearest(way, other.way) < WAY_M) return false;
  // the harbour itself lies at the coast: the first kilometre is the pilot's
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const out: Metres = [from[0] + ((to[0] - from[0]) * 1000) / length, from[1] + ((to[1] - from[1]) * 1000) / length];
  const open: Way = [out, to];
  return land.every((ring) => ring.every((p, i) => nearest(open, [p, ring[(i + 1) % ring.length]]) > LAND_M));
}

function distanceTo([a, b]: Way, [x, y]: Metres): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const t = Math.max(0, Math.min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(a[0] + t * dx - x, a[1] + t * dy - y);
}

/** Least distance of two straight ways; 0 when they cross. */
function nearest(p: Way, q: Way): number {
  const side = (w: Way, [x, y]: Metres) => (w[1][0] - w[0][0]) * (y - w[0][1]) - (w[1][1] - w[0][1]) * (x - w[0][0]);
  if (side(p, q[0]) * side(p, q[1]) < 0 && side(q, p[0]) * side(q, p[1]) < 0) return 0;
  return Math.min(distanceTo(p, q[0]), distanceTo(p, q[1]), distanceTo(q, p[0]), distanceTo(q, p[1]));
}

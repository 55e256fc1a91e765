import type { Random } from "../random.ts";
import { planeAt, type Plane, type Point } from "../world/polygon.ts";
import { HARBOURS } from "../world/sea.ts";
import type { Formation, Vessel } from "../world/vessels.ts";
import { berth, gpsNoise, NAUTICAL_MILE, racetrack, tidalDrift, type Offset, type Track } from "./track.ts";

export type Activity = "trawl" | "drift" | "transit" | "harbour" | "anchor";

const STILL: Offset = { east: 0, north: 0 };
/** ITU-R M.1371 navigational status */
const STATUS: Readonly<Record<Activity, number>> = { trawl: 7, drift: 7, transit: 0, harbour: 5, anchor: 1 };

/** A group's middle moves; its boats keep their places around it. */
export interface Group {
  readonly id: string | null;
  readonly activity: Activity;
  /** of a group whose day has parts; else it is {@link activity} all the time */
  readonly activityAt?: (ms: number) => Activity;
  /** degrees; the track is relative to it */
  readonly home: Point;
  readonly track: Track;
}

export interface Order {
  /** relative to the group's middle, metres */
  readonly from: Offset;
  readonly to: Offset;
  readonly knots: number;
  /** ms UTC */
  readonly since: number;
  /** both are relative to the group's home instead: the boat keeps its ground while the group drifts */
  readonly fixed?: boolean;
}

export interface Boat {
  readonly vessel: Vessel;
  readonly group: Group;
  readonly place: Offset;
  readonly noise: Track;
  /** where it was told to go; null = keeps its place */
  order: Order | null;
  /** sends positions only, as net buoys do */
  readonly positionsOnly?: boolean;
  /** what its instruments say instead of the truth: another status, a heading that is not the course */
  instruments?: (fix: Fix, ms: number) => Fix;
}

/** What the vessel's own instruments say. */
export interface Fix {
  readonly lon: number;
  readonly lat: number;
  /** knots */
  readonly sog: number;
  /** degrees */
  readonly cog: number;
  /** degrees; null on boats without a compass on the AIS */
  readonly heading: number | null;
  readonly status: number;
}

/** One group a formation. Trawlers tow in pairs, the other gears drift, some are on their way, some lie in harbour. */
export function formationBoats(
  formation: Formation,
  random: Random,
  activity = chooseActivity(formation, random),
): Boat[] {
  const phase = random.next();
  const heading = random.between(0, 360);
  const home = activity === "harbour" ? berthOf(formation, random) : formation.ground;
  const track =
    activity === "trawl"
      ? racetrack(0.8 * NAUTICAL_MILE, 0.22 * NAUTICAL_MILE, heading, random.between(2.6, 4.6), phase)
      : activity === "transit"
        ? racetrack(1.1 * NAUTICAL_MILE, 0.25 * NAUTICAL_MILE, heading, random.between(8, 10), phase)
        : activity === "drift"
          ? tidalDrift(random.between(500, 900), heading, phase)
          : berth;
  const group: Group = { id: formation.id, activity, home, track };
  return formation.vessels.map((vessel, i) => ({
    vessel,
    group,
    place: placeInFormation(activity, i, heading, random),
    noise: gpsNoise(random, activity === "harbour" ? 6 : 3),
    order: null,
  }));
}

/** Carriers of one transport grid: most shuttle one behind the other on one loop, the rest lie at anchor inside it. */
export function carrierBoats(vessels: readonly Vessel[], box: readonly Point[], random: Random): Boat[] {
  const xs = box.map((p) => p[0]);
  const ys = box.map((p) => p[1]);
  const home: Point = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  const half = planeAt(home[0], home[1]).toMetres([Math.max(...xs), Math.max(...ys)]);
  const radius = half[0] * 0.7;
  const leg = Math.max(500, 2 * (half[1] * 0.85 - radius));
  const moving = Math.ceil(vessels.length * 0.4);
  return vessels.map((vessel, i) => {
    const anchored = i >= moving;
    const track = anchored ? berth : racetrack(leg, radius, 0, 9.5, i / moving);
    const slot = i - moving;
    const place = anchored
      ? { east: ((slot % 3) - 1) * radius * 0.42, north: (Math.floor(slot / 3) - 1.5) * leg * 0.32 }
      : { east: 0, north: 0 };
    const group: Group = { id: null, activity: anchored ? "anchor" : "transit", home, track };
    return { vessel, group, place, noise: gpsNoise(random, 4), order: null };
  });
}

/** Where the boat is and what its instruments show; speed and course come from its own movement over one second. */
export function fixAt(boat: Boat, ms: number): Fix {
  const fix = trueFix(boat, ms);
  return boat.instruments === undefined ? fix : boat.instruments(fix, ms);
}

function trueFix(boat: Boat, ms: number): Fix {
  const plane: Plane = planeAt(boat.group.home[0], boat.group.home[1]);
  const now = offsetAt(boat, ms);
  const before = offsetAt(boat, ms - 1000);
  const [east, north] = [now.east - before.east, now.north - before.north];
  const noise = boat.noise(ms);
  const [lon, lat] = plane.toDegrees([now.east + noise.east, now.north + noise.north]);
  const sog = Math.hypot(east, north) / 0.514_444;
  const cog = ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
  // A boat at its berth has no course of its own: its receiver reports the wander of the fix.
  const still = sog < 0.05;
  const drift = boat.noise(ms - 1000);
  const wander = ((Math.atan2(noise.east - drift.east, noise.north - drift.north) * 180) / Math.PI + 360) % 360;
  return {
    lon,
    lat,
    sog: still ? Math.min(0.2, Math.abs(noise.east) / 30) : sog,
    cog: still ? wander : cog,
    heading: boat.vessel.cls === "A" ? Math.round(still ? (boat.place.east % 180) + 180 : cog) % 360 : null,
    status: STATUS[boat.group.activityAt?.(ms) ?? boat.group.activity],
  };
}

/** Relative to the group's home, metres. */
export function offsetAt(boat: Boat, ms: number): Offset {
  const middle = boat.group.track(ms);
  const own = placeAt(boat, ms);
  return { east: middle.east + own.east, north: middle.north + own.north };
}

/** Relative to the group's middle, metres: the boat's place, or where its order has taken it so far. */
export function placeAt(boat: Boat, ms: number): Offset {
  const { order } = boat;
  if (order === null) return boat.place;
  const [east, north] = [order.to.east - order.from.east, order.to.north - order.from.north];
  const length = Math.hypot(east, north);
  const done = Math.min(1, Math.max(0, ((ms - order.since) / 1000) * order.knots * 0.514_444) / Math.max(1, length));
  const middle = order.fixed === true ? boat.group.track(ms) : STILL;
  return {
    east: order.from.east + done * east - middle.east,
    north: order.from.north + done * north - middle.north,
  };
}

function chooseActivity(formation: Formation, random: Random): Activity {
  const x = random.next();
  if (x < 0.16) return "harbour";
  if (x < 0.28) return "transit";
  return formation.gear === "trawl" ? "trawl" : "drift";
}

/** Pairs tow 300 m abreast; the others lie scattered. Everyone stays within half a nautical mile of the middle. */
function placeInFormation(activity: Activity, index: number, heading: number, random: Random): Offset {
  if (activity === "harbour") return polar(random.between(0, 2 * Math.PI), random.between(10, 90));
  if (activity !== "trawl") {
    // A spiral of the golden angle spreads any number of boats evenly.
    return polar(index * 2.399_96 + random.between(-0.2, 0.2), 260 * Math.sqrt(index + 0.4));
  }
  const pair = Math.floor(index / 2);
  const side = index % 2 === 0 ? -150 : 150;
  const behind = (pair - 1) * 420 + random.between(-40, 40);
  const rad = (heading * Math.PI) / 180;
  return {
    east: behind * Math.sin(rad) + side * Math.cos(rad),
    north: behind * Math.cos(rad) - side * Math.sin(rad),
  };
}

function polar(angle: number, metres: number): Offset {
  return { east: metres * Math.sin(angle), north: metres * Math.cos(angle) };
}

/** A spot of the town's harbour; formations lie beside each other. */
function berthOf(formation: Formation, random: Random): Point {
  const [lon, lat] = HARBOURS[formation.area.town.code];
  const at = polar(random.between(0, 2 * Math.PI), random.between(0, 120));
  return planeAt(lon, lat).toDegrees([at.east, at.north]);
}

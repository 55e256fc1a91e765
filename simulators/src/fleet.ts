import { FaultyLink, type Faults } from "./faults.ts";
import { SEA_CADENCE, type Cadence } from "./fleet/cadence.ts";
import { AisFeed, positionMessage, type AisMessage } from "./fleet/feed.ts";
import { carrierBoats, fixAt, formationBoats, placeAt, type Boat, type Fix } from "./fleet/motion.ts";
import { NAUTICAL_MILE, type Offset } from "./fleet/track.ts";
import { createRandom, type Random } from "./random.ts";
import type { World } from "./world.ts";
import { ringsOf } from "./world/feature.ts";

export interface FleetFaults extends Pick<Faults, "drop" | "duplicate" | "reorder"> {
  /** probability that a position report is false by 3 to 10 NM; never one of a boat's first {@link KNOWN_AFTER} */
  readonly jump?: number;
}

export interface FleetOptions {
  /** no message is older than this, ms UTC */
  readonly startMs: number;
  readonly seed?: string;
  readonly cadence?: Cadence;
  readonly faults?: FleetFaults;
}

/** A boat that starts away from its formation and heads out: what a straggler rule must see. */
export interface Departure {
  readonly mmsi: number;
  readonly formation: string;
  /** distance from the middle at the start, NM */
  readonly fromNm: number;
  readonly knots: number;
}

/**
 * A listener that has just begun to hear a boat cannot tell that its first position is false, and takes the true ones for the
 * jump until the false one is old. Where holds are scaled down to seconds that makes a straggler which never was.
 */
const KNOWN_AFTER = 3;

/**
 * 1,168 vessels at sea: where each one is at any moment, and what a shore station would hear of them as AIS. Movement is a
 * pure function of time and seed; only orders given by a scenario are state.
 */
export class Fleet {
  readonly boats: ReadonlyMap<number, Boat>;
  jumps = 0;
  private readonly feed: AisFeed;
  private readonly link: FaultyLink<AisMessage>;
  private readonly random: Random;
  private readonly jump: number;
  private readonly reports = new Map<number, number>();

  constructor(boats: readonly Boat[], options: FleetOptions) {
    this.random = createRandom(`${options.seed ?? "fleet"}/faults`);
    this.boats = new Map(boats.map((boat) => [boat.vessel.mmsi, boat]));
    this.feed = new AisFeed(boats, options.startMs, options.cadence ?? SEA_CADENCE, this.random.fork("slots"));
    this.link = new FaultyLink(options.faults ?? {}, this.random.fork("link"));
    this.jump = options.faults?.jump ?? 0;
  }

  /** Everything heard up to `untilMs` since the last call, after the faults of the link. */
  *messages(untilMs: number): Generator<AisMessage> {
    for (const message of this.feed.upTo(untilMs)) yield* this.link.push(this.disturb(message));
  }

  /** Passes over what was sent up to `untilMs`: nobody listened. */
  skip(untilMs: number): void {
    for (const message of this.feed.upTo(untilMs)) void message;
  }

  get faultCounts(): FaultyLink<AisMessage>["counts"] {
    return this.link.counts;
  }

  fix(mmsi: number, ms: number): Fix {
    return fixAt(this.boat(mmsi), ms);
  }

  /** Puts a boat `fromNm` off its formation's middle, heading straight out. Only before its first report, else it jumps. */
  depart({ mmsi, fromNm, knots }: Departure, ms: number): void {
    const boat = this.boat(mmsi);
    const from = scaled(boat.place, fromNm);
    boat.order = { from, to: scaled(boat.place, fromNm + 12), knots, since: ms };
  }

  /** Sends a boat out from where it is; it runs on until it is recalled or 12 NM away. */
  sendAway(mmsi: number, knots: number, ms: number): void {
    const boat = this.boat(mmsi);
    boat.order = { from: placeAt(boat, ms), to: scaled(boat.place, 12), knots, since: ms };
  }

  /** Brings a boat back to its place. */
  recall(mmsi: number, knots: number, ms: number): void {
    const boat = this.boat(mmsi);
    boat.order = { from: placeAt(boat, ms), to: boat.place, knots, since: ms };
  }

  /** Distance of a boat from its formation's middle, NM. */
  distanceNm(mmsi: number, ms: number): number {
    const { east, north } = placeAt(this.boat(mmsi), ms);
    return Math.hypot(east, north) / NAUTICAL_MILE;
  }

  private boat(mmsi: number): Boat {
    const boat = this.boats.get(mmsi);
    if (boat === undefined) throw new RangeError(`no vessel with MMSI ${mmsi} in this fleet`);
    return boat;
  }

  private disturb(message: AisMessage): AisMessage {
    if (message.type !== 1 && message.type !== 18) return message;
    const reports = (this.reports.get(message.mmsi) ?? 0) + 1;
    this.reports.set(message.mmsi, reports);
    if (reports <= KNOWN_AFTER || !this.random.chance(this.jump)) return message;
    this.jumps++;
    const boat = this.boat(message.mmsi);
    const fix = fixAt(boat, message.ts);
    const angle = this.random.between(0, 2 * Math.PI);
    const degrees = this.random.between(3, 10) / 60;
    const false_ = {
      ...fix,
      lon: fix.lon + degrees * Math.sin(angle) * 1.16,
      lat: fix.lat + degrees * Math.cos(angle),
    };
    return positionMessage(boat.vessel, false_, message.ts);
  }
}

/** The whole fleet of a world. */
export function createFleet(world: World, options: FleetOptions): Fleet {
  const random = createRandom(`${world.seed}/${options.seed ?? "fleet"}`);
  const boats = world.formations.flatMap((f) => formationBoats(f, random.fork(f.id)));
  const grids = world.features.filter((f) => f.properties.use === "transport");
  grids.forEach((grid, i) => {
    const own = world.carriers.filter((_, k) => k % grids.length === i);
    boats.push(...carrierBoats(own, ringsOf(grid.geometry)[0], random.fork(grid.id)));
  });
  return new Fleet(boats, options);
}

/** A boat of a drifting formation with enough company that one leaving is a straggler and not half of a split. */
export function pickStraggler(world: World, fleet: Fleet, skip: ReadonlySet<string> = new Set()): Departure {
  for (const formation of world.formations) {
    if (skip.has(formation.id) || formation.vessels.length < 6) continue;
    const vessel = formation.vessels.at(-1);
    if (vessel === undefined || fleet.boats.get(vessel.mmsi)?.group.activity !== "drift") continue;
    return { mmsi: vessel.mmsi, formation: formation.id, fromNm: 1.95, knots: 10 };
  }
  throw new RangeError("no drifting formation of six is left");
}

function scaled(place: Offset, nm: number): Offset {
  const length = Math.hypot(place.east, place.north);
  const factor = (nm * NAUTICAL_MILE) / Math.max(1, length);
  return { east: place.east * factor, north: place.north * factor };
}

import { SEA_CADENCE, type Cadence } from "./fleet/cadence.ts";
import { planDay, type Outing } from "./fleet/day-plan.ts";
import { writeTenHours } from "./fleet/day-script.ts";
import { type DayArea, type DayRecall, DayStage, type Incident } from "./fleet/day-stage.ts";
import { AisFeed, type AisMessage, positionMessage } from "./fleet/feed.ts";
import { type Boat, carrierBoats, fixAt } from "./fleet/motion.ts";
import { Air, type Heard, type Receiver } from "./fleet/receivers.ts";
import { createRandom, type Random } from "./random.ts";
import { ringsOf } from "./world/feature.ts";
import type { Point } from "./world/polygon.ts";
import type { World } from "./world.ts";

export type { DayArea, DayRecall, Incident } from "./fleet/day-stage.ts";

export interface FleetDayOptions {
  /** ms UTC; 20:00 UTC is four in the morning of the county, before the boats go out */
  readonly startMs: number;
  readonly seed?: string;
  readonly cadence?: Cadence;
}

/** The stations of the county: the eastern one fails once, and its clock is ahead. */
export const STATIONS: readonly Receiver[] = [
  { name: "ais-west", at: [122.45, 30.72], rangeNm: 48, drop: 0.02, duplicate: 0.002, delayMs: 300 },
  { name: "ais-east", at: [123.45, 30.75], rangeNm: 42, drop: 0.04, reorder: 0.002, delayMs: 1500, clockAheadMs: 1200 },
];
/** where they stand */
export const WEST_GRID = "330922100";
export const EAST_GRID = "330922101";
/** probability that a position is false by 3 to 10 NM */
const JUMP = 0.0005;
const SETTLED_MS = 30 * 60_000;

/**
 * Ten hours of the whole fleet with everything that goes wrong in them. The script says what must be found; whatever else is
 * found is noise. The same world, seed and start give the same messages on every machine.
 */
export class FleetDay {
  readonly boats: ReadonlyMap<number, Boat>;
  readonly outings: readonly Outing[];
  readonly incidents: readonly Incident[];
  readonly receivers: readonly Receiver[];
  readonly areas: readonly DayArea[];
  readonly recalls: readonly DayRecall[];
  /** positions sent falsified */
  jumps = 0;
  private readonly feed: AisFeed;
  private readonly air: Air;
  private readonly random: Random;
  private readonly start: number;
  private readonly silences = new Map<number, { from: number; to: number }[]>();
  private readonly clones: ReadonlyMap<Boat, readonly [number, number]>;
  private readonly actors: ReadonlyMap<number, Boat>;
  private readonly actions: readonly { ms: number; act: () => void }[];
  private readonly extras: readonly { message: AisMessage; at: Point }[];
  private nextAction = 0;
  private nextExtra = 0;

  constructor(world: World, options: FleetDayOptions) {
    const seed = options.seed ?? "day";
    this.random = createRandom(`${world.seed}/${seed}/faults`);
    this.start = options.startMs;
    const { boats, outings } = planDay(world, seed);
    const registered = [...boats, ...carriersOf(world, this.random)];
    this.outings = outings;
    this.boats = new Map(registered.map((boat) => [boat.vessel.mmsi, boat]));
    const stage = new DayStage(world, this.boats, options.startMs, this.random.fork("script"));
    const out = writeTenHours(stage, STATIONS, EAST_GRID);
    this.areas = stage.areas;
    this.recalls = stage.recalls;
    this.receivers = STATIONS.map((r) => (r.name === "ais-east" ? { ...r, out: [out] } : r));
    this.incidents = stage.incidents;
    this.clones = stage.clones;
    this.actors = new Map(stage.actors.map((boat) => [boat.vessel.mmsi, boat]));
    this.actions = stage.actions.toSorted((a, b) => a.ms - b.ms);
    this.extras = stage.extras.toSorted((a, b) => a.message.ts - b.message.ts);
    for (const { mmsi, from, to } of stage.silences)
      this.silences.set(mmsi, [...(this.silences.get(mmsi) ?? []), { from, to }]);
    const cadence = options.cadence ?? SEA_CADENCE;
    this.feed = new AisFeed([...registered, ...stage.actors], options.startMs, cadence, this.random.fork("slots"));
    this.air = new Air(this.receivers, this.random.fork("air"));
  }

  /** What the hub hears up to `ms` since the last call. */
  heard(ms: number): Heard[] {
    for (
      let at = this.actions[this.nextAction]?.ms;
      at !== undefined && at <= ms;
      at = this.actions[this.nextAction]?.ms
    ) {
      this.transmit(at);
      this.actions[this.nextAction++].act();
    }
    this.transmit(ms);
    return this.air.arrived(ms);
  }

  private transmit(ms: number): void {
    for (const { message, boat } of this.feed.sent(ms)) {
      this.extrasUpTo(message.ts);
      if (this.isSilent(message, boat)) continue;
      const fix = fixAt(boat, message.ts);
      this.air.send(this.disturb(message, boat), [fix.lon, fix.lat]);
    }
    this.extrasUpTo(ms);
  }

  private extrasUpTo(ms: number): void {
    for (; this.nextExtra < this.extras.length && this.extras[this.nextExtra].message.ts <= ms; this.nextExtra++)
      this.air.send(this.extras[this.nextExtra].message, this.extras[this.nextExtra].at);
  }

  private isSilent({ mmsi, ts }: AisMessage, boat: Boat): boolean {
    const span = this.clones.get(boat);
    if (span !== undefined) return ts < span[0] || ts >= span[1];
    return this.silences.get(mmsi)?.some(({ from, to }) => ts >= from && ts < to) === true;
  }

  /** Not in the first half hour: a listener that has just begun cannot tell a false first position from a true one. */
  private disturb(message: AisMessage, boat: Boat): AisMessage {
    if ((message.type !== 1 && message.type !== 18) || this.actors.has(message.mmsi)) return message;
    if (!this.random.chance(JUMP) || message.ts < this.start + SETTLED_MS) return message;
    this.jumps++;
    const fix = fixAt(boat, message.ts);
    const angle = this.random.between(0, 2 * Math.PI);
    const degrees = this.random.between(3, 10) / 60;
    const lon = fix.lon + degrees * Math.sin(angle) * 1.16;
    return positionMessage(boat.vessel, { ...fix, lon, lat: fix.lat + degrees * Math.cos(angle) }, message.ts);
  }
}

function carriersOf(world: World, random: Random): Boat[] {
  const grids = world.features.filter((f) => f.properties.use === "transport");
  return grids.flatMap((grid, i) => {
    const own = world.carriers.filter((_, k) => k % grids.length === i);
    return carrierBoats(own, ringsOf(grid.geometry)[0], random.fork(grid.id));
  });
}

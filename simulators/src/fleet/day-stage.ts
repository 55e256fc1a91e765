import { encodeAis } from "@gridhub/device-profiles/protocol/ais/encode.ts";
import type { Random } from "../random.ts";
import { planeAt, type Point, type Ring } from "../world/polygon.ts";
import type { Formation, Vessel } from "../world/vessels.ts";
import type { World } from "../world.ts";
import type { AisMessage } from "./feed.ts";
import { type Boat, placeAt } from "./motion.ts";
import { gpsNoise, journey, NAUTICAL_MILE, type Offset, type Stop } from "./track.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Something that happens, and what must be found of it: once in the whole day, on this grid. */
export interface Incident {
  readonly name: string;
  /** kind of the finding */
  readonly kind: string;
  /** what the finding's subject must name: an MMSI, a formation, a receiver, a recall */
  readonly subject: string;
  readonly grid: string;
  /** begins, and must have been found by; ms UTC */
  readonly from: number;
  readonly by: number;
  /** the finding must have ended by then, not before `from`; null = it goes on, or nobody says how long. ms UTC */
  readonly ends: number | null;
  /** found by the first message that shows it, not by a timer */
  readonly atOnce: boolean;
}

/** A border at sea that the day needs, in the words of a grid file. */
export interface DayArea {
  readonly id: string;
  readonly ring: Ring;
  readonly parent: string;
  readonly sea: Readonly<Record<string, unknown>> & { readonly rule: string };
}

/** A typhoon recall that the duty officer opens and closes. */
export interface DayRecall {
  readonly id: string;
  /** formation that is called, and the harbour that it is called into */
  readonly grid: string;
  readonly shelter: string;
  /** ms UTC */
  readonly openAt: number;
  readonly deadline: number;
  readonly closeAt: number;
  readonly remindMin: readonly number[];
}

/** Which formation an incident needs. */
export interface Casting {
  readonly size?: number;
  readonly cls?: "A" | "B";
  /** where its ground must be */
  readonly at?: (ground: Point) => boolean;
}

export interface Cast {
  readonly formation: Formation;
  readonly boat: Boat;
  /** ms UTC */
  readonly from: number;
}

/** What the incidents of a day are made with: each has a formation of its own, where nobody else is near. */
export class DayStage {
  readonly incidents: Incident[] = [];
  /** vessels that are in no registry: strangers, a clone, net buoys */
  readonly actors: Boat[] = [];
  /** changes of orders and instruments, by time */
  readonly actions: { ms: number; act: () => void }[] = [];
  /** messages beside position and static data, by time */
  readonly extras: { message: AisMessage; at: Point }[] = [];
  /** transmitters that are off */
  readonly silences: { mmsi: number; from: number; to: number }[] = [];
  readonly areas: DayArea[] = [];
  readonly recalls: DayRecall[] = [];
  /** spans in which a clone sends; its number alone does not tell it from the other */
  readonly clones = new Map<Boat, readonly [number, number]>();
  readonly world: World;
  readonly boats: ReadonlyMap<number, Boat>;
  readonly start: number;
  readonly random: Random;
  private readonly free: Formation[];
  private readonly quiet: Point[] = [];
  private strangers = 0;

  constructor(world: World, boats: ReadonlyMap<number, Boat>, start: number, random: Random) {
    this.world = world;
    this.boats = boats;
    this.start = start;
    this.random = random;
    const lonely = (f: Formation) => Math.min(...this.others(f).map((g) => distanceNm(g, f.ground)));
    this.free = world.formations
      .filter((f) => f.vessels.length >= 4 && this.boatOf(f.vessels[0]).group.activity === "drift")
      .map((formation) => ({ formation, nm: lonely(formation) }))
      .sort((a, b) => b.nm - a.nm)
      .map(({ formation }) => formation);
  }

  /** The loneliest formation that is left and fits, and one of its boats. */
  cast(atHour: number, { size = 4, cls, at = () => true }: Casting = {}): Cast {
    const fits = (f: Formation) =>
      f.vessels.length >= size && at(f.ground) && (cls === undefined || f.vessels.slice(1).some((v) => v.cls === cls));
    const i = this.free.findIndex(fits);
    if (i < 0) throw new RangeError("no formation is left for another incident");
    const [formation] = this.free.splice(i, 1);
    const vessel = formation.vessels.findLast((v) => cls === undefined || v.cls === cls)!;
    return { formation, boat: this.boatOf(vessel), from: this.start + atHour * HOUR };
  }

  boatOf(vessel: Vessel): Boat {
    return this.boats.get(vessel.mmsi)!;
  }

  at(ms: number, act: () => void): void {
    this.actions.push({ ms, act });
  }

  /** @param to relative to the middle of the formation, which drifts, metres */
  order(boat: Boat, since: number, to: Offset, knots: number): void {
    this.at(since, () => (boat.order = { from: placeAt(boat, since), to, knots, since }));
  }

  /** @param to relative to the formation's home: the boat stays there while the others drift, metres */
  orderTo(boat: Boat, since: number, to: Offset, knots: number): void {
    this.at(since, () => {
      const middle = boat.group.track(since);
      const { east, north } = placeAt(boat, since);
      const from = { east: middle.east + east, north: middle.north + north };
      boat.order = { from, to, knots, since, fixed: true };
    });
  }

  /** Back to its place among the others. */
  back(boat: Boat, since: number, knots: number): void {
    this.order(boat, since, boat.place, knots);
  }

  /** `nm` from the middle of a formation, where the next ground is farthest. */
  outward(formation: Formation, nm: number): Offset {
    const plane = planeAt(formation.ground[0], formation.ground[1]);
    const others = this.others(formation);
    let best = { nm: -1, east: 0, north: 0 };
    for (let k = 0; k < 24; k++) {
      const east = nm * NAUTICAL_MILE * Math.sin((k * Math.PI) / 12);
      const north = nm * NAUTICAL_MILE * Math.cos((k * Math.PI) / 12);
      const near = Math.min(...others.map((g) => distanceNm(g, plane.toDegrees([east, north]))));
      if (near > best.nm) best = { nm: near, east, north };
    }
    return { east: best.east, north: best.north };
  }

  /** Open water as far as can be from every ground, from a place and from what was given out before. */
  quietWater(from: Point): Point {
    let best = { nm: -1, at: from };
    for (let x = 122.95; x < 123.98; x += 0.05)
      for (let y = 30.28; y < 31.22; y += 0.05) {
        const at: Point = [x, y];
        if (distanceNm(at, from) < 20 || this.quiet.some((other) => distanceNm(at, other) < 2.5)) continue;
        const nm = Math.min(...this.world.formations.map((f) => distanceNm(f.ground, at)));
        if (nm > best.nm) best = { nm, at };
      }
    this.quiet.push(best.at);
    return best.at;
  }

  /** A vessel of no registry on its way; the clone of one that is in it. */
  appear(vessel: Vessel, home: Point, stops: readonly Stop[], from: number, to: number): Vessel {
    const group = { id: null, activity: "transit" as const, home, track: journey(stops) };
    this.actors.push({ vessel, group, place: { east: 0, north: 0 }, noise: gpsNoise(this.random, 3), order: null });
    if (!this.boats.has(vessel.mmsi)) this.onAir(vessel.mmsi, from, to);
    else this.clones.set(this.actors.at(-1)!, [from, to]);
    return vessel;
  }

  onAir(mmsi: number, from: number, to: number): void {
    this.silences.push({ mmsi, from: -Infinity, to: from }, { mmsi, from: to, to: Infinity });
  }

  stranger(): Vessel {
    const n = this.strangers++;
    return {
      mmsi: 538_000_100 + n,
      name: `STRANGER ${n}`,
      aisName: `STRANGER ${n}`,
      callsign: `V7ST${n}`,
      cls: "A",
      shipType: 70,
      length: 120,
      beam: 18,
      town: "",
      formation: null,
    };
  }

  text(mmsi: number, text: string, at: Point, ts: number): void {
    this.extras.push({ message: { ts, mmsi, type: 14, lines: encodeAis({ type: 14, mmsi, text }) }, at });
  }

  /** @param minutes in which it must be found @param more.endsAfter minutes in which it must be over */
  expect(
    name: string,
    kind: string,
    subject: number | string,
    grid: string,
    from: number,
    minutes: number,
    more: { readonly endsAfter?: number; readonly atOnce?: boolean } = {},
  ): void {
    this.incidents.push({
      name,
      kind,
      subject: String(subject),
      grid,
      from,
      by: from + minutes * MINUTE,
      ends: more.endsAfter === undefined ? null : from + more.endsAfter * MINUTE,
      atOnce: more.atOnce === true,
    });
  }

  private others(formation: Formation): Point[] {
    return this.world.formations.filter((f) => f !== formation).map((f) => f.ground);
  }
}

export function distanceNm(a: Point, b: Point): number {
  return Math.hypot((a[0] - b[0]) * 60 * Math.cos((a[1] * Math.PI) / 180), (a[1] - b[1]) * 60);
}

import { encodeAis } from "@gridhub/device-profiles/protocol/ais/encode.ts";
import { raw } from "@gridhub/device-profiles/protocol/ais/raw.ts";
import type { Random } from "../random.ts";
import { planeAt, type Point, type Ring } from "../world/polygon.ts";
import type { Formation, Vessel } from "../world/vessels.ts";
import type { World } from "../world.ts";
import type { AisMessage } from "./feed.ts";
import { type Boat, placeAt } from "./motion.ts";
import { gpsNoise, journey, NAUTICAL_MILE, type Offset, type Stop } from "./track.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Something that happens, and what must be found of it: once, on this grid. */
export interface Incident {
  readonly name: string;
  /** kind of the finding */
  readonly kind: string;
  /** what the finding's subject must name: an MMSI, a formation, a receiver */
  readonly subject: string;
  readonly grid: string;
  /** begins, and must have been found by; ms UTC */
  readonly from: number;
  readonly by: number;
}

/** All that a day needs beside its boats. */
export interface DayScript {
  readonly incidents: readonly Incident[];
  /** vessels that are in no registry: strangers, a clone, net buoys */
  readonly actors: readonly Boat[];
  /** changes of orders and instruments, by time */
  readonly actions: readonly { readonly ms: number; readonly act: () => void }[];
  /** messages beside position and static data, by time */
  readonly extras: readonly { readonly message: AisMessage; readonly at: Point }[];
  /** transmitters that are off */
  readonly silences: readonly { readonly mmsi: number; readonly from: number; readonly to: number }[];
  /** nobody may enter */
  readonly noGo: { readonly id: string; readonly ring: Ring };
}

/** Makes the incidents of ten hours: each on a formation of its own, where nobody else is near. */
export class ScriptWriter {
  readonly incidents: Incident[] = [];
  readonly actors: Boat[] = [];
  readonly actions: { ms: number; act: () => void }[] = [];
  readonly extras: { message: AisMessage; at: Point }[] = [];
  readonly silences: { mmsi: number; from: number; to: number }[] = [];
  private readonly world: World;
  private readonly boats: ReadonlyMap<number, Boat>;
  private readonly start: number;
  private readonly random: Random;
  private readonly free: Formation[];
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

  /** One boat sails three miles out and comes back. */
  straggler(atHour: number): void {
    const { formation, boat, from } = this.cast(atHour);
    const { mmsi } = boat.vessel;
    this.order(boat, from, this.outward(formation, 3), 8);
    this.at(from + 50 * MINUTE, () => (boat.order = { from: placeAt(boat, from + 50 * MINUTE), to: boat.place, knots: 8, since: from + 50 * MINUTE })); // prettier-ignore
    this.expect("straggler", "vessel.straggler", mmsi, formation.id, from, 40);
  }

  /** Half of a formation sails away together. */
  split(atHour: number): void {
    const { formation, from } = this.cast(atHour, 6);
    const to = this.outward(formation, 3.4);
    const leaving = formation.vessels.slice(Math.ceil(formation.vessels.length / 2));
    for (const vessel of leaving) {
      const boat = this.boatOf(vessel);
      const there = { east: boat.place.east + to.east, north: boat.place.north + to.north };
      this.order(boat, from, there, 7);
    }
    this.expect("split", "formation.split", formation.id, formation.id, from, 60);
  }

  /** Switches its transmitter off at sea. */
  dark(atHour: number, minutes: number): void {
    const { formation, boat, from } = this.cast(atHour);
    const { mmsi } = boat.vessel;
    this.silences.push({ mmsi, from, to: from + minutes * MINUTE });
    this.expect("dark", "vessel.dark", mmsi, formation.id, from, 45);
  }

  /** A second transmitter with the same number, 25 miles off. */
  clone(atHour: number, minutes: number): void {
    const { formation, boat, from } = this.cast(atHour);
    const away = this.quietWater(formation.ground);
    this.appear(boat.vessel, away, [{ ms: 0, east: 0, north: 0 }], from, from + minutes * MINUTE);
    this.expect("clone", "vessel.mmsi_clash", boat.vessel.mmsi, formation.id, from, minutes);
  }

  /** A call for help by text from an ordinary vessel. */
  mayday(atHour: number): void {
    const { formation, boat, from } = this.cast(atHour);
    const { mmsi } = boat.vessel;
    for (let i = 0; i < 6; i++)
      this.text(mmsi, "MAYDAY MAYDAY ENGINE ROOM FLOODED", formation.ground, from + i * MINUTE);
    this.expect("mayday", "vessel.sos", mmsi, formation.id, from, 1);
  }

  /** A beacon in the water: bursts of eight messages a minute (IEC 61097-14). */
  beacon(atHour: number): void {
    const { formation, from } = this.cast(atHour);
    const mmsi = 970_112_233;
    const at = { lon: raw.lon(formation.ground[0]), lat: raw.lat(formation.ground[1]) };
    for (let i = 0; i < 12 * 8; i++) {
      const ts = from + Math.floor(i / 8) * MINUTE + (i % 8) * 2000;
      const lines = encodeAis({ type: 1, mmsi, status: 14, speed: 5, course: 1200, ...at });
      this.extras.push({ message: { ts, mmsi, type: 1, lines }, at: formation.ground });
      if (i % 8 === 4) this.text(mmsi, "SART ACTIVE", formation.ground, ts + 500);
    }
    this.expect("beacon", "vessel.sos", mmsi, formation.area.id, from, 1);
  }

  /** A beacon that is tested says so. */
  drill(atHour: number): void {
    const { formation, from } = this.cast(atHour);
    const mmsi = 970_445_566;
    const at = { lon: raw.lon(formation.ground[0]), lat: raw.lat(formation.ground[1]) };
    // status 15 is that of a beacon under test
    const lines = encodeAis({ type: 1, mmsi, status: 15, speed: 0, ...at });
    this.extras.push({ message: { ts: from - 1000, mmsi, type: 1, lines }, at: formation.ground });
    this.text(mmsi, "SART TEST", formation.ground, from);
    this.expect("drill", "vessel.sos_drill", mmsi, formation.area.id, from, 1);
  }

  /** A boat heads out slowly; a stranger crosses her way at ten knots at the same moment. */
  approach(atHour: number): void {
    const { formation, boat, from } = this.cast(atHour);
    const out = this.outward(formation, 1.85);
    const sinceMs = from - 25 * MINUTE;
    this.order(boat, sinceMs, out, 2.5);
    const place = boat.place;
    const part = (2.5 * NAUTICAL_MILE * 25) / 60 / Math.hypot(out.east - place.east, out.north - place.north);
    const middle = boat.group.track(from);
    const meet = {
      east: middle.east + place.east + part * (out.east - place.east),
      north: middle.north + place.north + part * (out.north - place.north),
    };
    const length = Math.hypot(out.east, out.north);
    const across = { east: -out.north / length, north: out.east / length };
    const stop = (minutes: number): Stop => {
      const metres = (10 * NAUTICAL_MILE * minutes) / 60;
      return {
        ms: from + minutes * MINUTE,
        east: meet.east + metres * across.east,
        north: meet.north + metres * across.north,
      };
    };
    const stranger = this.appear(
      this.stranger(),
      boat.group.home,
      [stop(-14), stop(5)],
      from - 14 * MINUTE,
      from + 5 * MINUTE,
    );
    this.expect("approach", "vessel.approach", stranger.mmsi, formation.id, from - 14 * MINUTE, 14);
  }

  /** Engine stopped, beam to the sea: the heading stays, the course is where the tide goes. */
  drift(atHour: number): void {
    const { formation, boat, from } = this.cast(atHour, 4, "A");
    const out = this.outward(formation, 1.2);
    this.order(boat, from, out, 1.6);
    this.at(from, () => {
      boat.instruments = (fix, ms) =>
        ms < from || ms > from + 35 * MINUTE ? fix : { ...fix, status: 0, heading: Math.round(fix.cog + 80) % 360 };
    });
    this.expect("drift", "vessel.drift", boat.vessel.mmsi, formation.id, from, 35);
  }

  /** An anchored carrier goes through its anchorage. */
  anchorDrag(atHour: number): void {
    const from = this.start + atHour * HOUR;
    const boat = [...this.boats.values()].find((b) => b.vessel.formation === null && b.group.activity === "anchor")!;
    const { east, north } = boat.place;
    const length = Math.max(1, Math.hypot(east, north));
    const metres = 0.4 * NAUTICAL_MILE;
    this.order(boat, from, { east: east - (east / length) * metres, north: north - (north / length) * metres }, 1.1);
    const [lon, lat] = boat.group.home;
    const grid = this.world.features.find((f) => f.properties.use === "transport" && holds(f.geometry, [lon, lat]));
    this.expect("anchor drag", "vessel.anchor_drag", boat.vessel.mmsi, grid?.properties.id ?? "", from, 30);
  }

  /** A stranger runs through a strip sixty metres wide, between two of its reports. */
  noGo(atHour: number): { id: string; ring: Ring } {
    const from = this.start + atHour * HOUR;
    const middle = this.quietWater(this.world.formations[0].ground);
    const plane = planeAt(middle[0], middle[1]);
    const ring = ([[-30, -2000], [30, -2000], [30, 2000], [-30, 2000]] as const).map((p) => plane.toDegrees(p)); // prettier-ignore
    const stop = (minutes: number): Stop => ({
      ms: from + minutes * MINUTE,
      east: (minutes * 10 * NAUTICAL_MILE) / 60,
      north: 0,
    });
    const stranger = this.appear(this.stranger(), middle, [stop(-6), stop(6)], from - 6 * MINUTE, from + 6 * MINUTE);
    this.expect("no-go", "vessel.no_go", stranger.mmsi, "no-go-strip", from - 6 * MINUTE, 14);
    return { id: "no-go-strip", ring };
  }

  /** A stranger lies beside a boat for hours, apart from the others. */
  encounter(atHour: number): void {
    const { formation, boat, from } = this.cast(atHour);
    const out = this.outward(formation, 1.75);
    this.order(boat, from - HOUR, out, 3);
    const vessel = this.stranger();
    const place = { east: out.east + 120, north: out.north + 60 };
    const beside: Boat = { vessel, group: boat.group, place, noise: gpsNoise(this.random, 4), order: null };
    this.actors.push(beside);
    this.onAir(vessel.mmsi, from, from + 200 * MINUTE);
    this.expect("encounter", "vessel.encounter", vessel.mmsi, formation.id, from, 180);
  }

  /** The station hears nothing. */
  outage(atHour: number, minutes: number, receiver: string, grid: string): [number, number] {
    const from = this.start + atHour * HOUR;
    this.expect("outage", "receiver.link_outage", receiver, grid, from, minutes);
    return [from, from + minutes * MINUTE];
  }

  /** Net buoys with numbers that belong to nobody, adrift among the boats. */
  buoys(count: number): void {
    for (let i = 0; i < count; i++) {
      const { ground } = this.random.pick(this.world.formations);
      const at = planeAt(ground[0], ground[1]).toDegrees([
        this.random.between(-900, 900),
        this.random.between(-900, 900),
      ]);
      const vessel = { ...this.stranger(), mmsi: 100_000_000 + this.random.int(0, 9_999_999), cls: "B" as const };
      const group = { id: null, activity: "drift" as const, home: at, track: () => ({ east: 0, north: 0 }) };
      const place = { east: 0, north: 0 };
      this.actors.push({ vessel, group, place, noise: gpsNoise(this.random, 8), order: null, positionsOnly: true });
    }
  }

  private cast(atHour: number, size = 4, cls?: "A" | "B"): { formation: Formation; boat: Boat; from: number } {
    const fits = (f: Formation) =>
      f.vessels.length >= size && (cls === undefined || f.vessels.slice(1).some((v) => v.cls === cls));
    const i = this.free.findIndex(fits);
    if (i < 0) throw new RangeError("no formation is left for another incident");
    const [formation] = this.free.splice(i, 1);
    const vessel = formation.vessels.findLast((v) => cls === undefined || v.cls === cls)!;
    return { formation, boat: this.boatOf(vessel), from: this.start + atHour * HOUR };
  }

  private boatOf(vessel: Vessel): Boat {
    return this.boats.get(vessel.mmsi)!;
  }

  private order(boat: Boat, since: number, to: Offset, knots: number): void {
    this.at(since, () => (boat.order = { from: placeAt(boat, since), to, knots, since }));
  }

  private at(ms: number, act: () => void): void {
    this.actions.push({ ms, act });
  }

  /** `nm` from the middle of a formation, where the next ground is farthest. */
  private outward(formation: Formation, nm: number): Offset {
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

  private others(formation: Formation): Point[] {
    return this.world.formations.filter((f) => f !== formation).map((f) => f.ground);
  }

  /** Open water at least 20 miles from a place and as far as can be from every ground. */
  private quietWater(from: Point): Point {
    let best = { nm: -1, at: from };
    for (let x = 122.95; x < 123.98; x += 0.05)
      for (let y = 30.28; y < 31.22; y += 0.05) {
        const at: Point = [x, y];
        if (distanceNm(at, from) < 20) continue;
        const nm = Math.min(...this.world.formations.map((f) => distanceNm(f.ground, at)));
        if (nm > best.nm) best = { nm, at };
      }
    return best.at;
  }

  private appear(vessel: Vessel, home: Point, stops: readonly Stop[], from: number, to: number): Vessel {
    const group = { id: null, activity: "transit" as const, home, track: journey(stops) };
    this.actors.push({ vessel, group, place: { east: 0, north: 0 }, noise: gpsNoise(this.random, 3), order: null });
    if (!this.boats.has(vessel.mmsi)) this.onAir(vessel.mmsi, from, to);
    else this.clones.set(this.actors.at(-1)!, [from, to]);
    return vessel;
  }

  /** spans in which a clone sends; its number alone does not tell it from the other */
  readonly clones = new Map<Boat, readonly [number, number]>();

  private onAir(mmsi: number, from: number, to: number): void {
    this.silences.push({ mmsi, from: -Infinity, to: from }, { mmsi, from: to, to: Infinity });
  }

  private stranger(): Vessel {
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

  private text(mmsi: number, text: string, at: Point, ts: number): void {
    this.extras.push({ message: { ts, mmsi, type: 14, lines: encodeAis({ type: 14, mmsi, text }) }, at });
  }

  private expect(
    name: string,
    kind: string,
    subject: number | string,
    grid: string,
    from: number,
    minutes: number,
  ): void {
    this.incidents.push({ name, kind, subject: String(subject), grid, from, by: from + minutes * MINUTE });
  }
}

function distanceNm(a: Point, b: Point): number {
  return Math.hypot((a[0] - b[0]) * 60 * Math.cos((a[1] * Math.PI) / 180), (a[1] - b[1]) * 60);
}

function holds(geometry: { readonly type: string; readonly coordinates: unknown } | null, [x, y]: Point): boolean {
  if (geometry?.type !== "Polygon") return false;
  const [ring] = geometry.coordinates as Point[][];
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  return x >= Math.min(...xs) && x <= Math.max(...xs) && y >= Math.min(...ys) && y <= Math.max(...ys);
}

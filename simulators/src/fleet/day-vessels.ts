import { encodeAis } from "@gridhub/device-profiles/protocol/ais/encode.ts";
import { raw } from "@gridhub/device-profiles/protocol/ais/raw.ts";
import { planeAt, type Point } from "../world/polygon.ts";
import { type DayStage, HOUR, MINUTE } from "./day-stage.ts";
import type { Boat } from "./motion.ts";
import { gpsNoise, NAUTICAL_MILE, type Stop } from "./track.ts";

// Incidents of vessels: each is played on the stage and says what must be found of it. `atHour`: hours after the start.

/** One boat sails three miles out and comes back. */
export function straggler(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const { mmsi } = boat.vessel;
  stage.order(boat, from, stage.outward(formation, 3), 8);
  stage.back(boat, from + 50 * MINUTE, 8);
  stage.expect(`straggler ${atHour}`, "vessel.straggler", mmsi, formation.id, from, 40, { endsAfter: 80 });
}

/** Half of a formation sails away together and comes back. */
export function split(stage: DayStage, atHour: number): void {
  const { formation, from } = stage.cast(atHour, { size: 6 });
  const to = stage.outward(formation, 3.4);
  const leaving = formation.vessels.slice(Math.ceil(formation.vessels.length / 2));
  for (const vessel of leaving) {
    const boat = stage.boatOf(vessel);
    const there = { east: boat.place.east + to.east, north: boat.place.north + to.north };
    stage.order(boat, from, there, 7);
    stage.back(boat, from + 90 * MINUTE, 7);
  }
  stage.expect("split", "formation.split", formation.id, formation.id, from, 60, { endsAfter: 125 });
}

/** A second transmitter with the same number, 25 miles off. */
export function clone(stage: DayStage, atHour: number, minutes: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const away = stage.quietWater(formation.ground);
  stage.appear(boat.vessel, away, [{ ms: 0, east: 0, north: 0 }], from, from + minutes * MINUTE);
  stage.expect("clone", "vessel.mmsi_clash", boat.vessel.mmsi, formation.id, from, minutes, {
    endsAfter: minutes + 30,
  });
}

/** A call for help by text from an ordinary vessel. */
export function mayday(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const { mmsi } = boat.vessel;
  for (let i = 0; i < 6; i++)
    stage.text(mmsi, "MAYDAY MAYDAY ENGINE ROOM FLOODED", formation.ground, from + i * MINUTE);
  stage.expect("mayday", "vessel.sos", mmsi, formation.id, from, 1, { endsAfter: 40, atOnce: true });
}

/** A beacon in the water: bursts of eight messages a minute (IEC 61097-14). */
export function beacon(stage: DayStage, atHour: number): void {
  const { formation, from } = stage.cast(atHour);
  const mmsi = 970_112_233;
  const at = { lon: raw.lon(formation.ground[0]), lat: raw.lat(formation.ground[1]) };
  for (let i = 0; i < 12 * 8; i++) {
    const ts = from + Math.floor(i / 8) * MINUTE + (i % 8) * 2000;
    const lines = encodeAis({ type: 1, mmsi, status: 14, speed: 5, course: 1200, ...at });
    stage.extras.push({ message: { ts, mmsi, type: 1, lines }, at: formation.ground });
    if (i % 8 === 4) stage.text(mmsi, "SART ACTIVE", formation.ground, ts + 500);
  }
  stage.expect("beacon", "vessel.sos", mmsi, formation.area.id, from, 1, { endsAfter: 45, atOnce: true });
}

/** A beacon that is tested says so. */
export function drill(stage: DayStage, atHour: number): void {
  const { formation, from } = stage.cast(atHour);
  const mmsi = 970_445_566;
  const at = { lon: raw.lon(formation.ground[0]), lat: raw.lat(formation.ground[1]) };
  // status 15 is that of a beacon under test
  const lines = encodeAis({ type: 1, mmsi, status: 15, speed: 0, ...at });
  stage.extras.push({ message: { ts: from - 1000, mmsi, type: 1, lines }, at: formation.ground });
  stage.text(mmsi, "SART TEST", formation.ground, from);
  stage.expect("drill", "vessel.sos_drill", mmsi, formation.area.id, from - 1000, 1, { endsAfter: 35, atOnce: true });
}

/** A boat heads out slowly; a stranger crosses her way at ten knots at the same moment. */
export function approach(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const out = stage.outward(formation, 1.65);
  const sinceMs = from - 25 * MINUTE;
  stage.order(boat, sinceMs, out, 2.5);
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
  const stranger = stage.appear(
    stage.stranger(),
    boat.group.home,
    [stop(-14), stop(5)],
    from - 14 * MINUTE,
    from + 5 * MINUTE,
  );
  stage.expect("approach", "vessel.approach", stranger.mmsi, formation.id, from - 14 * MINUTE, 14, { endsAfter: 35 });
}

/** Engine stopped, beam to the sea: the heading stays, the course is where the tide goes. */
export function drift(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour, { cls: "A" });
  const out = stage.outward(formation, 1.2);
  stage.order(boat, from, out, 1.6);
  stage.at(from, () => {
    boat.instruments = (fix, ms) =>
      ms < from || ms > from + 35 * MINUTE ? fix : { ...fix, status: 0, heading: Math.round(fix.cog + 80) % 360 };
  });
  stage.expect("drift", "vessel.drift", boat.vessel.mmsi, formation.id, from, 35, { endsAfter: 60 });
}

/** An anchored carrier goes through its anchorage. */
export function anchorDrag(stage: DayStage, atHour: number): void {
  const from = stage.start + atHour * HOUR;
  const boat = [...stage.boats.values()].find((b) => b.vessel.formation === null && b.group.activity === "anchor")!;
  const { east, north } = boat.place;
  const length = Math.max(1, Math.hypot(east, north));
  const metres = 0.4 * NAUTICAL_MILE;
  stage.order(boat, from, { east: east - (east / length) * metres, north: north - (north / length) * metres }, 1.1);
  const [lon, lat] = boat.group.home;
  const grid = stage.world.features.find((f) => f.properties.use === "transport" && holds(f.geometry, [lon, lat]));
  stage.expect("anchor drag", "vessel.anchor_drag", boat.vessel.mmsi, grid?.properties.id ?? "", from, 30);
}

/** A stranger lies beside a boat for hours, apart from the others. */
export function encounter(stage: DayStage, atHour: number): void {
  const { formation, boat, from } = stage.cast(atHour);
  const out = stage.outward(formation, 1.75);
  stage.order(boat, from - HOUR, out, 3);
  const vessel = stage.stranger();
  const place = { east: out.east + 120, north: out.north + 60 };
  const beside: Boat = { vessel, group: boat.group, place, noise: gpsNoise(stage.random, 4), order: null };
  stage.actors.push(beside);
  stage.onAir(vessel.mmsi, from, from + 200 * MINUTE);
  stage.expect("encounter", "vessel.encounter", vessel.mmsi, formation.id, from, 180, { endsAfter: 240 });
}

/** Net buoys with numbers that belong to nobody, adrift among the boats. */
export function buoys(stage: DayStage, count: number): void {
  for (let i = 0; i < count; i++) {
    const { ground } = stage.random.pick(stage.world.formations);
    const at = planeAt(ground[0], ground[1]).toDegrees([
      stage.random.between(-900, 900),
      stage.random.between(-900, 900),
    ]);
    const vessel = { ...stage.stranger(), mmsi: 100_000_000 + stage.random.int(0, 9_999_999), cls: "B" as const };
    const group = { id: null, activity: "drift" as const, home: at, track: () => ({ east: 0, north: 0 }) };
    const place = { east: 0, north: 0 };
    stage.actors.push({ vessel, group, place, noise: gpsNoise(stage.random, 8), order: null, positionsOnly: true });
  }
}

function holds(geometry: { readonly type: string; readonly coordinates: unknown } | null, [x, y]: Point): boolean {
  if (geometry?.type !== "Polygon") return false;
  const [ring] = geometry.coordinates as Point[][];
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  return x >= Math.min(...xs) && x <= Math.max(...xs) && y >= Math.min(...ys) && y <= Math.max(...ys);
}

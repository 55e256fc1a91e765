import { polygonsOf } from "../grids/grid.ts";
import { ringDistance } from "../grids/polygon-index.ts";
import type { ApiContext } from "./context.ts";
import { devicesNear, metresBetween } from "./device-view.ts";
import type { EventView } from "./event-view.ts";
import type { Nearby, NearThing } from "./reports-schema.ts";
import type { Scope } from "./scope.ts";

/** Things of one sort that are listed. */
const MOST = 50;
const METRES_A_DEGREE = 111_195;

/** What lies within `radius` metres of a position (degrees WGS84) and may be seen: nearest first, at most 50 of a sort. */
export function nearbyOf(
  context: ApiContext,
  view: EventView,
  scope: Scope,
  at: { readonly lon: number; readonly lat: number },
  { radius, except }: { readonly radius: number; readonly except?: string },
): Nearby {
  const { registry, health, fleet, events, clock } = context;
  const visible = [...registry.devices()].filter((device) => scope.hasDevice(device));
  const near = devicesNear(visible, at, { radius, limit: 4 * MOST });
  const devices: NearThing[] = [];
  const cameras: NearThing[] = [];
  for (const { device, metres } of near) {
    const { lon, lat, uid, title, profile } = device;
    const camera = profile.kind === "camera";
    (camera ? cameras : devices).push({
      what: camera ? "camera" : "device",
      key: uid,
      title: title || uid,
      kind: profile.kind,
      metres: Math.round(metres),
      bearing: bearing(lon as number, lat as number, at.lon, at.lat),
      lon,
      lat,
      health: health.of(`device:${uid}`)?.state ?? "unknown",
      severity: null,
    });
  }

  const vessels: NearThing[] = [];
  for (const vessel of fleet.vessels(clock())) {
    const metres = metresWithin(vessel, at, radius);
    if (metres === null || (!scope.everything && !scope.hasVessel(vessel.mmsi, vessel.lon, vessel.lat))) continue;
    const { mmsi, name, lon, lat, freshness } = vessel;
    vessels.push({ ...thing("vessel", String(mmsi), name || String(mmsi), freshness, metres), lon, lat, bearing: bearing(lon, lat, at.lon, at.lat) }); // prettier-ignore
  }

  const others: NearThing[] = [];
  for (const event of events.active()) {
    if (event.id === except || event.lon === null || event.lat === null || !scope.has(event.gridId)) continue;
    const metres = metresWithin({ lon: event.lon, lat: event.lat }, at, radius);
    if (metres === null) continue;
    const { zh } = view.titles(event.kind);
    const { id, kind, lon, lat, severity } = event;
    others.push({ ...thing("event", id, zh, kind, metres), lon, lat, severity });
  }

  const grids: NearThing[] = [];
  for (const grid of context.grids().grids()) {
    if (grid.level === "county" || grid.geometry === null || !scope.has(grid.id)) continue;
    let metres = Infinity;
    for (const [outer] of polygonsOf(grid)) metres = Math.min(metres, toRing(outer, at, radius));
    if (metres <= radius) grids.push(thing("grid", grid.id, grid.name, grid.level, metres));
  }

  const nearest = (things: NearThing[]) => things.sort((a, b) => a.metres - b.metres).slice(0, MOST);
  return {
    ...at,
    radius,
    devices: devices.slice(0, MOST),
    cameras: cameras.slice(0, MOST),
    vessels: nearest(vessels),
    events: nearest(others),
    // where it lies in several, the finest says most
    grids: grids.sort((a, b) => a.metres - b.metres || depth(b.kind) - depth(a.kind)).slice(0, MOST),
  };
}

function thing(what: string, key: string, title: string, kind: string, metres: number): NearThing {
  const none = { bearing: null, lon: null, lat: null, health: null, severity: null };
  return { what, key, title, kind, metres: Math.round(metres), ...none };
}

/** @returns null where it is farther; most are out by one comparison */
function metresWithin(
  point: { readonly lon: number; readonly lat: number },
  at: { readonly lon: number; readonly lat: number },
  radius: number,
): number | null {
  if (Math.abs(point.lat - at.lat) * METRES_A_DEGREE > radius + 1) return null;
  const metres = metresBetween(at.lon, at.lat, point.lon, point.lat);
  return metres <= radius ? metres : null;
}

type Ring = readonly (readonly [number, number])[];

/** Metres from the outer ring of a polygon; 0 within; Infinity where its bounds are farther than `radius`. */
function toRing(ring: Ring, { lon, lat }: { lon: number; lat: number }, radius: number): number {
  const up = radius / METRES_A_DEGREE;
  const wide = up / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  let [west, east, south, north] = [true, true, true, true];
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x, y] = ring[i];
    west &&= x < lon - wide;
    east &&= x > lon + wide;
    south &&= y < lat - up;
    north &&= y > lat + up;
    const [px, py] = ring[j];
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) inside = !inside;
  }
  if (inside) return 0;
  if (west || east || south || north) return Infinity;
  return ringDistance(ring as never, lon, lat);
}

const LEVELS = ["county", "town", "village", "area", "grid", "micro_grid"];
const depth = (level: string) => LEVELS.indexOf(level);

/** Initial bearing from the first position to the second, whole degrees from true north. */
export function bearing(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const rad = Math.PI / 180;
  const dLon = (lon2 - lon1) * rad;
  const y = Math.sin(dLon) * Math.cos(lat2 * rad);
  const x = Math.cos(lat1 * rad) * Math.sin(lat2 * rad) - Math.sin(lat1 * rad) * Math.cos(lat2 * rad) * Math.cos(dLon);
  return (Math.round(Math.atan2(y, x) / rad) + 360) % 360;
}

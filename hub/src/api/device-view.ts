import type { Device } from "../device.ts";
import type { GridSet } from "../grids/grid-set.ts";
import type { ApiContext } from "./context.ts";
import type { DeviceInfo } from "./schema.ts";

/** Names from the county down to the grid; empty where there is none. */
export function gridPath(grids: GridSet, gridId: string | null): string[] {
  return gridId === null ? [] : grids.path(gridId).map((grid) => grid.name);
}

type Needs = Pick<ApiContext, "grids" | "health">;

export function deviceInfo(device: Device, { grids, health }: Needs): DeviceInfo {
  const { uid, title, profile, site, edge, gridId, lon, lat } = device;
  const status = health.of(`device:${uid}`);
  return {
    uid,
    title,
    kind: profile.kind,
    profile: profile.id,
    site,
    edge: edge.key,
    gridId,
    gridPath: gridPath(grids(), gridId),
    lon,
    lat,
    health: status?.state ?? "unknown",
    healthReason: status?.reason ?? "",
    healthSince: status?.since ?? 0,
    lastSeen: status?.lastSeen ?? null,
  };
}

const EARTH_M = 6_371_008.8;

/** Great-circle distance between two positions in degrees WGS84, metres (haversine). */
export function metresBetween(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((lat2 - lat1) * rad) / 2) ** 2 +
    Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Devices within `radius` metres, nearest first. */
export function devicesNear(
  devices: Iterable<Device>,
  at: { readonly lon: number; readonly lat: number },
  { radius, limit }: { readonly radius: number; readonly limit: number },
): { readonly device: Device; readonly metres: number }[] {
  const found: { device: Device; metres: number }[] = [];
  // A degree of latitude is the same everywhere: most devices are out by one comparison.
  const band = (radius / EARTH_M) * (180 / Math.PI);
  for (const device of devices) {
    const { lon, lat } = device;
    if (lon === null || lat === null || Math.abs(lat - at.lat) > band) continue;
    const metres = metresBetween(at.lon, at.lat, lon, lat);
    if (metres <= radius) found.push({ device, metres });
  }
  return found.sort((a, b) => a.metres - b.metres).slice(0, limit);
}

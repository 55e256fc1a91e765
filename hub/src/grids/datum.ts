import type { Position } from "./grid.ts";

/**
 * wgs84: GPS and AIS. gcj02: the shifted datum of Chinese web maps. bd09: Baidu's second shift on top of it. cgcs2000: the national
 * frame (GB 22021), ITRF97 at the epoch 2000.0 on an ellipsoid that differs by 0.1 mm: taken as WGS84, which is wrong by what the
 * plate has drifted since, some 3 cm a year and below a metre. Degrees only; metres of a projection are refused by their range.
 * Everything inside the hub is WGS84; shifted input is converted at import, once.
 */
export const DATUMS = ["wgs84", "gcj02", "bd09", "cgcs2000"] as const;
export type Datum = (typeof DATUMS)[number];

// Krasovsky 1940, which the shift is computed on.
const A = 6378245;
const EE = 0.006693421622965943;
const BD_PI = (Math.PI * 3000) / 180;
/** degrees; 1e-10 is 0.01 mm, far below what rounding of the input leaves */
const TOLERANCE = 1e-10;
const MAX_ROUNDS = 30;

/** The shift is defined inside this box only; outside GCJ-02 equals WGS84. */
function shifted(lon: number, lat: number): boolean {
  return lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;
}

function wave(v: number): number {
  return ((20 * Math.sin(6 * v * Math.PI) + 20 * Math.sin(2 * v * Math.PI)) * 2) / 3;
}

function offsetLat(x: number, y: number): number {
  const base = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + wave(x);
  const slow = ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3;
  return base + slow + ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
}

function offsetLon(x: number, y: number): number {
  const base = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + wave(x);
  const slow = ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3;
  return base + slow + ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
}

export function wgs84ToGcj02(lon: number, lat: number): Position {
  if (!shifted(lon, lat)) return [lon, lat];
  const phi = (lat / 180) * Math.PI;
  const magic = 1 - EE * Math.sin(phi) ** 2;
  const root = Math.sqrt(magic);
  const dLat = (offsetLat(lon - 105, lat - 35) * 180) / (((A * (1 - EE)) / (magic * root)) * Math.PI);
  const dLon = (offsetLon(lon - 105, lat - 35) * 180) / ((A / root) * Math.cos(phi) * Math.PI);
  return [lon + dLon, lat + dLat];
}

export function gcj02ToBd09(lon: number, lat: number): Position {
  const z = Math.hypot(lon, lat) + 0.00002 * Math.sin(lat * BD_PI);
  const theta = Math.atan2(lat, lon) + 0.000003 * Math.cos(lon * BD_PI);
  return [z * Math.cos(theta) + 0.0065, z * Math.sin(theta) + 0.006];
}

/**
 * Neither shift has a closed inverse; the usual one-step guess is wrong by up to 4 m. The shift changes slowly, so the fixed
 * point of `x = target - (forward(x) - x)` converges in a handful of rounds.
 */
function invert(forward: (lon: number, lat: number) => Position, lon: number, lat: number): Position {
  let x = lon;
  let y = lat;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const [fx, fy] = forward(x, y);
    const ex = fx - lon;
    const ey = fy - lat;
    x -= ex;
    y -= ey;
    if (Math.abs(ex) < TOLERANCE && Math.abs(ey) < TOLERANCE) break;
  }
  return [x, y];
}

export function gcj02ToWgs84(lon: number, lat: number): Position {
  // Decided on the input, so that the iteration does not hop over the edge of the box.
  return shifted(lon, lat) ? invert(wgs84ToGcj02, lon, lat) : [lon, lat];
}

export function bd09ToGcj02(lon: number, lat: number): Position {
  return invert(gcj02ToBd09, lon, lat);
}

export function toWgs84(datum: Datum, lon: number, lat: number): Position {
  if (datum === "wgs84" || datum === "cgcs2000") return [lon, lat];
  if (datum === "gcj02") return gcj02ToWgs84(lon, lat);
  const [x, y] = bd09ToGcj02(lon, lat);
  return gcj02ToWgs84(x, y);
}

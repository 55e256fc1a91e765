import { type Grid, polygonsOf } from "../grids/grid.ts";
import type { Ring, WarningArea } from "./warning.ts";

type Point = readonly [lon: number, lat: number];
const METRES_A_DEGREE = 111_320;

/** The towns that a warning concerns, by code, by polygon or by circle; a warning that names no place concerns all. */
export function affectedTowns(areas: readonly WarningArea[], towns: readonly Grid[]): string[] {
  const located = areas.filter((a) => a.polygons.length > 0 || a.circles.length > 0 || a.codes.length > 0);
  if (located.length === 0) return towns.map(({ id }) => id);
  return towns.filter((town) => located.some((area) => concerns(area, town))).map(({ id }) => id);
}

function concerns(area: WarningArea, town: Grid): boolean {
  const own = [town.id, ...Object.values(town.codes)].filter((code) => /^\d{2,12}$/.test(code));
  // A county's six digits cover its towns; a longer code of a village lies in its town.
  if (area.codes.some((code) => own.some((o) => covers(code, o) || covers(o, code)))) return true;
  const rings = polygonsOf(town).map(([outer]) => outer as Ring);
  return rings.some(
    (ring) =>
      area.polygons.some((polygon) => overlap(polygon, ring)) ||
      area.circles.some((circle) => near(ring, [circle.lon, circle.lat], circle.radiusM)),
  );
}

/** Zeros at the end of a code stand for everything below: pairs up to the county (six digits), groups of three after it. */
function covers(wide: string, narrow: string): boolean {
  const stem = wide.length > 6 ? wide.replace(/^(\d{6}(?:\d{3})*?)(?:000)+$/, "$1") : wide.replace(/(?:00)+$/, "");
  return stem.length >= 2 && narrow.startsWith(stem);
}

function overlap(a: Ring, b: Ring): boolean {
  if (!boxesMeet(boxOf(a), boxOf(b))) return false;
  if (inside(a[0], b) || inside(b[0], a)) return true;
  for (let i = 1; i < a.length; i++)
    for (let j = 1; j < b.length; j++) if (cross(a[i - 1], a[i], b[j - 1], b[j])) return true;
  return false;
}

function near(ring: Ring, centre: Point, radiusM: number): boolean {
  if (inside(centre, ring)) return true;
  const k = Math.cos((centre[1] * Math.PI) / 180);
  const local = ([lon, lat]: Point): Point => [
    (lon - centre[0]) * k * METRES_A_DEGREE,
    (lat - centre[1]) * METRES_A_DEGREE,
  ];
  for (let i = 1; i < ring.length; i++)
    if (distanceToOrigin(local(ring[i - 1]), local(ring[i])) <= radiusM) return true;
  return false;
}

function distanceToOrigin([ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length));
  return Math.hypot(ax + t * dx, ay + t * dy);
}

function inside([x, y]: Point, ring: Ring): boolean {
  let is = false;
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1];
    const [bx, by] = ring[i];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) is = !is;
  }
  return is;
}

function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point) =>
    Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

type Box = readonly [number, number, number, number];
function boxOf(ring: Ring): Box {
  let [w, s, e, n] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of ring) {
    w = Math.min(w, x);
    s = Math.min(s, y);
    e = Math.max(e, x);
    n = Math.max(n, y);
  }
  return [w, s, e, n];
}
function boxesMeet(a: Box, b: Box): boolean {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

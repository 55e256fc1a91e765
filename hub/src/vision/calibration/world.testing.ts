import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";
import { geocentric } from "./geodesy.ts";
import type { Pose } from "./pose.ts";

// A world to test against: points in space as seen by a pin-hole, without any of the formulas under test but the ellipsoid.

export interface TrueCamera extends Pose {
  readonly lon: number;
  readonly lat: number;
  readonly aspect: number;
}
type Vector = readonly [number, number, number];

/** Where a place on the ellipsoid appears, fractions of the frame; null = behind the camera. */
export function seenAt(camera: TrueCamera, lon: number, lat: number): [x: number, y: number] | null {
  const rad = Math.PI / 180;
  const [l, p] = [camera.lon * rad, camera.lat * rad];
  const east: Vector = [-Math.sin(l), Math.cos(l), 0];
  const up: Vector = [Math.cos(p) * Math.cos(l), Math.cos(p) * Math.sin(l), Math.sin(p)];
  const north = cross(up, east);
  const at = geocentric(camera.lon, camera.lat, camera.heightM);
  const to = geocentric(lon, lat, 0);
  const d: Vector = [to[0] - at[0], to[1] - at[1], to[2] - at[2]];
  let v: Vector = [dot(d, east), dot(d, north), dot(d, up)];
  // into the camera by turning the world: heading to the north, then the pitch to the level, then the roll
  v = turn(v, 0, 1, camera.bearing * rad);
  v = turn(v, 1, 2, -camera.pitch * rad);
  v = turn(v, 0, 2, camera.roll * rad);
  if (v[1] <= 0) return null;
  const focal = 0.5 / Math.tan((camera.fov * rad) / 2);
  return [0.5 + (focal * v[0]) / v[1], 0.5 - (focal * v[2] * camera.aspect) / v[1]];
}

/** Degrees of a place so many metres from another, on a ball of the ellipsoid's local curvature: places only, never the truth of a test. */
export function offset(lon: number, lat: number, east: number, north: number): { lon: number; lat: number } {
  return { lon: lon + east / (111_320 * Math.cos((lat * Math.PI) / 180)), lat: lat + north / 110_900 };
}

/** Numbers of a seed, uniform in 0..1, and normal ones. */
export function chance(seed: number): { uniform(a: number, b: number): number; normal(sigma: number): number } {
  const next = mulberry32(seed);
  return {
    uniform: (a, b) => a + (b - a) * next(),
    normal: (sigma) => sigma * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

function turn(v: Vector, i: 0 | 1, j: 1 | 2, angle: number): Vector {
  const out: [number, number, number] = [...v];
  out[i] = v[i] * Math.cos(angle) - v[j] * Math.sin(angle);
  out[j] = v[i] * Math.sin(angle) + v[j] * Math.cos(angle);
  return out;
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

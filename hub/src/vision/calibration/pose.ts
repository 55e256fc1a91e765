import { bearingOf, EARTH_RADIUS, type EastNorth, radians } from "./geodesy.ts";
import type { Sight } from "./lens.ts";
import type { GroundModel } from "./model.ts";

/** How a camera stands and looks. Angles in degrees. */
export interface Pose {
  /** above the ground or the water that it looks at, metres */
  readonly heightM: number;
  /** of the picture's middle, clockwise from true north */
  readonly bearing: number;
  /** of the picture's middle above the horizontal; negative looks down */
  readonly pitch: number;
  /** of the picture's right edge downwards */
  readonly roll: number;
  /** horizontal field of view of the whole frame */
  readonly fov: number;
}

/** Light bends with the earth by this share of its curve, over land and sea at medium weather. */
const REFRACTION = 0.13;
const CURVE = (1 - REFRACTION) / (2 * EARTH_RADIUS);

/** A pin-hole camera above a ball. Order of `params`: height, bearing, pitch, roll, field of view; the plane's origin is under it. */
export class PoseModel implements GroundModel {
  readonly params: Float64Array;
  readonly doubts: readonly Float64Array[];

  /** @param sigma standard deviations of the pose */
  constructor(pose: Pose, sigma: Pose) {
    this.params = listed(pose);
    this.doubts = [...listed(sigma)].flatMap((s, i) => {
      const column = new Float64Array(5);
      column[i] = s;
      return s > 0 ? [column] : [];
    });
  }

  ground(params: Float64Array, sight: Sight): EastNorth | null {
    const height = params[0];
    const [east, north, up] = ray(params, sight);
    const flat = Math.hypot(east, north);
    if (up >= 0 || height <= 0) return null;
    // straight down: no direction, and no distance either
    if (flat < 1e-9 * -up) return [0, 0];
    const slope = up / flat;
    // height + d slope + d^2 CURVE = 0, the nearer of the two
    const under = slope * slope - 4 * height * CURVE;
    if (under <= 0) return null;
    const d = (2 * height) / (-slope + Math.sqrt(under));
    return [(d * east) / flat, (d * north) / flat];
  }

  sight([east, north]: EastNorth): Sight | null {
    const { forward, right, down, focal } = axes(this.params);
    const up = -this.params[0] - (east * east + north * north) * CURVE;
    const along = (v: Vector): number => v[0] * east + v[1] * north + v[2] * up;
    const depth = along(forward);
    return depth <= 0 ? null : [(focal * along(right)) / depth, (focal * along(down)) / depth];
  }

  bearing(sight: Sight): number {
    const [east, north] = ray(this.params, sight);
    return bearingOf([east, north]);
  }
}

type Vector = readonly [east: number, north: number, up: number];

function listed({ heightM, bearing, pitch, roll, fov }: Pose): Float64Array {
  return Float64Array.of(heightM, bearing, pitch, roll, fov);
}

function axes(params: Float64Array): { forward: Vector; right: Vector; down: Vector; focal: number } {
  const [b, p, r] = [radians(params[1]), radians(params[2]), radians(params[3])];
  const forward: Vector = [Math.sin(b) * Math.cos(p), Math.cos(b) * Math.cos(p), Math.sin(p)];
  const level: Vector = [Math.cos(b), -Math.sin(b), 0];
  const plumb: Vector = [Math.sin(b) * Math.sin(p), Math.cos(b) * Math.sin(p), -Math.cos(p)];
  const mix = (u: Vector, v: Vector, s: number, t: number): Vector => [
    u[0] * s + v[0] * t,
    u[1] * s + v[1] * t,
    u[2] * s + v[2] * t,
  ];
  return {
    forward,
    right: mix(level, plumb, Math.cos(r), Math.sin(r)),
    down: mix(level, plumb, -Math.sin(r), Math.cos(r)),
    focal: 0.5 / Math.tan(radians(params[4]) / 2),
  };
}

function ray(params: Float64Array, [x, y]: Sight): Vector {
  const { forward, right, down, focal } = axes(params);
  const at = (i: 0 | 1 | 2): number => focal * forward[i] + x * right[i] + y * down[i];
  return [at(0), at(1), at(2)];
}

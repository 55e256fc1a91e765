import { planeAt } from "../world/polygon.ts";
import type { Group } from "./motion.ts";
import { NAUTICAL_MILE } from "./track.ts";

/** Middles of two groups keep this apart, now and on their courses: half a mile of boats on either side and a third between. */
const APART_M = 1.35 * NAUTICAL_MILE;
/** A course is followed so far ahead, s: what a collision warning looks at. */
const AHEAD_S = 600;
/** Neighbours farther than this cannot meet, m. */
const REACH_M = 7 * NAUTICAL_MILE;
const DAY_S = 86_400;
/** Not a divisor of any round of a track, s. */
const SAMPLE_S = 397;

interface Samples {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly vx: Float64Array;
  readonly vy: Float64Array;
}

/** Who sails where: takes a group when it never heads for one that was taken before. */
export class SeaRoom {
  private readonly plane = planeAt(123, 30.75);
  private readonly taken: Samples[] = [];

  /** @returns whether there was room; the group keeps it then */
  take(group: Group): boolean {
    const own = this.sample(group);
    if (this.taken.some((other) => meets(own, other))) return false;
    this.taken.push(own);
    return true;
  }

  private sample({ home, track }: Group): Samples {
    const n = Math.floor(DAY_S / SAMPLE_S);
    const [x0, y0] = this.plane.toMetres(home);
    const out = { x: new Float64Array(n), y: new Float64Array(n), vx: new Float64Array(n), vy: new Float64Array(n) };
    for (let i = 0; i < n; i++) {
      const now = track(i * SAMPLE_S * 1000);
      const then = track(i * SAMPLE_S * 1000 - 1000);
      out.x[i] = x0 + now.east;
      out.y[i] = y0 + now.north;
      out.vx[i] = now.east - then.east;
      out.vy[i] = now.north - then.north;
    }
    return out;
  }
}

function meets(a: Samples, b: Samples): boolean {
  if (Math.hypot(a.x[0] - b.x[0], a.y[0] - b.y[0]) > REACH_M) return false;
  for (let i = 0; i < a.x.length; i++) {
    const [dx, dy] = [b.x[i] - a.x[i], b.y[i] - a.y[i]];
    const [wx, wy] = [b.vx[i] - a.vx[i], b.vy[i] - a.vy[i]];
    const ww = wx * wx + wy * wy;
    const t = ww < 1e-9 ? 0 : Math.min(AHEAD_S, Math.max(0, -(dx * wx + dy * wy) / ww));
    if (Math.hypot(dx + t * wx, dy + t * wy) < APART_M) return true;
  }
  return false;
}

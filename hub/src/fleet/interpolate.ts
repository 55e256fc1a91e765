import { deadReckon, distanceNm, type Place, wrapLon } from "./distance.ts";

/** A place at a time, ms UTC. */
export interface Fix extends Place {
  readonly ts: number;
  /** knots and degrees; null = unknown */
  readonly sog?: number | null;
  readonly cog?: number | null;
}

/**
 * Where a vessel was between two fixes: on the straight line, at even speed. Outside of them the nearer one.
 * Flat earth between the two, across the date line too; good for the minutes and miles between two reports.
 */
export function between(a: Fix, b: Fix, ts: number): Place {
  const span = b.ts - a.ts;
  const t = span <= 0 ? (ts < a.ts ? 0 : 1) : Math.min(1, Math.max(0, (ts - a.ts) / span));
  return { lon: wrapLon(a.lon + t * wrapLon(b.lon - a.lon)), lat: a.lat + t * (b.lat - a.lat) };
}

/**
 * Where a vessel was at `ts` by its fixes (oldest first): between two of them interpolated, after the last one dead-reckoned
 * for at most `reckonMs`. @returns null before the first fix, in a pause longer than `gapMs`, and when the last fix is too old
 */
export function placeAt(fixes: readonly Fix[], ts: number, gapMs: number, reckonMs: number): Place | null {
  let low = 0;
  let high = fixes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fixes[middle].ts <= ts) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return null;
  const before = fixes[low - 1];
  if (low < fixes.length) {
    const after = fixes[low];
    return after.ts - before.ts <= gapMs || before.ts === ts ? between(before, after, ts) : null;
  }
  const age = ts - before.ts;
  return age <= reckonMs ? deadReckon(before, before.sog ?? null, before.cog ?? null, age) : null;
}

/**
 * Points that a line needs to keep its shape within `tolerance` metres (Douglas-Peucker, without recursion); first and last
 * stay. @returns indices, growing
 */
export function simplified(lons: ArrayLike<number>, lats: ArrayLike<number>, tolerance: number): number[] {
  const n = lons.length;
  if (n <= 2) return Array.from({ length: n }, (_, i) => i);
  const keep = new Uint8Array(n);
  keep[0] = keep[n - 1] = 1;
  const stack = [0, n - 1];
  while (stack.length > 0) {
    const to = stack.pop()!;
    const from = stack.pop()!;
    let worst = -1;
    let at = 0;
    for (let i = from + 1; i < to; i++) {
      const d = offLineM(lons, lats, i, from, to);
      if (d > worst) {
        worst = d;
        at = i;
      }
    }
    if (worst <= tolerance) continue;
    keep[at] = 1;
    stack.push(from, at, at, to);
  }
  return Array.from({ length: n }, (_, i) => i).filter((i) => keep[i] === 1);
}

const METRES_PER_DEGREE = 111_195;

/** Metres from point i to the segment between two others, in the plane that touches the earth at the first. */
function offLineM(lons: ArrayLike<number>, lats: ArrayLike<number>, i: number, from: number, to: number): number {
  const cos = Math.cos((lats[from] * Math.PI) / 180);
  const x = wrapLon(lons[i] - lons[from]) * cos;
  const y = lats[i] - lats[from];
  const dx = wrapLon(lons[to] - lons[from]) * cos;
  const dy = lats[to] - lats[from];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / length));
  return METRES_PER_DEGREE * Math.hypot(x - t * dx, y - t * dy);
}

/** Knots between two fixes; 0 where no time passed. */
export function impliedKn(a: Fix, b: Fix): number {
  const hours = Math.abs(b.ts - a.ts) / 3_600_000;
  return hours === 0 ? 0 : distanceNm(a.lon, a.lat, b.lon, b.lat) / hours;
}

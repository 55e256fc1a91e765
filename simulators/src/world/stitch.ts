import type { Point, Ring } from "./polygon.ts";

/**
 * Where one cell's corner lies on another's edge (a T), rounding would open a sliver of some centimetres between them. Adding
 * that corner to the edge makes the shared border the same points on both sides, on every level: no gap and no overlap at all.
 *
 * @param rings rounded, in degrees
 * @param tolerance degrees; a little more than the rounding
 */
export function stitch(rings: readonly Ring[], tolerance = 1.5e-6): Ring[] {
  const corners = new Map<string, Point>();
  for (const ring of rings) for (const p of ring) corners.set(`${p[0]},${p[1]}`, p);
  const sorted = [...corners.values()].sort((a, b) => a[0] - b[0]);
  return rings.map((ring) =>
    ring.flatMap((a, i) => {
      const b = ring[(i + 1) % ring.length];
      return [a, ...onEdge(a, b, sorted, tolerance)];
    }),
  );
}

/** Corners strictly between a and b and within the tolerance of the edge, in order from a. */
function onEdge(a: Point, b: Point, sorted: readonly Point[], tolerance: number): Point[] {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy);
  const east = Math.max(a[0], b[0]) + tolerance;
  const found: { t: number; p: Point }[] = [];
  for (let i = firstFrom(sorted, Math.min(a[0], b[0]) - tolerance); i < sorted.length && sorted[i][0] <= east; i++) {
    const [px, py] = [sorted[i][0] - a[0], sorted[i][1] - a[1]];
    const along = (px * dx + py * dy) / length;
    if (along <= tolerance || along >= length - tolerance) continue;
    if (Math.abs(px * dy - py * dx) / length <= tolerance) found.push({ t: along, p: sorted[i] });
  }
  return found.sort((p, q) => p.t - q.t).map(({ p }) => p);
}

function firstFrom(sorted: readonly Point[], x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle][0] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

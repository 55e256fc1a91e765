export type XY = readonly [number, number];

/** Convex hull, counter-clockwise, by Andrew's monotone chain; fewer than three points come back as they are. */
export function hull(points: readonly XY[]): XY[] {
  if (points.length < 3) return [...points];
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const chain = (from: readonly XY[]): XY[] => {
    const out: XY[] = [];
    for (const p of from) {
      while (out.length >= 2 && turn(out[out.length - 2] as XY, out[out.length - 1] as XY, p) <= 0) out.pop();
      out.push(p);
    }
    out.pop();
    return out;
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

function turn(o: XY, a: XY, b: XY): number {
  return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
}

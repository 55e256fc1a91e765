/** A point in degrees WGS84, or in metres on a local plane. */
export type Point = readonly [number, number];
/** A simple polygon without its closing point, counter-clockwise. */
export type Ring = readonly Point[];

/** Twice the signed area is positive for counter-clockwise rings. Square units of the input. */
export function area(ring: Ring): number {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++)
    sum += ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
  return sum / 2;
}

export function counterClockwise(ring: Ring): Ring {
  return area(ring) < 0 ? [...ring].reverse() : ring;
}

/** Centre of mass; may lie outside a ring that is not convex. */
export function centroid(ring: Ring): Point {
  let x = 0;
  let y = 0;
  const [ox, oy] = ring[0]; // relative to a vertex: degrees are far from zero and the products would cancel
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const ax = ring[j][0] - ox;
    const ay = ring[j][1] - oy;
    const bx = ring[i][0] - ox;
    const by = ring[i][1] - oy;
    const cross = ax * by - bx * ay;
    sum += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  return [ox + x / (3 * sum), oy + y / (3 * sum)];
}

/** Even-odd rule; points on the border may fall on either side. */
export function contains(ring: Ring, [x, y]: Point): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[i];
    const [bx, by] = ring[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** True when no two edges that are not neighbours touch and no vertex repeats. */
export function isSimple(ring: Ring): boolean {
  const n = ring.length;
  if (n < 3) return false;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (ring[i][0] === ring[j][0] && ring[i][1] === ring[j][1]) return false;
      const neighbours = j === i + 1 || (i === 0 && j === n - 1);
      if (!neighbours && crosses(ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n])) return false;
    }
  }
  return true;
}

/** Segments ab and cd share a point. */
export function crosses(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point): number =>
    Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  const within = (p: Point, q: Point, r: Point): boolean =>
    Math.min(p[0], q[0]) <= r[0] &&
    r[0] <= Math.max(p[0], q[0]) &&
    Math.min(p[1], q[1]) <= r[1] &&
    r[1] <= Math.max(p[1], q[1]);
  const s1 = side(a, b, c);
  const s2 = side(a, b, d);
  const s3 = side(c, d, a);
  const s4 = side(c, d, b);
  if (s1 * s2 < 0 && s3 * s4 < 0) return true;
  return (
    (s1 === 0 && within(a, b, c)) ||
    (s2 === 0 && within(a, b, d)) ||
    (s3 === 0 && within(c, d, a)) ||
    (s4 === 0 && within(c, d, b))
  );
}

/** Distance from a point to the nearest edge, in the units of the input. */
export function distanceToEdge(ring: Ring, [x, y]: Point): number {
  let best = Infinity;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[j];
    const [dx, dy] = [ring[i][0] - ax, ring[i][1] - ay];
    const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
    best = Math.min(best, Math.hypot(ax + t * dx - x, ay + t * dy - y));
  }
  return best;
}

/** A point well inside: the middle of the widest stretch over a few horizontal cuts. */
export function innerPoint(ring: Ring): Point {
  const ys = ring.map((p) => p[1]);
  const low = Math.min(...ys);
  const high = Math.max(...ys);
  let best: { width: number; point: Point } = { width: -1, point: ring[0] };
  for (let k = 1; k < 24; k++) {
    const y = low + ((high - low) * (k + 0.0137)) / 24; // off the vertices
    const xs: number[] = [];
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [ax, ay] = ring[i];
      const [bx, by] = ring[j];
      if (ay > y !== by > y) xs.push(((bx - ax) * (y - ay)) / (by - ay) + ax);
    }
    xs.sort((p, q) => p - q);
    for (let i = 0; i + 1 < xs.length; i += 2) {
      // Wide and central in height: a wide cut that grazes the rim is a bad place for a device.
      const margin = Math.min(y - low, high - y) / (high - low);
      const width = (xs[i + 1] - xs[i]) * Math.min(1, margin * 4);
      if (width > best.width) best = { width, point: [(xs[i] + xs[i + 1]) / 2, y] };
    }
  }
  return best.point;
}

/** Degrees <-> metres around one latitude. Good to 0.1 % over the county; that is all a synthetic border needs. */
export interface Plane {
  toMetres(p: Point): Point;
  toDegrees(p: Point): Point;
}

export function planeAt(lon: number, lat: number): Plane {
  const ky = 111_195; // metres a degree of latitude, sphere of 6,371 km
  const kx = ky * Math.cos((lat * Math.PI) / 180);
  return {
    toMetres: ([x, y]) => [(x - lon) * kx, (y - lat) * ky],
    toDegrees: ([x, y]) => [lon + x / kx, lat + y / ky],
  };
}

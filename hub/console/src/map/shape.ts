// Shapes as the area editor holds them: open rings, degrees WGS84. An area is small enough that a plane serves.

/** [longitude, latitude] */
export type Point = readonly [lon: number, lat: number];
/** without the repeated first point */
export type Ring = readonly Point[];
/** the outer ring, then holes */
export type Polygon = readonly Ring[];
export type Shape = readonly Polygon[];
/** which corner: polygon, ring, point */
export type Corner = readonly [polygon: number, ring: number, point: number];
export interface Circle {
  readonly centre: Point;
  /** metres */
  readonly radius: number;
}
/** Two sides of a shape that cross, and where. */
export interface Crossing {
  readonly at: Point;
  readonly sides: readonly [readonly [Point, Point], readonly [Point, Point]];
}

const METRES_PER_DEGREE = 111_195;
/** corners farther from a circle than this share of its radius make it none */
const ROUND = 0.004;
const MANY = 24;

/** A ring of corners around a place. @param radius metres; @returns closed, counter-clockwise */
export function circle(centre: Point, radius: number, corners = 64): [number, number][] {
  const ring = circleRing({ centre, radius }, corners).map(([lon, lat]): [number, number] => [lon, lat]);
  return [...ring, ring[0] ?? [...centre]];
}

export function circleRing({ centre: [lon, lat], radius }: Circle, corners = 64): Ring {
  return Array.from({ length: corners }, (_, i): Point => {
    const a = (2 * Math.PI * i) / corners;
    const east = (radius * Math.cos(a)) / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
    return [round(lon + east), round(lat + (radius * Math.sin(a)) / METRES_PER_DEGREE)];
  });
}

/** The circle that a shape is, null of any other: a circle drawn before opens as one again. */
export function asCircle(shape: Shape): Circle | null {
  const ring = shape.length === 1 && shape[0]?.length === 1 ? (shape[0][0] ?? []) : [];
  if (ring.length < MANY) return null;
  const mean = (axis: 0 | 1) => ring.reduce((sum, p) => sum + p[axis], 0) / ring.length;
  const centre: Point = [round(mean(0)), round(mean(1))];
  const far = ring.map((p) => metres(centre, p));
  const radius = far.reduce((a, b) => a + b, 0) / far.length;
  return far.every((m) => Math.abs(m - radius) < ROUND * radius) ? { centre, radius: Math.round(radius) } : null;
}

/** Metres between two places. */
export function metres(a: Point, b: Point): number {
  const x = (b[0] - a[0]) * Math.cos((((a[1] + b[1]) / 2) * Math.PI) / 180);
  return Math.hypot(x, b[1] - a[1]) * METRES_PER_DEGREE;
}

/** Seven digits: a centimetre. */
export function round(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}

export function cornersOf(shape: Shape): Corner[] {
  return shape.flatMap((polygon, p) => polygon.flatMap((ring, r) => ring.map((_, i): Corner => [p, r, i])));
}

export function pointAt(shape: Shape, [p, r, i]: Corner): Point | undefined {
  return shape[p]?.[r]?.[i];
}

/** Half way to the next corner. */
export function middleAfter(shape: Shape, [p, r, i]: Corner): Point | undefined {
  const ring = shape[p]?.[r] ?? [];
  const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
  return a === undefined || b === undefined ? undefined : [round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2)];
}

export function moved(shape: Shape, corner: Corner, to: Point): Shape {
  return changed(shape, corner, (ring, i) => ring.with(i, to));
}
/** A new corner behind `corner`. */
export function inserted(shape: Shape, corner: Corner, at: Point): Shape {
  return changed(shape, corner, (ring, i) => ring.toSpliced(i + 1, 0, at));
}
/** Without a corner; of a triangle the ring goes, and with the outer ring its polygon. */
export function removed(shape: Shape, corner: Corner): Shape {
  const [p, r] = corner;
  if ((shape[p]?.[r]?.length ?? 0) > 3) return changed(shape, corner, (ring, i) => ring.toSpliced(i, 1));
  return r === 0 ? shape.toSpliced(p, 1) : shape.with(p, (shape[p] ?? []).toSpliced(r, 1));
}

function changed(shape: Shape, [p, r, i]: Corner, change: (ring: Ring, i: number) => Ring): Shape {
  const polygon = shape[p];
  const ring = polygon?.[r];
  return polygon === undefined || ring === undefined ? shape : shape.with(p, polygon.with(r, change(ring, i)));
}

/**
 * Where sides cross, also those of different rings. Sides that share a corner do not.
 * @param open the last ring is still being drawn: its last and first corner have no side between them
 */
export function crossings(rings: readonly Ring[], open = false, most = 20): Crossing[] {
  interface Side {
    readonly a: Point;
    readonly b: Point;
    readonly west: number;
    readonly east: number;
  }
  const sides: Side[] = [];
  rings.forEach((ring, r) => {
    const last = open && r === rings.length - 1 ? ring.length - 1 : ring.length;
    for (let i = 0; i < last; i++) {
      const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
      if (a !== undefined && b !== undefined && a !== b) sides.push({ a, b, west: Math.min(a[0], b[0]), east: Math.max(a[0], b[0]) }); // prettier-ignore
    }
  });
  sides.sort((x, y) => x.west - y.west);
  const found: Crossing[] = [];
  for (let i = 0; i < sides.length; i++)
    for (let j = i + 1; j < sides.length; j++) {
      const [s, t] = [sides[i], sides[j]];
      if (s === undefined || t === undefined || t.west > s.east) break;
      const at = meet(s.a, s.b, t.a, t.b);
      if (at !== null) found.push({ at, sides: [[s.a, s.b], [t.a, t.b]] }); // prettier-ignore
      if (found.length >= most) return found;
    }
  return found;
}

function meet(a: Point, b: Point, c: Point, d: Point): Point | null {
  // neighbours meet in the corner that they share
  if (same(a, c) || same(a, d) || same(b, c) || same(b, d)) return null;
  const turn = (o: Point, p: Point, q: Point) => (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0]);
  const [p, q] = [turn(a, b, c), turn(a, b, d)];
  const [r, s] = [turn(c, d, a), turn(c, d, b)];
  if (p * q > 0 || r * s > 0 || (p === 0 && q === 0)) return null;
  const t = r / (r - s);
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
}
const same = (a: Point, b: Point) => a[0] === b[0] && a[1] === b[1];

/** Whether a place lies in it, by even and odd sides; on the border either may be said. */
export function contains(shape: Shape, [x, y]: Point): boolean {
  return shape.some((polygon) => {
    let odd = false;
    for (const ring of polygon)
      ring.forEach((a, i) => {
        const b = ring[(i + 1) % ring.length] ?? a;
        if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
      });
    return odd;
  });
}

/** Area without its holes, m². */
export function squareMetres(shape: Shape): number {
  return shape.reduce((sum, [outer = [], ...holes]) => sum + surface(outer) - holes.reduce((n, h) => n + surface(h), 0), 0); // prettier-ignore
}

function surface(ring: Ring): number {
  const [, lat = 0] = ring[0] ?? [];
  const k = Math.cos((lat * Math.PI) / 180);
  const twice = ring.reduce((sum, p, i) => {
    const q = ring[(i + 1) % ring.length] ?? p;
    return sum + (p[0] * q[1] - q[0] * p[1]);
  }, 0);
  return (Math.abs(twice) / 2) * k * METRES_PER_DEGREE ** 2;
}

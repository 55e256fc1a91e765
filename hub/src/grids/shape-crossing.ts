import Flatbush from "flatbush";
import pointInPolygon from "point-in-polygon-hao";
import type { Polygon, Position } from "./grid.ts";
import { bounds, ringDistance } from "./polygon-index.ts";

type Segment = readonly [ax: number, ay: number, bx: number, by: number];

/** The edges of a polygon and an index over them; made once, asked often. */
export class Edges {
  readonly polygon: Polygon;
  readonly segments: readonly Segment[];
  readonly box: readonly [number, number, number, number];
  readonly #tree: Flatbush;

  constructor(polygon: Polygon) {
    this.polygon = polygon;
    this.box = bounds(polygon[0]);
    this.segments = polygon.flatMap((ring) =>
      ring.slice(1).map((b, i): Segment => [ring[i][0], ring[i][1], b[0], b[1]]),
    );
    this.#tree = new Flatbush(this.segments.length);
    for (const [ax, ay, bx, by] of this.segments) {
      this.#tree.add(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
    }
    this.#tree.finish();
  }

  near([ax, ay, bx, by]: Segment): number[] {
    return this.#tree.search(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
  }

  /** Metres from the edge when the point is strictly inside, else 0. */
  depth(point: Position): number {
    return pointInPolygon(point, this.polygon) === true ? this.distance(point) : 0;
  }

  /** Metres to the nearest edge. */
  distance([lon, lat]: Position): number {
    return Math.min(...this.polygon.map((ring) => ringDistance(ring, lon, lat)));
  }
}

/** Where two segments cross in the inside of both, as the fraction along the first; null when they only touch or miss. */
function crossing(s: Segment, o: Segment): number | null {
  const [ax, ay, bx, by] = s;
  const [cx, cy, dx, dy] = o;
  const rx = bx - ax;
  const ry = by - ay;
  const qx = dx - cx;
  const qy = dy - cy;
  const det = rx * qy - ry * qx;
  if (det === 0) return null;
  const t = ((cx - ax) * qy - (cy - ay) * qx) / det;
  const u = ((cx - ax) * ry - (cy - ay) * rx) / det;
  // A touch at an end (a shared corner, a T) is not a crossing; the margin covers the rounding of the division.
  const e = 1e-9;
  return t > e && t < 1 - e && u > e && u < 1 - e ? t : null;
}

/** First point where the boundary of a polygon crosses itself, if any. */
export function selfCrossing(edges: Edges): Position | null {
  for (const [i, s] of edges.segments.entries()) {
    for (const j of edges.near(s)) {
      if (j <= i) continue;
      const t = crossing(s, edges.segments[j]);
      if (t !== null) return [s[0] + t * (s[2] - s[0]), s[1] + t * (s[3] - s[1])];
    }
  }
  return null;
}

/**
 * The point found deepest inside both polygons, if deeper than `toleranceM`. Tried are the pieces into which each boundary is
 * cut by the other, and one point inside each: that finds corners, crossings, containment and equal shapes alike.
 */
export function deepestOverlap(
  a: Edges,
  b: Edges,
  toleranceM: number,
): { readonly at: Position; readonly metres: number } | null {
  if (a.box[0] > b.box[2] || b.box[0] > a.box[2] || a.box[1] > b.box[3] || b.box[1] > a.box[3]) return null;
  let best: { at: Position; metres: number } | null = null;
  const consider = (at: Position, depth: number) => {
    if (depth > toleranceM && depth > (best?.metres ?? 0)) best = { at, metres: depth };
  };
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const point of boundaryPieces(one, other)) consider(point, other.depth(point));
    const inner = pointInside(one.polygon);
    if (inner !== null) consider(inner, Math.min(one.depth(inner), other.depth(inner)));
  }
  return best;
}

/** Corners of `one`, and the middles of its edges' pieces between crossings with `other`. */
function* boundaryPieces(one: Edges, other: Edges): Generator<Position> {
  for (const s of one.segments) {
    yield [s[0], s[1]];
    const cuts = [0, 1];
    for (const j of other.near(s)) {
      const t = crossing(s, other.segments[j]);
      if (t !== null) cuts.push(t);
    }
    cuts.sort((x, y) => x - y);
    for (let i = 1; i < cuts.length; i++) {
      const t = (cuts[i - 1] + cuts[i]) / 2;
      yield [s[0] + t * (s[2] - s[0]), s[1] + t * (s[3] - s[1])];
    }
  }
}

/** A point inside a polygon: the middle of the longest inner stretch of a line through the middle of its box. */
function pointInside(polygon: Polygon): Position | null {
  const [, south, , north] = bounds(polygon[0]);
  for (const share of [0.5, 0.37, 0.71, 0.13, 0.89]) {
    const y = south + (north - south) * share;
    const xs: number[] = [];
    for (const ring of polygon) {
      for (let i = 1; i < ring.length; i++) {
        const [ax, ay] = ring[i - 1];
        const [bx, by] = ring[i];
        if (ay > y !== by > y) xs.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
      }
    }
    xs.sort((p, q) => p - q);
    let best = 0;
    let x = NaN;
    for (let i = 0; i + 1 < xs.length; i += 2) {
      const width = xs[i + 1] - xs[i];
      if (width > best) [best, x] = [width, (xs[i] + xs[i + 1]) / 2];
    }
    if (best > 0 && pointInPolygon([x, y], polygon) === true) return [x, y];
  }
  return null;
}

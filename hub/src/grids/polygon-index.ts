import Flatbush from "flatbush";
import pointInPolygon from "point-in-polygon-hao";
import type { Polygon, Ring } from "./grid.ts";

/** Metres of one degree of latitude; of longitude times the cosine. Good to 0.6 % anywhere, which a tolerance can bear. */
const METRES_PER_DEGREE = 111_195;

/** A polygon and the rank of its grid: the lower the rank, the better the match. Ranks are unique to a grid. */
export interface RankedPolygon {
  readonly rank: number;
  readonly polygon: Polygon;
}

/** Relative error of the orientation determinant of two differences, with a margin over Shewchuk's 3.33e-16. */
const ORIENTATION_ERROR = 1e-15;

/**
 * Finds the best-ranked polygon at a point. The index is immutable and a lookup allocates nothing but the queue inside
 * flatbush: the callbacks are made once and speak through fields. Not re-entrant, which one thread cannot be.
 *
 * The vertices stand a second time in one flat array: at 20,000 polygons most of a lookup is waiting for memory, and walking
 * nested arrays took twice as long. The flat test answers where doubles are certain; on and next to a boundary the exact
 * predicates of point-in-polygon-hao do.
 */
export class PolygonIndex {
  readonly #tree: Flatbush | null;
  readonly #polygons: Polygon[];
  readonly #ranks: Int32Array;
  /** lon, lat of every vertex of every ring */
  readonly #xy: Float64Array;
  /** polygon i has the rings #firstRing[i] .. #firstRing[i + 1] - 1; ring r the vertices #firstVertex[r] .. */
  readonly #firstRing: Int32Array;
  readonly #firstVertex: Int32Array;
  #x = 0;
  #y = 0;
  #fromRank = 0;
  #best = 0;
  #bestSquare = 0;
  #cosLat = 1;

  constructor(items: readonly RankedPolygon[]) {
    this.#polygons = items.map((i) => i.polygon);
    this.#ranks = Int32Array.from(items, (i) => i.rank);
    const rings = this.#polygons.flat();
    this.#firstRing = starts(this.#polygons);
    this.#firstVertex = starts(rings);
    this.#xy = new Float64Array(2 * this.#firstVertex[rings.length]);
    let at = 0;
    for (const ring of rings) {
      for (const [x, y] of ring) {
        this.#xy[at++] = x;
        this.#xy[at++] = y;
      }
    }
    // Flatbush refuses to be empty.
    this.#tree = items.length === 0 ? null : new Flatbush(items.length);
    if (this.#tree === null) return;
    for (const polygon of this.#polygons) {
      const [x0, y0, x1, y1] = bounds(polygon[0]);
      this.#tree.add(x0, y0, x1, y1);
    }
    this.#tree.finish();
  }

  /**
   * The lowest rank, not below `fromRank`, whose polygon holds the point. A boundary belongs to every polygon that it bounds,
   * so of two neighbours the lower rank has it. @returns -1 when there is none
   */
  at(lon: number, lat: number, fromRank = 0): number {
    if (this.#tree === null) return -1;
    this.#x = lon;
    this.#y = lat;
    this.#fromRank = fromRank;
    this.#best = 0x7fffffff;
    this.#tree.collides(lon, lat, lon, lat, this.#holds);
    return this.#best === 0x7fffffff ? -1 : this.#best;
  }

  /** The rank of the polygon whose edge is nearest, within `metres`; of equally near ones the lowest. @returns -1 when none */
  nearest(lon: number, lat: number, metres: number): number {
    if (this.#tree === null || metres <= 0) return -1;
    this.#x = lon;
    this.#y = lat;
    this.#cosLat = Math.max(Math.cos((lat * Math.PI) / 180), 0.01);
    this.#best = -1;
    const dy = metres / METRES_PER_DEGREE;
    const dx = dy / this.#cosLat;
    this.#bestSquare = dy * dy;
    this.#tree.collides(lon - dx, lat - dy, lon + dx, lat + dy, this.#nears);
    return this.#best;
  }

  readonly #holds = (index: number): boolean => {
    const rank = this.#ranks[index];
    if (rank < this.#best && rank >= this.#fromRank && this.#contains(index)) this.#best = rank;
    return false;
  };

  readonly #nears = (index: number): boolean => {
    const rank = this.#ranks[index];
    for (let ring = this.#firstRing[index]; ring < this.#firstRing[index + 1]; ring++) {
      const square = this.#squareTo(ring);
      if (square < this.#bestSquare || (square === this.#bestSquare && (this.#best === -1 || rank < this.#best))) {
        this.#best = rank;
        this.#bestSquare = square;
      }
    }
    return false;
  };

  #contains(index: number): boolean {
    const xy = this.#xy;
    const x = this.#x;
    const y = this.#y;
    let inside = false;
    for (let ring = this.#firstRing[index]; ring < this.#firstRing[index + 1]; ring++) {
      const end = 2 * this.#firstVertex[ring + 1];
      let at = 2 * this.#firstVertex[ring];
      let ax = xy[at] - x;
      let ay = xy[at + 1] - y;
      for (at += 2; at < end; at += 2) {
        const bx = xy[at] - x;
        const by = xy[at + 1] - y;
        if (ay === 0 || by === 0) return this.#containsExactly(index);
        if (ay > 0 !== by > 0) {
          const left = ax * by;
          const right = ay * bx;
          const det = left - right;
          const error = ORIENTATION_ERROR * (Math.abs(left) + Math.abs(right));
          if (det > error) inside = inside !== by > 0;
          else if (det < -error) inside = inside !== by < 0;
          else return this.#containsExactly(index);
        }
        ax = bx;
        ay = by;
      }
    }
    return inside;
  }

  #containsExactly(index: number): boolean {
    // 0 = on the boundary, which counts as inside.
    return pointInPolygon([this.#x, this.#y], this.#polygons[index]) !== false;
  }

  /** Square of the distance to a ring, in degrees of latitude, in the plane that touches the earth at the point. */
  #squareTo(ring: number): number {
    const xy = this.#xy;
    const end = 2 * this.#firstVertex[ring + 1];
    let at = 2 * this.#firstVertex[ring];
    let ax = (xy[at] - this.#x) * this.#cosLat;
    let ay = xy[at + 1] - this.#y;
    let best = Infinity;
    for (at += 2; at < end; at += 2) {
      const bx = (xy[at] - this.#x) * this.#cosLat;
      const by = xy[at + 1] - this.#y;
      const square = squareToSegment(ax, ay, bx, by);
      if (square < best) best = square;
      ax = bx;
      ay = by;
    }
    return best;
  }
}

/** Running sums of the lengths, one more than there are lists. */
function starts(lists: readonly { readonly length: number }[]): Int32Array {
  const sums = new Int32Array(lists.length + 1);
  for (const [i, list] of lists.entries()) sums[i + 1] = sums[i] + list.length;
  return sums;
}

/** Square of the distance from the origin to a segment of some length. */
function squareToSegment(ax: number, ay: number, bx: number, by: number): number {
  const ex = bx - ax;
  const ey = by - ay;
  const t = Math.min(1, Math.max(0, -(ax * ex + ay * ey) / (ex * ex + ey * ey)));
  return (ax + t * ex) ** 2 + (ay + t * ey) ** 2;
}

/** West, south, east, north. */
export function bounds(ring: Ring): [number, number, number, number] {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of ring) {
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return [x0, y0, x1, y1];
}

/** Metres from a position to a ring. */
export function ringDistance(ring: Ring, lon: number, lat: number): number {
  const cosLat = Math.cos((lat * Math.PI) / 180);
  let best = Infinity;
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1];
    const [bx, by] = ring[i];
    best = Math.min(best, squareToSegment((ax - lon) * cosLat, ay - lat, (bx - lon) * cosLat, by - lat));
  }
  return METRES_PER_DEGREE * Math.sqrt(best);
}

import Flatbush from "flatbush";
import { wrapLon } from "./distance.ts";
import type { SeaArea } from "./membership.ts";

const METRES_PER_DEGREE = 111_195;
/** an area is looked up with this much around it, degrees: leaving is measured near the border */
const AROUND = 0.002;

/**
 * Areas by position: which are near a step of a vessel, is a point inside, how far is the border, does a step cross it. Flat
 * vertices, no allocation a lookup. Shapes end at the 180th meridian, as RFC 7946 3.1.9 asks: one across it has a part on either
 * side. A step of a vessel may cross it; the way is the short one.
 */
export class AreaIndex {
  readonly areas: readonly SeaArea[];
  readonly #tree: Flatbush | null;
  /** polygon of the tree -> area */
  readonly #areaOf: Int32Array;
  /** per area: lon, lat of all rings; and where each ring begins, in vertices (one more than rings) */
  readonly #xy: Float64Array[] = [];
  readonly #rings: Int32Array[] = [];
  #near: number[] = [];

  constructor(areas: readonly SeaArea[]) {
    this.areas = areas.filter((area) => area.polygons.length > 0);
    const boxes: [number, number, number, number, number][] = [];
    for (const [i, { polygons }] of this.areas.entries()) {
      const rings = polygons.flat();
      this.#rings.push(Int32Array.from([0, ...rings.map((ring) => ring.length)]));
      for (let r = 1; r <= rings.length; r++) this.#rings[i][r] += this.#rings[i][r - 1];
      this.#xy.push(Float64Array.from(rings.flat(2)));
      for (const [outer] of polygons) {
        let box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
        for (const [x, y] of outer)
          box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
        boxes.push([...box, i]);
      }
    }
    this.#areaOf = Int32Array.from(boxes, (box) => box[4]);
    // Flatbush refuses to be empty
    this.#tree = boxes.length === 0 ? null : new Flatbush(boxes.length);
    for (const [x0, y0, x1, y1] of boxes) this.#tree!.add(x0 - AROUND, y0 - AROUND, x1 + AROUND, y1 + AROUND);
    this.#tree?.finish();
  }

  /** Indices of the areas whose box touches the step; valid until the next call. */
  near(lon1: number, lat1: number, lon2: number, lat2: number): readonly number[] {
    if (this.#near.length > 0) this.#near = [];
    if (this.#tree === null) return this.#near;
    if (Math.abs(lon2 - lon1) > 180) {
      const [side, lat] = seam(lon1, lat1, lon2, lat2);
      this.#tree.collides(
        Math.min(side, lon1),
        Math.min(lat, lat1),
        Math.max(side, lon1),
        Math.max(lat, lat1),
        this.#collect,
      );
      this.#tree.collides(
        Math.min(-side, lon2),
        Math.min(lat, lat2),
        Math.max(-side, lon2),
        Math.max(lat, lat2),
        this.#collect,
      );
      return this.#near;
    }
    const [x0, x1] = lon1 < lon2 ? [lon1, lon2] : [lon2, lon1];
    const [y0, y1] = lat1 < lat2 ? [lat1, lat2] : [lat2, lat1];
    this.#tree.collides(x0, y0, x1, y1, this.#collect);
    return this.#near;
  }

  readonly #collect = (index: number): boolean => {
    const area = this.#areaOf[index];
    if (!this.#near.includes(area)) this.#near.push(area);
    return false;
  };

  /** even-odd over all rings, so holes are outside */
  contains(area: number, lon: number, lat: number): boolean {
    const xy = this.#xy[area];
    const rings = this.#rings[area];
    let inside = false;
    for (let r = 0; r + 1 < rings.length; r++)
      for (let i = rings[r] + 1; i < rings[r + 1]; i++) {
        const ay = xy[2 * i - 1];
        const by = xy[2 * i + 1];
        if (ay > lat === by > lat) continue;
        const ax = xy[2 * i - 2];
        if (lon < ax + ((lat - ay) / (by - ay)) * (xy[2 * i] - ax)) inside = !inside;
      }
    return inside;
  }

  /** metres to the nearest border, whether inside or not */
  borderM(area: number, lon: number, lat: number): number {
    const xy = this.#xy[area];
    const rings = this.#rings[area];
    const cos = Math.cos((lat * Math.PI) / 180);
    let best = Infinity;
    for (let r = 0; r + 1 < rings.length; r++)
      for (let i = rings[r] + 1; i < rings[r + 1]; i++) {
        const ax = wrapLon(xy[2 * i - 2] - lon) * cos;
        const ay = xy[2 * i - 1] - lat;
        const dx = wrapLon(xy[2 * i] - lon) * cos - ax;
        const dy = xy[2 * i + 1] - lat - ay;
        const length = dx * dx + dy * dy;
        const t = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
        best = Math.min(best, (ax + t * dx) ** 2 + (ay + t * dy) ** 2);
      }
    return METRES_PER_DEGREE * Math.sqrt(best);
  }

  /** whether the straight step between two points crosses a border of the area */
  crosses(area: number, lon1: number, lat1: number, lon2: number, lat2: number): boolean {
    if (Math.abs(lon2 - lon1) > 180) {
      const [side, lat] = seam(lon1, lat1, lon2, lat2);
      return this.crosses(area, lon1, lat1, side, lat) || this.crosses(area, -side, lat, lon2, lat2);
    }
    const xy = this.#xy[area];
    const rings = this.#rings[area];
    for (let r = 0; r + 1 < rings.length; r++)
      for (let i = rings[r] + 1; i < rings[r + 1]; i++)
        if (meet(lon1, lat1, lon2, lat2, xy[2 * i - 2], xy[2 * i - 1], xy[2 * i], xy[2 * i + 1])) return true;
    return false;
  }
}

/** Where the short way between two points meets the 180th meridian: 180 or -180 as seen from the first, and the latitude. */
function seam(lon1: number, lat1: number, lon2: number, lat2: number): readonly [side: number, lat: number] {
  const side = lon1 > 0 ? 180 : -180;
  const way = Math.abs(wrapLon(lon2 - lon1));
  const part = way === 0 ? 0 : Math.abs(side - lon1) / way;
  return [side, lat1 + part * (lat2 - lat1)];
}

/** Two segments have a point in common; touching at an end counts. */
function meet(ax: number, ay: number, bx: number, by: number, cx: number, cy: number, dx: number, dy: number) {
  const side = (px: number, py: number, qx: number, qy: number, x: number, y: number) =>
    Math.sign((qx - px) * (y - py) - (qy - py) * (x - px));
  const ab = side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy);
  const cd = side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by);
  if (ab > 0 || cd > 0) return false;
  // on one line: only when they overlap
  return (
    Math.max(ax, bx) >= Math.min(cx, dx) &&
    Math.max(cx, dx) >= Math.min(ax, bx) &&
    Math.max(ay, by) >= Math.min(cy, dy) &&
    Math.max(cy, dy) >= Math.min(ay, by)
  );
}

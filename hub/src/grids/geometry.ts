import { type Datum, toWgs84 } from "./datum.ts";
import type { GridGeometry, GridLevel, Polygon, Position, Ring } from "./grid.ts";
import { type ProblemCode, shown } from "./problem.ts";

/** Names what is wrong with a field of the feature at hand. An error leaves the feature out. */
export type FieldReport = (
  field: string,
  expected: string,
  code?: ProblemCode,
  severity?: "error" | "warning",
  at?: { readonly lon: number; readonly lat: number },
) => void;

/** Vertices that the import may still read; counted down. */
export interface VertexBudget {
  left: number;
}

/** Nodes of the tree above the cells may come without a shape: they are reached through their children. */
const SHAPE_OPTIONAL: readonly unknown[] = ["county", "town", "village"] satisfies GridLevel[];

/**
 * Reads a Polygon or MultiPolygon to closed WGS84 rings without repeated vertices (both of which the point-in-polygon test
 * relies on). Altitudes are dropped. @returns null where there is no usable shape, after reporting why
 */
export function readGeometry(
  v: unknown,
  level: unknown,
  datum: Datum,
  report: FieldReport,
  budget: VertexBudget,
  maxVertices: number,
): GridGeometry | null {
  if (level === "formation") {
    if (v !== null && v !== undefined)
      report("geometry", "expected null for a formation, which moves; it is ignored", "bad_geometry", "warning");
    return null;
  }
  if (v === null || v === undefined) {
    const optional = SHAPE_OPTIONAL.includes(level);
    report(
      "geometry",
      "expected a Polygon or MultiPolygon, found null: nothing can be located in it",
      "bad_geometry",
      optional ? "warning" : "error",
    );
    return null;
  }
  const { type, coordinates } = v as { type?: unknown; coordinates?: unknown };
  const reader = new RingReader(datum, report, { left: Math.min(maxVertices, budget.left) });
  const available = reader.budget.left;
  let geometry: GridGeometry | null = null;
  if (type === "Polygon") {
    const polygon = reader.polygon(coordinates, "geometry.coordinates");
    if (polygon !== null) geometry = { type, coordinates: polygon };
  } else if (type === "MultiPolygon" && Array.isArray(coordinates) && coordinates.length > 0) {
    const parts = coordinates.map((c, i) => reader.polygon(c, `geometry.coordinates[${i}]`));
    if (parts.every((part) => part !== null)) geometry = { type, coordinates: parts };
  } else {
    report("geometry", `expected a Polygon or MultiPolygon, found ${shown(v)}`, "bad_geometry");
  }
  budget.left -= available - reader.budget.left;
  return geometry;
}

class RingReader {
  readonly #datum: Datum;
  readonly #report: FieldReport;
  readonly budget: VertexBudget;

  constructor(datum: Datum, report: FieldReport, budget: VertexBudget) {
    this.#datum = datum;
    this.#report = report;
    this.budget = budget;
  }

  polygon(v: unknown, field: string): Polygon | null {
    if (!Array.isArray(v) || v.length === 0) {
      this.#report(field, `expected an outer ring and its holes, found ${shown(v)}`, "bad_geometry");
      return null;
    }
    const rings = v.map((r, i) => this.#ring(r, `${field}[${i}]`));
    return rings.every((r) => r !== null) ? rings : null;
  }

  #ring(v: unknown, field: string): Ring | null {
    if (!Array.isArray(v) || v.length < 3) {
      this.#report(field, `expected a closed ring of at least 4 positions, found ${shown(v)}`, "bad_geometry");
      return null;
    }
    if (v.length > this.budget.left) {
      this.#report(field, `expected fewer vertices: the limit of the import is reached at ${v.length} more`, "limit");
      return null;
    }
    this.budget.left -= v.length;
    const ring: Ring = [];
    for (const [i, p] of v.entries()) {
      const position = readPosition(p);
      if (position === null) {
        this.#report(
          `${field}[${i}]`,
          `expected [longitude -180..180, latitude -90..90], found ${shown(p)}`,
          "bad_geometry",
        );
        return null;
      }
      const moved = toWgs84(this.#datum, position[0], position[1]);
      const last = ring.at(-1);
      if (last === undefined || last[0] !== moved[0] || last[1] !== moved[1]) ring.push(moved);
    }
    const first = ring[0];
    const last = ring.at(-1)!;
    if (first[0] !== last[0] || first[1] !== last[1]) {
      this.#report(
        `${field}[${v.length - 1}]`,
        "expected the last position to equal the first; the ring is closed",
        "bad_geometry",
        "warning",
        { lon: last[0], lat: last[1] },
      );
      ring.push([first[0], first[1]]);
    }
    const turn = ring.findIndex(([lon], i) => i > 0 && Math.abs(lon - ring[i - 1][0]) > 180);
    if (turn > 0) {
      const [lon, lat] = ring[turn];
      const expected =
        "expected a ring that ends at the 180th meridian, and the other side as another polygon (RFC 7946 3.1.9)";
      this.#report(`${field}[${turn}]`, expected, "bad_geometry", "error", { lon, lat });
      return null;
    }
    if (ring.length < 4 || isFlat(ring)) {
      this.#report(field, "expected a ring that encloses an area", "bad_geometry", "error", {
        lon: first[0],
        lat: first[1],
      });
      return null;
    }
    return ring;
  }
}

function readPosition(p: unknown): Position | null {
  if (!Array.isArray(p)) return null;
  const [lon, lat] = p as unknown[];
  if (typeof lon !== "number" || typeof lat !== "number") return null;
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? [lon, lat] : null;
}

/** All positions on one line. Not the same as no area: the halves of a bow tie cancel out. */
function isFlat(ring: Ring): boolean {
  const [ox, oy] = ring[0];
  const [dx, dy] = [ring[1][0] - ox, ring[1][1] - oy];
  return ring.every(([x, y]) => (x - ox) * dy === (y - oy) * dx);
}

/** Enclosed area in square degrees, without sign: good for comparing shapes of one neighbourhood, not for surveying. */
function ringArea(ring: Ring): number {
  // Relative to the first vertex: the products of whole longitudes would cost six digits.
  const [ox, oy] = ring[0];
  let twice = 0;
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1];
    const [bx, by] = ring[i];
    twice += (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);
  }
  return Math.abs(twice) / 2;
}

/** Square degrees of a polygon less its holes. */
export function polygonArea(polygon: Polygon): number {
  return polygon.reduce((sum, ring, i) => sum + (i === 0 ? ringArea(ring) : -ringArea(ring)), 0);
}

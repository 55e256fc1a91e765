import type { Point } from "./polygon.ts";

export type Level = "county" | "town" | "village" | "grid" | "micro_grid" | "formation" | "area";
export type Category = "integrated" | "dedicated" | "maritime";

export interface Member {
  readonly mmsi: number;
  readonly name: string;
  readonly role: "lead" | "member";
  readonly gear: string;
}

/** What the hub reads of a feature. `id` is opaque there; only this world knows how it is built. */
export interface GridProperties {
  readonly id: string;
  readonly name: string;
  readonly level: Level;
  readonly category: Category;
  readonly parent: string | null;
  /** the border was made up, not surveyed */
  readonly synthetic: true;
  /** `stat`: statistics code where one exists (county, town, village) */
  readonly codes?: Readonly<Record<string, string>>;
  /** formations only */
  readonly members?: readonly Member[];
  /** sea cells: what the area is for */
  readonly use?: "fishing" | "aquaculture" | "transport";
  /** what its border means to vessels */
  readonly sea?: { readonly rule: "harbour" };
}

type Position = [number, number];
export type Geometry =
  | { readonly type: "Polygon"; readonly coordinates: Position[][] }
  | { readonly type: "MultiPolygon"; readonly coordinates: Position[][][] };

export interface GridFeature {
  readonly type: "Feature";
  readonly id: string;
  readonly properties: GridProperties;
  readonly geometry: Geometry | null;
}

/** Rings in degrees -> GeoJSON (RFC 7946: counter-clockwise, closed), rounded to 6 decimals (0.1 m). */
export function toGeometry(rings: readonly (readonly Point[])[]): Geometry {
  const closed = rings.map((ring) => {
    const points: Position[] = ring.map(([x, y]) => [round6(x), round6(y)]);
    points.push([...points[0]]);
    return points;
  });
  return closed.length === 1
    ? { type: "Polygon", coordinates: closed }
    : { type: "MultiPolygon", coordinates: closed.map((ring) => [ring]) };
}

/** Outer rings of a geometry, open (without the closing point). */
export function ringsOf(geometry: Geometry | null): Point[][] {
  if (geometry === null) return [];
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((polygon) => polygon[0].slice(0, -1));
}

export function round6(x: number): number {
  return Math.round(x * 1e6) / 1e6;
}

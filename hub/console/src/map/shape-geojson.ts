import type { Point, Polygon, Ring, Shape } from "./shape.ts";

interface Geometry {
  readonly type: "Polygon" | "MultiPolygon";
  readonly coordinates: unknown[];
}

export function geometryOf(shape: Shape): Geometry {
  const polygons = shape.map((polygon) => polygon.map((ring) => [...ring, ring[0]]));
  if (polygons.length === 1) return { type: "Polygon", coordinates: polygons[0] ?? [] };
  return { type: "MultiPolygon", coordinates: polygons };
}

/**
 * The polygons of a geometry, a feature or a collection; anything else in it is passed over.
 * @returns null where there is no polygon that could be read
 */
export function shapeOf(json: unknown): Shape | null {
  const polygons = polygonsIn(json).flatMap((rings) => {
    const read = rings.map(ringOf);
    return read.every((ring) => ring !== null) && read.length > 0 ? [read as Polygon] : [];
  });
  return polygons.length === 0 ? null : polygons;
}

/** Name and properties of the first feature with a polygon: an import brings more than a border. */
export function propertiesOf(json: unknown): Readonly<Record<string, unknown>> {
  const feature = featuresIn(json).find((f) => polygonsIn(f).length > 0);
  return isRecord(feature?.properties) ? feature.properties : {};
}

function featuresIn(json: unknown): Record<string, unknown>[] {
  if (!isRecord(json)) return [];
  if (json.type === "FeatureCollection") return (Array.isArray(json.features) ? json.features : []).filter(isRecord);
  return json.type === "Feature" ? [json] : [];
}

function polygonsIn(json: unknown): unknown[][] {
  if (!isRecord(json)) return [];
  const { type, coordinates, geometry, geometries } = json;
  if (type === "FeatureCollection") return featuresIn(json).flatMap(polygonsIn);
  if (type === "Feature") return polygonsIn(geometry);
  if (type === "GeometryCollection") return (Array.isArray(geometries) ? geometries : []).flatMap(polygonsIn);
  if (!Array.isArray(coordinates)) return [];
  if (type === "Polygon") return [coordinates];
  return type === "MultiPolygon" ? coordinates.filter((c) => Array.isArray(c)) : [];
}

/** Open, in degrees; null of less than three corners or of what is no position. */
function ringOf(ring: unknown): Ring | null {
  if (!Array.isArray(ring)) return null;
  const points: Point[] = [];
  for (const position of ring) {
    const [lon, lat] = Array.isArray(position) ? (position as unknown[]) : [];
    if (typeof lon !== "number" || typeof lat !== "number" || Math.abs(lon) > 180 || Math.abs(lat) > 90) return null;
    points.push([lon, lat]);
  }
  const [first, last] = [points[0], points.at(-1)];
  if (first !== undefined && last !== undefined && points.length > 1 && first[0] === last[0] && first[1] === last[1])
    points.pop();
  return points.length < 3 ? null : points;
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

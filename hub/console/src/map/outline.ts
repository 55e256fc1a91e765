/** [lon, lat] */
type Point = readonly number[];
export type Segment = readonly [Point, Point];
interface Geometry {
  readonly type: string;
  readonly coordinates: unknown;
}

/**
 * The border of an area that is given as pieces: sides that two pieces share lie inside and are left out. Pieces that do not share
 * their corners exactly (1e-6 degrees) keep the side between them.
 */
export function outline(pieces: Iterable<unknown>): Segment[] {
  const sides = new Map<string, Segment | null>();
  for (const piece of pieces)
    for (const ring of ringsOf(piece as Geometry))
      for (let i = 1; i < ring.length; i++) {
        const [a, b] = [ring[i - 1], ring[i]];
        if (a === undefined || b === undefined) continue;
        const [from, to] = [nameOf(a), nameOf(b)];
        if (from === to) continue;
        const key = from < to ? `${from} ${to}` : `${to} ${from}`;
        sides.set(key, sides.has(key) ? null : [a, b]);
      }
  return [...sides.values()].filter((side) => side !== null);
}

const nameOf = ([lon = 0, lat = 0]: Point) => `${lon.toFixed(6)},${lat.toFixed(6)}`;

function ringsOf({ type, coordinates }: Geometry): Point[][] {
  if (type === "Polygon") return coordinates as Point[][];
  return type === "MultiPolygon" ? (coordinates as Point[][][]).flat() : [];
}

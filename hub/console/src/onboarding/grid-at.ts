import type { GridInfo } from "../../../src/api/schema.ts";

type Ring = readonly (readonly [number, number])[];

/** The finest grid whose area holds a position (degrees WGS84): what the hub will match the device to. */
export function gridAt(grids: readonly GridInfo[], lon: number, lat: number): GridInfo | null {
  const inside = grids.filter((g) => g.category !== "maritime" && holds(g.geometry, lon, lat));
  const parents = new Set(inside.map((g) => g.parent));
  return inside.find((g) => !parents.has(g.id)) ?? null;
}

function holds(geometry: unknown, lon: number, lat: number): boolean {
  const { type, coordinates } = (geometry ?? {}) as { type?: string; coordinates?: unknown };
  if (type === "Polygon") return within(coordinates as Ring[], lon, lat);
  if (type === "MultiPolygon") return (coordinates as Ring[][]).some((rings) => within(rings, lon, lat));
  return false;
}

/** Even-odd over all rings: holes take away what the outer ring gave. */
function within(rings: readonly Ring[], lon: number, lat: number): boolean {
  let odd = false;
  for (const ring of rings)
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [a, b] = [ring[i], ring[j]];
      if (a === undefined || b === undefined) continue;
      if (a[1] > lat !== b[1] > lat && lon < ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
    }
  return odd;
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type Point = [number, number];
export interface Island {
  readonly name: string;
  /** town code, "" where unknown */
  readonly town: string;
  readonly ring: Point[];
}

const FILE = join(import.meta.dirname, "../../../../shared/data/geo/shengsi-osm-named.geojson");

/** The islands for the development map: the shared extract where it is present, else a few invented ones. */
export function islands(): { attribution: string; items: Island[] } {
  if (!existsSync(FILE)) return { attribution: "synthetic shapes", items: invented() };
  const file = JSON.parse(readFileSync(FILE, "utf8")) as {
    features: { properties: { name?: string; town?: string }; geometry: { coordinates: Point[][] } }[];
  };
  return {
    attribution: "© OpenStreetMap contributors",
    items: file.features.map((f) => ({
      name: (f.properties.name ?? "").replace(/[((].*$/u, ""),
      town: f.properties.town ?? "",
      ring: f.geometry.coordinates[0] ?? [],
    })),
  };
}

function invented(): Island[] {
  const places: [string, string, number, number, number][] = [
    ["甲岛", "330922100", 122.46, 30.71, 0.04],
    ["乙岛", "330922101", 122.82, 30.72, 0.018],
    ["丙岛", "330922102", 122.08, 30.61, 0.03],
    ["丁岛", "330922201", 122.56, 30.66, 0.02],
    ["戊岛", "330922202", 122.77, 30.71, 0.02],
    ["己岛", "330922203", 122.68, 30.85, 0.016],
  ];
  return places.map(([name, town, lon, lat, size]) => {
    const ring: Point[] = [];
    for (let i = 0; i <= 14; i++) {
      const angle = ((i % 14) / 14) * Math.PI * 2;
      const r = size * (0.7 + 0.3 * Math.sin(angle * 3 + lon * 50));
      ring.push([lon + r * Math.cos(angle), lat + r * 0.8 * Math.sin(angle)]);
    }
    return { name, town, ring };
  });
}

export function inside(ring: readonly Point[], [x, y]: Point): boolean {
  let hit = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i] as Point;
    const [xj, yj] = ring[j] as Point;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) hit = !hit;
  }
  return hit;
}

/** A random point inside the ring, by rejection. */
export function randomInside(ring: readonly Point[], random: () => number): Point {
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  for (let i = 0; i < 400; i++) {
    const p: Point = [x0 + random() * (x1 - x0), y0 + random() * (y1 - y0)];
    if (inside(ring, p)) return p;
  }
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}

/** Parts of `ring` nearer to seed `i` than to any other: a Voronoi cell cut out of the island. Synthetic grids only. */
export function cell(ring: readonly Point[], seeds: readonly Point[], i: number): Point[] {
  let poly = ring.slice(0, -1) as Point[];
  const [ax, ay] = seeds[i] as Point;
  for (let k = 0; k < seeds.length && poly.length > 0; k++) {
    if (k === i) continue;
    const [bx, by] = seeds[k] as Point;
    const [mx, my, nx, ny] = [(ax + bx) / 2, (ay + by) / 2, bx - ax, by - ay];
    const side = (p: Point) => (p[0] - mx) * nx + (p[1] - my) * ny;
    const cut: Point[] = [];
    for (let j = 0; j < poly.length; j++) {
      const p = poly[j] as Point;
      const q = poly[(j + 1) % poly.length] as Point;
      const [sp, sq] = [side(p), side(q)];
      if (sp <= 0) cut.push(p);
      if (sp <= 0 !== sq <= 0) {
        const f = sp / (sp - sq);
        cut.push([p[0] + f * (q[0] - p[0]), p[1] + f * (q[1] - p[1])]);
      }
    }
    poly = cut;
  }
  const first = poly[0];
  return first === undefined ? [] : [...poly, first];
}

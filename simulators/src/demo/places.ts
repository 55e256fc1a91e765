import { createRandom, type Random } from "../random.ts";
import type { World } from "../world.ts";
import { ringsOf, type GridFeature } from "../world/feature.ts";
import { area, centroid, contains, distanceToEdge, planeAt, type Plane, type Point } from "../world/polygon.ts";
import { HARBOURS } from "../world/sea.ts";

/** Density falls by e over this distance from the town's harbour, m: people live there. */
const TOWN_CENTRE_M = 1500;
const OUTSKIRTS = 0.15;
/** Two devices do not stand closer than this, m. */
const APART_M = 35;

/** Micro-grids of a town in a seeded order. */
export function microGrids(world: World, town: string): GridFeature[] {
  const random = createRandom(`${world.seed}/devices/${town}`);
  const own = world.features.filter((f) => f.properties.level === "micro_grid" && f.id.startsWith(`${town}-`));
  return own
    .map((f) => ({ f, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ f }) => f);
}

/** The village of a micro-grid, two levels up. */
export function villageOf(world: World, microGrid: GridFeature): string {
  const grid = world.feature.get(microGrid.properties.parent ?? "");
  return world.feature.get(grid?.properties.parent ?? "")?.properties.name ?? microGrid.properties.name;
}

export function largestRing(feature: GridFeature): ReturnType<typeof ringsOf>[number] {
  return ringsOf(feature.geometry).reduce((best, ring) => (area(ring) > area(best) ? ring : best));
}

/** Places inside micro-grids: dense where people live, never on top of each other. */
export class Places {
  private readonly random: Random;
  private readonly plane: Plane;
  private readonly grids: { readonly grid: GridFeature; readonly ring: readonly Point[]; readonly upTo: number }[] = [];
  private readonly taken: Point[];

  constructor(
    world: World,
    town: string,
    judged: readonly { readonly lon: number; readonly lat: number }[],
    random: Random,
  ) {
    this.random = random.fork("places");
    const harbour = HARBOURS[town];
    this.plane = planeAt(harbour[0], harbour[1]);
    this.taken = judged.map(({ lon, lat }) => this.plane.toMetres([lon, lat]));
    let sum = 0;
    for (const grid of microGrids(world, town)) {
      const ring = largestRing(grid).map((p) => this.plane.toMetres(p));
      const [x, y] = centroid(ring); // the harbour is the origin
      sum += OUTSKIRTS + Math.exp(-Math.hypot(x, y) / TOWN_CENTRE_M);
      this.grids.push({ grid, ring, upTo: sum });
    }
  }

  next(): { grid: GridFeature; at: Point } {
    const total = this.grids[this.grids.length - 1].upTo;
    for (let tries = 0; ; tries++) {
      const x = this.random.next() * total;
      const { grid, ring } = this.grids.find((g) => g.upTo > x) ?? this.grids[0];
      const at = this.inside(ring);
      const close = this.taken.some((p) => Math.hypot(p[0] - at[0], p[1] - at[1]) < APART_M);
      if (close && tries < 40) continue;
      this.taken.push(at);
      return { grid, at: this.plane.toDegrees(at) };
    }
  }

  /** A point away from the border: on a small islet wherever there is room. */
  private inside(ring: readonly Point[]): Point {
    const xs = ring.map((p) => p[0]);
    const ys = ring.map((p) => p[1]);
    let best: { at: Point; margin: number } | null = null;
    for (let i = 0; i < 60; i++) {
      const at: Point = [
        this.random.between(Math.min(...xs), Math.max(...xs)),
        this.random.between(Math.min(...ys), Math.max(...ys)),
      ];
      if (!contains(ring, at)) continue;
      const margin = distanceToEdge(ring, at);
      if (margin > 8) return at;
      if (best === null || margin > best.margin) best = { at, margin };
    }
    return best?.at ?? centroid(ring);
  }
}

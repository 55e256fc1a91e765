import { type Grid, polygonsOf, type Position } from "./grid.ts";
import type { GridSet } from "./grid-set.ts";
import { bounds, PolygonIndex } from "./polygon-index.ts";
import type { GridProblem, ProblemCode } from "./problem.ts";
import { deepestOverlap, Edges, selfCrossing } from "./shape-crossing.ts";

export interface CheckOptions {
  /** metres; what rounding of the coordinates to five digits leaves between neighbours is not an overlap. Default 2 */
  readonly toleranceM?: number;
  /** look at these cells, and at all of the families that they are in; default all */
  readonly only?: (grid: Grid) => boolean;
}

/** Samples looked at for gaps in one check, in all families together: a county gets 96 a side, a city of 2,000 villages 44. */
const MOST_SAMPLES = 4_000_000;

/** Boundaries of one cell that cross themselves. */
export function checkShape(grid: Grid): GridProblem[] {
  return polygonsOf(grid).flatMap((polygon): GridProblem[] => {
    const at = selfCrossing(new Edges(polygon));
    if (at === null) return [];
    const expected = "expected a boundary that does not cross itself";
    return [{ file: "grid set", feature: null, id: grid.id, field: "geometry", code: "self_intersection", expected, severity: "error", lon: at[0], lat: at[1] }]; // prettier-ignore
  });
}

interface Shape {
  readonly grid: Grid;
  readonly edges: readonly Edges[];
}

/**
 * Looks at the shapes of a set: boundaries that cross themselves, siblings that overlap, cells that leave their parent, gaps
 * between siblings. Import does not need it (a lookup is right on any shape); people who draw the grids do.
 */
export function checkShapes(set: GridSet, options: CheckOptions = {}): GridProblem[] {
  const tolerance = options.toleranceM ?? 2;
  const problems: GridProblem[] = [];
  const say = (
    grid: Grid,
    code: ProblemCode,
    severity: "error" | "warning",
    expected: string,
    at: Position | null,
  ): void => {
    problems.push({
      file: "grid set",
      feature: null,
      id: grid.id,
      field: "geometry",
      code,
      expected,
      severity,
      ...(at === null ? {} : { lon: at[0], lat: at[1] }),
    });
  };

  const { only } = options;
  const touched = only === undefined ? null : new Set([...set.grids()].filter(only).map(({ parent }) => parent));
  const families = new Map<string | null, Shape[]>();
  for (const grid of set.grids()) {
    if (touched?.has(grid.parent) === false) continue;
    const shape = { grid, edges: polygonsOf(grid).map((p) => new Edges(p)) };
    problems.push(...checkShape(grid));
    if (shape.edges.length === 0) continue;
    const family = families.get(grid.parent);
    if (family === undefined) families.set(grid.parent, [shape]);
    else family.push(shape);
  }

  const samples = Math.max(24, Math.min(96, Math.floor(Math.sqrt(MOST_SAMPLES / families.size))));
  for (const [parentId, family] of families) {
    const parent = parentId === null ? undefined : set.get(parentId);
    // Dedicated grids lie over general ones, and areas at sea over each other, on purpose.
    const land = family.filter(({ grid }) => grid.category === "integrated");
    for (const [a, b, overlap] of overlaps(land, tolerance)) {
      const expected = `expected siblings beside each other; it overlaps "${b.id}" by ${overlap.metres.toFixed(1)} m or more`;
      say(a, "overlap", "error", expected, overlap.at);
    }
    if (parent !== undefined && parent.geometry !== null) {
      const around = polygonsOf(parent).map((p) => new Edges(p));
      for (const { grid, edges } of land) {
        const out = farthestOutside(edges, around, tolerance);
        if (out !== null)
          say(
            grid,
            "outside_parent",
            "warning",
            `expected it inside its parent "${parent.id}"; it reaches ${out.metres.toFixed(0)} m outside`,
            out.at,
          );
      }
    }
    if (land.length > 1) {
      const gap = largestGap(land, parent, samples, tolerance);
      if (gap !== null)
        say(
          parent ?? land[0].grid,
          "gap",
          "warning",
          `expected the ${land.length} grids below to leave nothing out; ${gap.share.toFixed(1)} % is in none of them`,
          gap.at,
        );
    }
  }
  return problems;
}

type Overlap = { readonly at: Position; readonly metres: number };

function* overlaps(family: readonly Shape[], tolerance: number): Generator<[Grid, Grid, Overlap]> {
  // Sorted by their western edge, a shape needs to be compared only with those that begin before it ends.
  const west = (s: Shape) => Math.min(...s.edges.map((e) => e.box[0]));
  const east = (s: Shape) => Math.max(...s.edges.map((e) => e.box[2]));
  const sorted = family.map((shape) => ({ shape, west: west(shape), east: east(shape) }));
  sorted.sort((a, b) => a.west - b.west);
  for (let i = 0; i < sorted.length; i++) {
    for (let j = i + 1; j < sorted.length && sorted[j].west <= sorted[i].east; j++) {
      const [a, b] = [sorted[i].shape, sorted[j].shape];
      let worst: Overlap | null = null;
      for (const p of a.edges) {
        for (const q of b.edges) {
          const found = deepestOverlap(p, q, tolerance);
          if (found !== null && found.metres > (worst?.metres ?? 0)) worst = found;
        }
      }
      if (worst !== null) yield [a.grid, b.grid, worst];
    }
  }
}

function farthestOutside(edges: readonly Edges[], parent: readonly Edges[], tolerance: number): Overlap | null {
  const inside = new PolygonIndex(parent.map((e) => ({ rank: 0, polygon: e.polygon })));
  let worst: Overlap | null = null;
  for (const { segments } of edges) {
    for (const [x, y] of segments) {
      if (inside.at(x, y) !== -1) continue;
      const metres = Math.min(...parent.map((e) => e.distance([x, y])));
      if (metres > tolerance && metres > (worst?.metres ?? 0)) worst = { at: [x, y], metres };
    }
  }
  return worst;
}

/**
 * Samples the box of a family. A sample in no member is a gap when the parent claims it (cells of a village or finer share it
 * out completely) or when it is walled in by the members; a bay that is open to the outside is none.
 */
function largestGap(
  family: readonly Shape[],
  parent: Grid | undefined,
  n: number,
  tolerance: number,
): { readonly share: number; readonly at: Position } | null {
  const boxes = family.flatMap((s) => s.edges.map((e) => e.box));
  const claims = parent !== undefined && parent.level !== "county" && parent.level !== "town";
  const claimed = new PolygonIndex(claims ? polygonsOf(parent).map((polygon) => ({ rank: 0, polygon })) : []);
  if (claims) for (const polygon of polygonsOf(parent)) boxes.push(bounds(polygon[0]));
  const x0 = Math.min(...boxes.map((b) => b[0]));
  const y0 = Math.min(...boxes.map((b) => b[1]));
  const dx = (Math.max(...boxes.map((b) => b[2])) - x0) / n;
  const dy = (Math.max(...boxes.map((b) => b[3])) - y0) / n;
  const members = new PolygonIndex(family.flatMap((s, rank) => s.edges.map((e) => ({ rank, polygon: e.polygon }))));
  const at = (i: number): Position => [x0 + ((i % n) + 0.5) * dx, y0 + (Math.floor(i / n) + 0.5) * dy];
  const free = new Uint8Array(n * n);
  for (let i = 0; i < n * n; i++) {
    const [x, y] = at(i);
    // A sliver narrower than the tolerance, as rounding leaves it, is not a gap.
    const covered = members.at(x, y) !== -1 || members.nearest(x, y, tolerance) !== -1;
    if (!covered) free[i] = claimed.at(x, y) === -1 ? 1 : 2;
  }
  // Floods the unclaimed outside away from the rim.
  const queue: number[] = [];
  const flood = (i: number) => {
    if (free[i] === 1) {
      free[i] = 0;
      queue.push(i);
    }
  };
  for (let k = 0; k < n; k++) for (const i of [k, n * (n - 1) + k, k * n, k * n + n - 1]) flood(i);
  for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
    if (i % n > 0) flood(i - 1);
    if (i % n < n - 1) flood(i + 1);
    if (i >= n) flood(i - n);
    if (i < n * (n - 1)) flood(i + n);
  }
  const gaps = Array.from(free.keys()).filter((i) => free[i] !== 0);
  if (gaps.length === 0) return null;
  return { share: (100 * gaps.length) / (n * n), at: at(gaps[gaps.length >> 1]) };
}

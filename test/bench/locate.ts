import pointInPolygon from "point-in-polygon-hao";
import { GridSet } from "../../hub/src/grids/grid-set.ts";
import { type Grid, polygonsOf, type Ring } from "../../hub/src/grids/grid.ts";

interface LocateResult {
  readonly polygons: number;
  readonly buildMs: number;
  readonly lookupsPerSecond: number;
  /** without an index: point-in-polygon-hao on every polygon, inside only, measured in the same run */
  readonly exhaustivePerSecond: number;
  readonly ratio: number;
  /** answers that differ from the exhaustive search, of `sample` positions; must be 0 */
  readonly differences: number;
  readonly sample: number;
  readonly inside: number;
  readonly nearest: number;
}

/** Positions to grids: lookups a second over a county and over a city, against trying every polygon. */
export async function locateBench(): Promise<{ readonly locate: LocateResult[] }> {
  return { locate: [measure(706), measure(20_000)] };
}

const TOLERANCE_M = 200;

function measure(count: number): LocateResult {
  const random = mulberry32(count);
  const grids = cells(count, random);
  const began = performance.now();
  const set = new GridSet(grids, 1, { nearestToleranceM: TOLERANCE_M });
  const buildMs = performance.now() - began;
  const positions = Float64Array.from({ length: 200_000 }, (_, i) =>
    i % 2 === 0 ? 121.98 + random() * 1.24 : 29.98 + random() * 1.04,
  );

  const seen = { inside: 0, nearest: 0 };
  let lookups = 0;
  const sweep = () => {
    for (let i = 0; i < positions.length; i += 2) {
      const { match } = set.locate(positions[i], positions[i + 1]);
      if (match === "inside") seen.inside++;
      else if (match === "nearest") seen.nearest++;
    }
    lookups += positions.length / 2;
  };
  sweep(); // warm
  seen.inside = seen.nearest = lookups = 0;
  const start = performance.now();
  while (performance.now() - start < 1500) sweep();
  const lookupsPerSecond = lookups / ((performance.now() - start) / 1000);

  const sample = count > 5000 ? 200 : 2000;
  let differences = 0;
  for (let i = 0; i < sample; i++) {
    const { gridId, match } = set.locate(positions[i * 2], positions[i * 2 + 1]);
    if (`${gridId} ${match}` !== exhaustive(grids, positions[i * 2], positions[i * 2 + 1])) differences++;
  }

  let plain = 0;
  let hits = 0;
  const slow = performance.now();
  for (; performance.now() - slow < 1000; plain++) {
    const point = [positions[plain * 2], positions[plain * 2 + 1]];
    for (const grid of grids)
      for (const polygon of polygonsOf(grid)) if (pointInPolygon(point, polygon) !== false) hits++;
  }
  const exhaustivePerSecond = plain / ((performance.now() - slow) / 1000);
  if (hits === 0) throw new Error("the baseline found nothing: it was not the same work");
  return {
    polygons: grids.length,
    buildMs: Math.round(buildMs),
    lookupsPerSecond: Math.round(lookupsPerSecond),
    exhaustivePerSecond: Math.round(exhaustivePerSecond),
    ratio: Math.round(lookupsPerSecond / exhaustivePerSecond),
    differences,
    sample,
    inside: seen.inside / lookups,
    nearest: seen.nearest / lookups,
  };
}

/** A lattice of crooked cells with shared borders of 12 to 40 vertices, a tenth of the places left empty, some dedicated. */
function cells(count: number, random: () => number): Grid[] {
  const side = Math.ceil(Math.sqrt(count / 0.9));
  const step = 1.2 / side;
  const joints = Array.from({ length: (side + 1) ** 2 }, () =>
    [random() - 0.5, random() - 0.5].map((r) => r * 0.4 * step),
  );
  const joint = (i: number, j: number): [number, number] => {
    const [dx, dy] = joints[j * (side + 1) + i];
    return [122 + i * step + dx, 30 + j * (step / 1.2) + dy / 1.2];
  };
  // Both neighbours must get the same crooked border, so it depends on its ends alone.
  const border = (a: [number, number], b: [number, number]): Ring => {
    const [p, q] = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]) ? [a, b] : [b, a];
    const bend = mulberry32(Math.floor((p[0] * 7919 + p[1] * 104_729 + q[0] * 31) * 1e6));
    const points: Ring = [p];
    const pieces = 3 + Math.floor(bend() * 7);
    for (let k = 1; k < pieces; k++) {
      const t = k / pieces;
      const wave = (bend() - 0.5) * 0.1 * step;
      points.push([p[0] + t * (q[0] - p[0]) + wave, p[1] + t * (q[1] - p[1]) + wave]);
    }
    points.push(q);
    return p === a ? points : points.reverse();
  };
  const grids: Grid[] = [];
  for (let n = 0; n < side * side && grids.length < count; n++) {
    if (random() < 0.1) continue;
    const [i, j] = [n % side, Math.floor(n / side)];
    const corners = [joint(i, j), joint(i + 1, j), joint(i + 1, j + 1), joint(i, j + 1)];
    const ring = corners.flatMap((c, k) => border(c, corners[(k + 1) % 4]).slice(0, -1));
    ring.push(ring[0]);
    grids.push({
      id: `g${String(n).padStart(6, "0")}`,
      name: `cell ${n}`,
      level: random() < 0.8 ? "micro_grid" : "grid",
      category: random() < 0.05 ? "dedicated" : "integrated",
      parent: null,
      codes: {},
      synthetic: true,
      geometry: { type: "Polygon", coordinates: [ring] },
      members: [],
    });
  }
  return grids;
}

/** The same question answered by a plain ray cast and plain distances over every polygon, written for this alone. */
function exhaustive(grids: readonly Grid[], x: number, y: number): string {
  const better = (a: Grid, b: Grid | null) => b === null || key(a) < key(b);
  let inside: Grid | null = null;
  let nearest: Grid | null = null;
  let metres = TOLERANCE_M;
  const cos = Math.cos((y * Math.PI) / 180);
  for (const grid of grids) {
    for (const [ring] of polygonsOf(grid)) {
      let odd = false;
      let least = Infinity;
      for (let i = 1; i < ring.length; i++) {
        const [ax, ay] = ring[i - 1];
        const [bx, by] = ring[i];
        if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
        const [px, py, ex, ey] = [(ax - x) * cos, ay - y, (bx - ax) * cos, by - ay];
        const t = Math.min(1, Math.max(0, -(px * ex + py * ey) / (ex * ex + ey * ey)));
        least = Math.min(least, Math.hypot(px + t * ex, py + t * ey));
      }
      if (odd && better(grid, inside)) inside = grid;
      if (least * 111_195 < metres) [nearest, metres] = [grid, least * 111_195];
    }
  }
  if (inside !== null) return `${inside.id} inside`;
  return nearest === null ? "null unmatched" : `${nearest.id} nearest`;
}

const key = (g: Grid) => `${g.category === "dedicated" ? 0 : 1}${g.level === "micro_grid" ? 0 : 1}${g.id}`;

function mulberry32(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

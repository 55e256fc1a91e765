import type { Random } from "../random.ts";
import { area, centroid, type Point, type Ring } from "./polygon.ts";

/** A candidate cut: one chord that lies inside the ring and divides it into exactly two simple rings. */
interface Chord {
  readonly from: Point;
  readonly to: Point;
  /** edges (index of their first vertex) that the chord starts and ends on */
  readonly edgeFrom: number;
  readonly edgeTo: number;
  readonly length: number;
}

/**
 * Divides a simple ring into `parts` simple rings of about equal area by cutting along one chord after the other. A chord (not
 * a whole line) keeps every part connected on an island with bays. Units: metres.
 */
export function splitRing(ring: Ring, parts: number, random: Random): Ring[] {
  if (parts <= 1) return [ring];
  const left = Math.floor(parts / 2);
  const [a, b] = cut(ring, left / parts, random);
  return [...splitRing(a, left, random), ...splitRing(b, parts - left, random)];
}

/** @returns two rings, the first with about `share` of the area */
export function cut(ring: Ring, share: number, random: Random): [Ring, Ring] {
  const total = area(ring);
  const scale = Math.sqrt(total);
  const turn = random.between(0, Math.PI);
  let best: { cost: number; first: Ring; second: Ring } | null = null;
  for (let k = 0; k < 12; k++) {
    const angle = turn + (k * Math.PI) / 12;
    for (const chord of chords(ring, angle, 48)) {
      const [p, q] = along(ring, chord);
      const size = area(p);
      if (size < total * 0.02 || size > total * 0.98) continue;
      for (const [first, second, part] of [
        [p, q, size / total],
        [q, p, 1 - size / total],
      ] as const) {
        // A short chord matters as much as an exact share: cells should look like places, not like slivers.
        const cost = 6 * Math.abs(part - share) + chord.length / scale;
        if (best === null || cost < best.cost) best = { cost, first, second };
      }
    }
  }
  if (best === null) throw new Error("a ring without any chord cannot be cut");
  return [best.first, best.second];
}

/** Inner chords of parallel lines at `angle`, `count` lines across the ring. */
function chords(ring: Ring, angle: number, count: number): Chord[] {
  const nx = -Math.sin(angle);
  const ny = Math.cos(angle);
  const height = ring.map(([x, y]) => x * nx + y * ny);
  const low = Math.min(...height);
  const high = Math.max(...height);
  const found: Chord[] = [];
  for (let k = 1; k < count; k++) {
    const h = low + ((high - low) * k) / count;
    const hits: { at: number; point: Point; edge: number }[] = [];
    let grazes = false;
    for (let i = 0; i < ring.length; i++) {
      const j = (i + 1) % ring.length;
      // A line through (or within a metre of) a vertex would make needle-thin parts or ambiguous pairs.
      if (Math.abs(height[i] - h) < 1) grazes = true;
      if (height[i] > h === height[j] > h) continue;
      const t = (h - height[i]) / (height[j] - height[i]);
      const point: Point = [ring[i][0] + t * (ring[j][0] - ring[i][0]), ring[i][1] + t * (ring[j][1] - ring[i][1])];
      hits.push({ at: point[0] * ny - point[1] * nx, point, edge: i });
    }
    if (grazes) continue;
    hits.sort((a, b) => a.at - b.at);
    for (let i = 0; i + 1 < hits.length; i += 2) {
      const a = hits[i];
      const b = hits[i + 1];
      found.push({ from: a.point, to: b.point, edgeFrom: a.edge, edgeTo: b.edge, length: b.at - a.at });
    }
  }
  return found;
}

/** The two rings on both sides of a chord; orientation is kept. */
function along(ring: Ring, chord: Chord): [Ring, Ring] {
  const walk = (start: Point, edge: number, end: Point, endEdge: number): Ring => {
    const part: Point[] = [start];
    for (let i = (edge + 1) % ring.length; ; i = (i + 1) % ring.length) {
      part.push(ring[i]);
      if (i === endEdge) break;
    }
    part.push(end);
    return part;
  };
  return [
    walk(chord.from, chord.edgeFrom, chord.to, chord.edgeTo),
    walk(chord.to, chord.edgeTo, chord.from, chord.edgeFrom),
  ];
}

/**
 * Shares `parts` cells out over several islands: large ones are divided, islets join the cell whose centre is nearest.
 * @returns one list of rings a cell
 */
export function splitIslands(islands: readonly Ring[], parts: number, random: Random): Ring[][] {
  const bySize = [...islands].sort((a, b) => area(b) - area(a));
  const mean = bySize.reduce((sum, r) => sum + area(r), 0) / parts;
  const major = bySize.filter((r, i) => i === 0 || (i < parts && area(r) >= 0.4 * mean));
  const counts = major.map(() => 1);
  for (let given = major.length; given < parts; given++) {
    let most = 0;
    for (let i = 1; i < major.length; i++) if (area(major[i]) / counts[i] > area(major[most]) / counts[most]) most = i;
    counts[most]++;
  }
  const cells = major.flatMap((r, i) => splitRing(r, counts[i], random).map((part) => [part]));
  const centres = cells.map((cell) => centroid(cell[0]));
  for (const islet of bySize) if (!major.includes(islet)) cells[nearest(centres, centroid(islet))].push(islet);
  return cells;
}

export function nearest(points: readonly Point[], to: Point): number {
  let best = 0;
  const distance = (p: Point): number => Math.hypot(p[0] - to[0], p[1] - to[1]);
  for (let i = 1; i < points.length; i++) if (distance(points[i]) < distance(points[best])) best = i;
  return best;
}

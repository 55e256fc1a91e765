import type { EventInfo } from "../../../src/api/schema.ts";

export interface Spot {
  readonly event: EventInfo;
  /** pixels at the zoom that is shown */
  readonly x: number;
  readonly y: number;
}
/** Events that would lie over each other: drawn where the first of them is, with the number of the others. */
export interface Cluster {
  readonly first: Spot;
  readonly others: readonly Spot[];
}

/**
 * Groups what is nearer than `radius` px to a more urgent event (the order of `spots`); the `selected` one comes before all
 * others, so that it is never hidden. The greedy order keeps a group where its first event is, whatever comes and goes around.
 */
export function clusters(spots: readonly Spot[], radius: number, selected: string | null): Cluster[] {
  const ordered = spots.toSorted((a, b) => Number(b.event.id === selected) - Number(a.event.id === selected));
  const groups: { first: Spot; others: Spot[] }[] = [];
  for (const spot of ordered) {
    const home = groups.find(({ first }) => Math.hypot(first.x - spot.x, first.y - spot.y) < radius);
    if (home === undefined) groups.push({ first: spot, others: [] });
    else home.others.push(spot);
  }
  return groups;
}

/** Offsets, px, that lay `n` marks side by side around their place: one ring up to 9, then a spiral outwards. */
export function ring(n: number, size: number): [dx: number, dy: number][] {
  if (n === 1) return [[0, 0]];
  if (n <= 9) {
    const radius = Math.max(size * 0.75, (size * n) / (2 * Math.PI));
    return Array.from({ length: n }, (_, i) => turn((2 * Math.PI * i) / n, radius));
  }
  const offsets: [number, number][] = [];
  let angle = 0;
  let radius = size;
  for (let i = 0; i < n; i++) {
    offsets.push(turn(angle, radius));
    angle += size / radius;
    radius += (size * size) / (2 * Math.PI * radius);
  }
  return offsets;
}

function turn(angle: number, radius: number): [number, number] {
  return [Math.sin(angle) * radius, -Math.cos(angle) * radius];
}

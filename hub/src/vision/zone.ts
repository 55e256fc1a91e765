import type { Box } from "./detection.ts";

/** Corners as fractions of the frame, x to the right and y downwards. Empty = the whole frame. */
export type Zone = readonly (readonly [number, number])[];

/**
 * A device's zone attribute: `"0.1,0.4 0.9,0.4 0.9,1 0.1,1"`. Anything else, and fewer than three corners, is the whole frame:
 * a mistyped zone must not blind a camera.
 */
export function parseZone(attribute: unknown): Zone {
  if (typeof attribute !== "string") return [];
  const corners = attribute
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split(",").map(Number));
  const good = corners.every((c) => c.length === 2 && c.every((v) => v >= 0 && v <= 1));
  return good && corners.length >= 3 ? corners.map(([x, y]) => [x, y] as const) : [];
}

/** Whether the object stands in the zone: the middle of its lower edge counts, not the middle of its box. Box as fractions. */
export function standsIn(zone: Zone, box: Box): boolean {
  if (zone.length === 0) return true;
  const x = box[0] + box[2] / 2;
  const y = box[1] + box[3];
  let inside = false;
  for (let i = 0, j = zone.length - 1; i < zone.length; j = i++) {
    const [xi, yi] = zone[i];
    const [xj, yj] = zone[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

export type Point = readonly [number, number];

/** A device's line attribute: `"0.1,0.5 0.9,0.5"`, from one end to the other; null when it is none. */
export function parseLine(attribute: unknown): readonly [Point, Point] | null {
  if (typeof attribute !== "string") return null;
  const ends = attribute
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split(",").map(Number));
  const good = ends.length === 2 && ends.every((c) => c.length === 2 && c.every((v) => v >= 0 && v <= 1));
  return good
    ? [
        [ends[0][0], ends[0][1]],
        [ends[1][0], ends[1][1]],
      ]
    : null;
}

/** Whether the way from one point to the other leads over the line, from its left to its right as one looks along it. */
export function crosses([a, b]: readonly [Point, Point], from: Point, to: Point): boolean {
  const side = (p: Point): number => (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
  const turn = (p: Point): number => (to[0] - from[0]) * (p[1] - from[1]) - (to[1] - from[1]) * (p[0] - from[0]);
  return side(from) < 0 && side(to) >= 0 && turn(a) > 0 !== turn(b) > 0;
}

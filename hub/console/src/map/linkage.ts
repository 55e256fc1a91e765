import type { XY } from "./hull.ts";

/** Groups of points of which each has another within `reach`: single linkage, as the fleet finds a formation that broke apart. */
export function linkage(points: readonly XY[], reach: number): XY[][] {
  const left = new Set(points);
  const groups: XY[][] = [];
  for (const first of left) {
    const group = [first];
    left.delete(first);
    for (let i = 0; i < group.length; i++)
      for (const other of left) {
        const [a, b] = [group[i] ?? first, other];
        if (Math.hypot(a[0] - b[0], a[1] - b[1]) > reach) continue;
        group.push(other);
        left.delete(other);
      }
    groups.push(group);
  }
  return groups.sort((a, b) => b.length - a.length);
}

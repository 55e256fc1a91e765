import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PairFinder } from "./pairs.ts";

const nm = fc.double({ min: -6, max: 6, noNaN: true });
const point = fc.record({
  x: nm,
  y: nm,
  vx: fc.double({ min: -25, max: 25, noNaN: true }),
  vy: fc.double({ min: -25, max: 25, noNaN: true }),
  group: fc.integer({ min: -1, max: 3 }),
});

describe("PairFinder", () => {
  it("finds what looking at every pair finds, each once", () => {
    const finder = new PairFinder();
    fc.assert(
      fc.property(fc.array(point, { maxLength: 40 }), fc.constantFrom(0, 1 / 6), (points, hours) => {
        finder.clear();
        for (const p of points) finder.add(p.x, p.y, p.vx, p.vy, p.group);
        const found = finder.search(0.3, hours);
        const pairs = Array.from({ length: found }, (_, k) => `${finder.a[k]}-${finder.b[k]}`);
        expect(new Set(pairs).size).toBe(found);
        const expected: string[] = [];
        for (const [i, p] of points.entries())
          for (const [j, q] of points.entries()) {
            if (i >= j || (p.group === q.group && p.group !== -1)) continue;
            const [dx, dy, wx, wy] = [q.x - p.x, q.y - p.y, q.vx - p.vx, q.vy - p.vy];
            const ww = wx * wx + wy * wy;
            const t = ww < 1e-9 ? 0 : Math.min(hours, Math.max(0, -(dx * wx + dy * wy) / ww));
            if ((dx + t * wx) ** 2 + (dy + t * wy) ** 2 <= 0.3 * 0.3) expected.push(`${i}-${j}`);
          }
        expect(pairs.sort()).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
  });
});

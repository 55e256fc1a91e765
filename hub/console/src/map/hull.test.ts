import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hull, type XY } from "./hull.ts";
import { nearest } from "./pick.ts";

describe("hull", () => {
  it("drops what lies inside or on an edge", () => {
    const square: XY[] = [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 2],
      [1, 1],
      [1, 0],
    ];
    expect(new Set(hull(square).map(String))).toEqual(new Set(["0,0", "2,0", "2,2", "0,2"]));
  });

  it("contains every point", () => {
    const point = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }));
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 30 }), (points) => {
        const ring = hull(points);
        for (const p of points)
          for (let i = 0; i < ring.length; i++) {
            const [a, b] = [ring[i] as XY, ring[(i + 1) % ring.length] as XY];
            expect((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])).toBeGreaterThanOrEqual(0);
          }
      }),
    );
  });
});

describe("pick", () => {
  it("takes the nearest within reach and skips what has no position", () => {
    const items = [
      { id: 1, lon: 5, lat: 5 },
      { id: 2, lon: 3, lat: 3 },
      { id: 3, lon: null, lat: null },
    ];
    const flat = (x: number, y: number) => ({ x, y });
    expect(nearest(items, { x: 2, y: 2 }, flat, 9)?.id).toBe(2);
    expect(nearest(items, { x: 40, y: 40 }, flat, 9)).toBeNull();
  });
});

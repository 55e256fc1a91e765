import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toWgs84 } from "./datum.ts";
import { GridSet } from "./grid-set.ts";

// Cells that share their borders, held against a search by integers that cannot round: coordinates are multiples of 2^-12 degrees.

const UNIT = 2 ** -12;
const SIZE = 6;
type Point = readonly [x: number, y: number];
type Ring = readonly Point[];

/** A net of quadrilaterals with crooked borders; neighbours have the same corners. Some are split by a diagonal. */
function net(jitter: (i: number) => number, split: (i: number) => boolean): Ring[] {
  const corner = (i: number, j: number): Point => {
    const edge = i === 0 || j === 0 || i === SIZE || j === SIZE;
    const k = i * (SIZE + 1) + j;
    return edge ? [i * 40, j * 40] : [i * 40 + jitter(2 * k), j * 40 + jitter(2 * k + 1)];
  };
  const rings: Ring[] = [];
  for (let i = 0; i < SIZE; i++)
    for (let j = 0; j < SIZE; j++) {
      const [a, b, c, d] = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
      if (split(i * SIZE + j) && convex([a, b, c, d])) rings.push([a, b, c, a], [a, c, d, a]);
      else rings.push([a, b, c, d, a]);
    }
  return rings;
}

const side = ([ax, ay]: Point, [bx, by]: Point, [x, y]: Point) =>
  Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
const convex = (ring: Ring) => ring.every((p, i) => side(p, ring[(i + 1) % 4], ring[(i + 2) % 4]) > 0);

/** Inside, or on the border; integers below 2^53 all the way. */
function holds(ring: Ring, p: Point): boolean {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [a, b] = [ring[i - 1], ring[i]];
    const on = side(a, b, p) === 0;
    if (on && p[0] >= Math.min(a[0], b[0]) && p[0] <= Math.max(a[0], b[0]) && p[1] >= Math.min(a[1], b[1]) && p[1] <= Math.max(a[1], b[1])) return true; // prettier-ignore
    if (a[1] > p[1] !== b[1] > p[1] && side(a, b, p) > 0 === b[1] > a[1]) inside = !inside;
  }
  return inside;
}

const degrees = ([x, y]: Point): [number, number] => [122 + x * UNIT, 30 + y * UNIT];
const nameOf = (i: number) => `c${String(i).padStart(3, "0")}`;
const feature = (id: string, ring: Ring, more: object = {}) => ({
  type: "Feature",
  geometry: { type: "Polygon", coordinates: [ring.map(degrees)] },
  properties: { id, name: id, level: "grid", category: "integrated", parent: null, ...more },
});
const setOf = (features: readonly object[], nearestToleranceM = 0) => {
  const { set, problems } = GridSet.build([{ file: "net", data: { type: "FeatureCollection", features } }], 1, { nearestToleranceM }); // prettier-ignore
  expect(problems).toEqual([]);
  return set;
};

const nets = fc
  .record({ jitter: fc.array(fc.integer({ min: -14, max: 14 }), { minLength: 98, maxLength: 98 }), split: fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }) })
  .map(({ jitter, split }) => net((i) => jitter[i % jitter.length], (i) => split[i])); // prettier-ignore
const points = fc.array(fc.tuple(fc.integer({ min: -20, max: 260 }), fc.integer({ min: -20, max: 260 })), { minLength: 40, maxLength: 40 }); // prettier-ignore

describe("cells that share their borders", () => {
  it("each position has the grid that an exact search finds; of those that share it, the smallest id, in any order of the file", () => {
    fc.assert(
      fc.property(nets, points, (rings, free) => {
        const features = rings.map((ring, i) => feature(nameOf(i), ring));
        const [set, turned] = [setOf(features), setOf(features.toReversed())];
        const corners = rings.flat();
        const middles = rings.map(([a, b]): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
        for (const p of [...free, ...corners, ...middles]) {
          const i = rings.findIndex((ring) => holds(ring, p));
          const expected = i === -1 ? { gridId: null, match: "unmatched" } : { gridId: nameOf(i), match: "inside" };
          expect(set.locate(...degrees(p))).toEqual(expected);
          expect(turned.locate(...degrees(p))).toEqual(expected);
        }
      }),
      { seed: 17, numRuns: 30 },
    );
  });

  it("special grids go before general ones and the finest level before the coarser, whatever the sizes and ids", () => {
    const levels = ["micro_grid", "grid", "village"] as const;
    const layer = fc.record({ level: fc.constantFrom(...levels), dedicated: fc.boolean(), x: fc.nat(200), y: fc.nat(200), w: fc.integer({ min: 10, max: 150 }) }); // prettier-ignore
    fc.assert(
      fc.property(fc.array(layer, { minLength: 2, maxLength: 12 }), points, (layers, free) => {
        const cells = layers.map(({ x, y, w, ...rest }, i) => {
          const ring: Ring = [[x, y], [x + w, y], [x + w, y + w], [x, y + w], [x, y]]; // prettier-ignore
          return { ...rest, ring, id: nameOf((i * 7) % 13) };
        });
        const set = setOf(cells.map(({ id, ring, level, dedicated }) => feature(id, ring, { level, category: dedicated ? "dedicated" : "integrated" }))); // prettier-ignore
        const best = cells.toSorted((a, b) => Number(b.dedicated) - Number(a.dedicated) || levels.indexOf(a.level) - levels.indexOf(b.level) || (a.id < b.id ? -1 : 1)); // prettier-ignore
        for (const p of free)
          expect(set.locate(...degrees(p)).gridId).toBe(best.find(({ ring }) => holds(ring, p))?.id ?? null);
      }),
      { seed: 23, numRuns: 80 },
    );
  });

  it("what is in no cell has the nearest within the tolerance, flagged, and nothing is lost", () => {
    const metres = (ring: Ring, p: Point) => {
      const cos = Math.cos(((30 + p[1] * UNIT) * Math.PI) / 180);
      let best = Infinity;
      for (let i = 1; i < ring.length; i++) {
        const [ax, ay, bx, by] = [(ring[i - 1][0] - p[0]) * cos, ring[i - 1][1] - p[1], (ring[i][0] - p[0]) * cos, ring[i][1] - p[1]]; // prettier-ignore
        const [dx, dy] = [bx - ax, by - ay];
        const t = Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)));
        best = Math.min(best, Math.hypot(ax + t * dx, ay + t * dy));
      }
      return best * UNIT * 111_195;
    };
    const gone = fc.array(fc.nat(70), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(nets, gone, points, (rings, holes, free) => {
        const left = rings.map((ring, i) => ({ ring, id: nameOf(i) })).filter((_, i) => !holes.includes(i));
        const set = setOf(left.map(({ id, ring }) => feature(id, ring)), 400); // prettier-ignore
        for (const p of free) {
          const found = set.locate(...degrees(p));
          const inside = left.find(({ ring }) => holds(ring, p));
          if (inside !== undefined) expect(found).toEqual({ gridId: inside.id, match: "inside" });
          else {
            const near = left.map(({ ring, id }) => ({ id, m: metres(ring, p) })).sort((a, b) => a.m - b.m || (a.id < b.id ? -1 : 1)); // prettier-ignore
            const [nearest] = near;
            if (nearest.m > 400.001) expect(found).toEqual({ gridId: null, match: "unmatched" });
            else if (nearest.m < 399.999) {
              expect(found.match).toBe("nearest");
              // two at a shared corner are as near, but for the last bit
              expect(near.filter(({ m }) => m - nearest.m < 1e-6).map(({ id }) => id)).toContain(found.gridId);
            }
          }
        }
      }),
      { seed: 29, numRuns: 60 },
    );
  });
});

describe("coordinates of other frames", () => {
  // forward by formulae of the datums, published and repeated in many places; the inverse must come back to where it began
  it.each([
    ["gcj02", 121.531541859215, 31.17530398364597, 121.5272106, 31.1774276],
    ["gcj02", 113.9171764808363, 22.540796131694766, 113.912316, 22.543847],
    ["gcj02", 116.38404722455657, 39.91334545536069, 116.377817, 39.911954],
    ["gcj02", 116.41024449916938, 39.91640428150164, 116.404, 39.915],
    ["bd09", 116.41036949371029, 39.92133699351021, 116.39776, 39.9136], // by way of GCJ-02 116.404, 39.915
    ["cgcs2000", 122.4673, 30.7141, 122.4673, 30.7141],
    ["wgs84", 122.4673, 30.7141, 122.4673, 30.7141],
  ] as const)("%s %f,%f", (datum, lon, lat, x, y) => {
    const [east, north] = toWgs84(datum, lon, lat);
    expect(Math.abs(east - x)).toBeLessThan(2e-5);
    expect(Math.abs(north - y)).toBeLessThan(2e-5);
  });

  it("a cell in any frame is found where it is", () => {
    const ring: Ring = [[0, 0], [40, 0], [40, 40], [0, 40], [0, 0]]; // prettier-ignore
    for (const datum of ["gcj02", "bd09", "cgcs2000"] as const) {
      const set = setOf([feature("a", ring, { datum })]);
      const [lon, lat] = toWgs84(datum, ...degrees([20, 20]));
      expect(set.locate(lon, lat).gridId).toBe("a");
      const [outLon, outLat] = toWgs84(datum, ...degrees([41, 20]));
      expect(set.locate(outLon, outLat).gridId).toBeNull();
    }
  });
});

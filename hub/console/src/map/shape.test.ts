import { describe, expect, it } from "vitest";
import { asCircle, circleRing, contains, cornersOf, crossings, inserted, metres, middleAfter, moved, type Point, removed, type Shape, squareMetres } from "./shape.ts"; // prettier-ignore
import { geometryOf, propertiesOf, shapeOf } from "./shape-geojson.ts";

const square = (x: number, y: number, side = 0.02): Point[] => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]; // prettier-ignore
const bow: Point[] = [[122, 30], [122.02, 30.02], [122.02, 30], [122, 30.02]]; // prettier-ignore

describe("shape", () => {
  it("finds where sides cross, within a ring and between rings, not where neighbours meet", () => {
    expect(crossings([square(122, 30)])).toEqual([]);
    const [crossing] = crossings([bow]);
    expect(crossing?.at[0]).toBeCloseTo(122.01, 6);
    expect(crossing?.at[1]).toBeCloseTo(30.01, 6);
    expect(crossings([square(122, 30), square(122.01, 30.01)]).length).toBe(2);
    expect(crossings([square(122, 30), square(122.005, 30.005, 0.01)])).toEqual([]);
  });

  it("does not hold the open end of a ring that is being drawn against it", () => {
    expect(crossings([bow.slice(0, 3)], true)).toEqual([]);
    const hook: Point[] = [[0, 0], [4, 0], [4, 4], [2, 4], [2, -1]]; // prettier-ignore
    expect(crossings([hook], true).length).toBe(1);
    expect(crossings([hook.slice(0, 4)], true)).toEqual([]);
  });

  it("moves, inserts and removes corners; of a triangle the ring goes", () => {
    const shape: Shape = [[square(122, 30), square(122.005, 30.005, 0.01).slice(0, 3)]];
    expect(cornersOf(shape).length).toBe(7);
    expect(moved(shape, [0, 0, 1], [123, 31])[0]?.[0]?.[1]).toEqual([123, 31]);
    const middle = middleAfter(shape, [0, 0, 3])!;
    expect(inserted(shape, [0, 0, 3], middle)[0]?.[0]?.[4]).toEqual([122, 30.01]);
    expect(removed(shape, [0, 0, 0])[0]?.[0]?.length).toBe(3);
    expect(removed(shape, [0, 1, 0])[0]?.length).toBe(1);
    expect(removed([[square(122, 30).slice(0, 3)]], [0, 0, 0])).toEqual([]);
    expect(moved(shape, [3, 0, 0], [1, 1])).toBe(shape);
  });

  it("knows a circle again and reckons its surface", () => {
    const ring = circleRing({ centre: [122.5, 30.7], radius: 1852 });
    expect(metres([122.5, 30.7], ring[9]!)).toBeCloseTo(1852, 0);
    const found = asCircle([[ring]])!;
    expect(found.radius).toBe(1852);
    expect(metres(found.centre, [122.5, 30.7])).toBeLessThan(1);
    expect(asCircle([[square(122, 30)]])).toBeNull();
    expect(asCircle([[ring.with(4, [122.5, 30.7])]])).toBeNull();
    expect(squareMetres([[ring]]) / (Math.PI * 1852 ** 2)).toBeCloseTo(1, 2);
    expect(squareMetres([[square(122, 30), square(122.005, 30.005, 0.01)]]) / squareMetres([[square(122, 30)]])).toBeCloseTo(0.75, 3); // prettier-ignore
  });

  it("has places inside, not in its holes", () => {
    const shape: Shape = [[square(122, 30), square(122.005, 30.005, 0.01)], [square(123, 30)]];
    const inside = (lon: number, lat: number) => contains(shape, [lon, lat]);
    expect([inside(122.002, 30.002), inside(122.01, 30.01), inside(123.01, 30.01), inside(124, 30)]).toEqual([true, false, true, false]); // prettier-ignore
  });

  it("goes through GeoJSON and back, and reads a collection; what is no polygon is null", () => {
    const one: Shape = [[square(122, 30)]];
    const two: Shape = [[square(122, 30), square(122.005, 30.005, 0.01)], [square(123, 30)]];
    for (const shape of [one, two]) expect(shapeOf(geometryOf(shape))).toEqual(shape);
    const feature = { type: "Feature", properties: { name: "A" }, geometry: geometryOf(one) };
    const point = { type: "Feature", properties: { name: "P" }, geometry: { type: "Point", coordinates: [1, 2] } };
    const collection = { type: "FeatureCollection", features: [point, feature] };
    expect(shapeOf(collection)).toEqual(one);
    expect(propertiesOf(collection)).toEqual({ name: "A" });
    for (const bad of [
      null,
      7,
      [],
      point,
      {
        type: "Polygon",
        coordinates: [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      },
      { type: "Polygon", coordinates: [[[1, "x"]]] },
    ])
      // prettier-ignore
      expect(shapeOf(bad)).toBeNull();
    expect(propertiesOf(7)).toEqual({});
  });
});

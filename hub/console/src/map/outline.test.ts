import { expect, it } from "vitest";
import { outline } from "./outline.ts";

const square = (x: number) => ({
  type: "Polygon",
  coordinates: [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]], // prettier-ignore
});

it("leaves out the side that two pieces share", () => {
  expect(outline([square(0)])).toHaveLength(4);
  const both = outline([square(0), square(1)]);
  expect(both).toHaveLength(6);
  expect(both.some(([a, b]) => a[0] === 1 && b[0] === 1)).toBe(false);
});

it("takes pieces of several parts, and nothing from what is no area", () => {
  const { coordinates } = square(5);
  expect(outline([{ type: "MultiPolygon", coordinates: [coordinates, square(9).coordinates] }])).toHaveLength(8);
  expect(outline([{ type: "Point", coordinates: [0, 0] }])).toEqual([]);
});

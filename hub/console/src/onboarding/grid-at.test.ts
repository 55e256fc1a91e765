import { describe, expect, it } from "vitest";
import { gridAt } from "./grid-at.ts";

const square = (x: number, y: number, size: number) => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
];
const grid = (id: string, parent: string | null, geometry: unknown, category = "integrated") => ({
  id,
  name: id,
  level: "grid",
  category,
  parent,
  members: 0,
  geometry,
});
const GRIDS = [
  grid("county", null, { type: "Polygon", coordinates: [square(0, 0, 10)] }),
  grid("town", "county", { type: "Polygon", coordinates: [square(0, 0, 6), square(4, 4, 1)] }),
  grid("cell", "town", { type: "MultiPolygon", coordinates: [[square(1, 1, 1)], [square(3, 1, 1)]] }),
  grid("sea", null, { type: "Polygon", coordinates: [square(0, 0, 20)] }, "maritime"),
  grid("formation", null, null),
];

describe("the grid at a position", () => {
  it.each([
    [1.5, 1.5, "cell"],
    [3.5, 1.5, "cell"],
    [2.5, 1.5, "town"],
    [4.5, 4.5, "county"],
    [8, 8, "county"],
    [15, 15, undefined],
  ])("%d, %d is in %s", (lon, lat, id) => {
    expect(gridAt(GRIDS, lon, lat)?.id).toBe(id);
  });
});

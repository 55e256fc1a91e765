import { describe, expect, it } from "vitest";
import { checkShapes } from "./check.ts";
import { GridSet } from "./grid-set.ts";

type XY = [number, number];
const ring = (...points: XY[]) => ({ type: "Polygon", coordinates: [[...points, points[0]]] });
const box = (x: number, y: number, w: number, h = w) => ring([x, y], [x + w, y], [x + w, y + h], [x, y + h]);
const feature = (
  id: string,
  geometry: unknown,
  level = "grid",
  parent: string | null = "v",
  category = "integrated",
) => ({
  type: "Feature",
  properties: { id, name: id, level, category, parent },
  geometry,
});
const check = (...features: unknown[]) => {
  const { set, problems } = GridSet.build([{ type: "FeatureCollection", features }], 1);
  expect(problems).toEqual([]);
  return checkShapes(set);
};
const village = feature("v", box(122, 30, 0.02), "village", null);

describe("checkShapes", () => {
  it("finds nothing wrong with cells that share their parent out", () => {
    const cells = [0, 0.01].flatMap((x) => [0, 0.01].map((y) => feature(`g${x}${y}`, box(122 + x, 30 + y, 0.01))));
    expect(check(village, ...cells)).toEqual([]);
  });

  it("finds a boundary that crosses itself, and where", () => {
    const bow = ring([122, 30], [122.01, 30.01], [122.012, 30], [122, 30.01]);
    const [problem] = check(feature("bow", bow, "grid", null));
    expect(problem).toMatchObject({ code: "self_intersection", id: "bow", severity: "error" });
    expect(problem.lon).toBeCloseTo(122.00545, 4);
    expect(problem.lat).toBeCloseTo(30.00545, 4);
  });

  it.each([
    ["a corner in the other", box(122, 30, 0.01), box(122.005, 30.005, 0.015)],
    ["a cross without a corner in the other", box(122, 30.008, 0.02, 0.004), box(122.008, 30, 0.004, 0.02)],
    ["one inside the other", box(122, 30, 0.02), box(122.005, 30.005, 0.005)],
    ["equal shapes", box(122, 30, 0.02), box(122, 30, 0.02)],
  ])("finds an overlap of siblings: %s", (_name, a, b) => {
    const found = check(village, feature("a", a), feature("b", b)).filter((p) => p.code === "overlap");
    expect(found).toHaveLength(1);
    const { lon, lat } = found[0];
    expect(lon! > 122 && lon! < 122.02 && lat! > 30 && lat! < 30.02).toBe(true);
  });

  it("does not call rounding an overlap, nor a market over its village", () => {
    const rounded = box(122.00999, 30, 0.01001, 0.02);
    const market = feature("m", box(122.001, 30.001, 0.004), "grid", "v", "dedicated");
    const found = check(village, feature("a", box(122, 30, 0.01, 0.02)), feature("b", rounded), market);
    expect(found).toEqual([]);
  });

  it("finds a gap that the parent claims, and one that is walled in without a parent", () => {
    const claimed = check(village, feature("a", box(122, 30, 0.01, 0.02)), feature("b", box(122.01, 30, 0.01)));
    expect(claimed).toMatchObject([{ code: "gap", id: "v", severity: "warning" }]);
    expect(claimed[0].lon).toBeGreaterThan(122.01);
    expect(claimed[0].lat).toBeGreaterThan(30.01);
    const walls = [box(1, 1, 3, 1), box(1, 3, 3, 1), box(1, 2, 1), box(3, 2, 1)];
    const free = check(...walls.map((w, i) => feature(`w${i}`, w, "grid", null)));
    expect(free).toMatchObject([{ code: "gap" }]);
    expect(free[0].lon! > 2 && free[0].lon! < 3 && free[0].lat! > 2 && free[0].lat! < 3).toBe(true);
    const bay = check(...walls.slice(0, 3).map((w, i) => feature(`w${i}`, w, "grid", null)));
    expect(bay).toEqual([]);
  });

  it("finds a cell that leaves its parent", () => {
    const [problem] = check(village, feature("a", box(122.01, 30.01, 0.02, 0.005)));
    expect(problem).toMatchObject({ code: "outside_parent", id: "a", lon: 122.03 });
  });
});

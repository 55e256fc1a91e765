import { describe, expect, it } from "vitest";
import type { Grid } from "../grids/grid.ts";
import { affectedTowns } from "./affected-towns.ts";
import type { WarningArea } from "./warning.ts";

const square = (lon: number, lat: number, size: number): [number, number][] => [
  [lon, lat],
  [lon + size, lat],
  [lon + size, lat + size],
  [lon, lat + size],
  [lon, lat],
];
const town = (id: string, lon: number, lat: number): Grid => ({
  id,
  name: id,
  level: "town",
  category: "integrated",
  parent: null,
  codes: {},
  synthetic: true,
  geometry: { type: "Polygon", coordinates: [square(lon, lat, 0.1)] },
  members: [],
});
const TOWNS = [town("330922100", 122.4, 30.7), town("330922101", 122.8, 30.7), town("330921100", 122, 30)];
const area = (part: Partial<WarningArea>): WarningArea => ({ text: "", polygons: [], circles: [], codes: [], ...part });

describe("the towns that a warning concerns", () => {
  it.each<[string, Partial<WarningArea>, number[]]>([
    ["a county's code", { codes: ["330922"] }, [0, 1]],
    ["a city's code", { codes: ["330900"] }, [0, 1, 2]],
    ["a town's own code", { codes: ["330922101"] }, [1]],
    ["a village of a town", { codes: ["330922101201"] }, [1]],
    ["a code elsewhere", { codes: ["310100"] }, []],
    ["a polygon around a town", { polygons: [square(122.3, 30.6, 0.4)] }, [0]],
    ["a polygon within a town", { polygons: [square(122.82, 30.72, 0.01)] }, [1]],
    ["a polygon that only crosses", { polygons: [[[122.3, 30.74], [123, 30.74], [123, 30.76], [122.3, 30.76], [122.3, 30.74]]] }, [0, 1]], // prettier-ignore
    ["a circle beside a town that reaches it", { circles: [{ lon: 122.39, lat: 30.75, radiusM: 1200 }] }, [0]],
    ["a circle beside a town that does not", { circles: [{ lon: 122.38, lat: 30.75, radiusM: 1200 }] }, []],
    ["no place at all", { text: "everywhere" }, [0, 1, 2]],
  ])("%s", (_, part, expected) => {
    expect(affectedTowns([area(part)], TOWNS)).toEqual(expected.map((i) => TOWNS[i].id));
  });
});

import type { Random } from "../random.ts";
import type { Town } from "./coast.ts";
import { toGeometry, type GridFeature } from "./feature.ts";
import { shortName } from "./land.ts";
import { centroid, planeAt, type Plane, type Point, type Ring } from "./polygon.ts";
import { splitIslands } from "./split.ts";

/** 75 work areas of the fishing fleet: where each town's boats work. The figures per town are made up, their sum is not. */
export const AREAS_OF_TOWN: Readonly<Record<string, number>> = {
  "330922100": 16,
  "330922101": 20,
  "330922102": 3,
  "330922200": 8,
  "330922201": 7,
  "330922202": 16,
  "330922203": 5,
};

/** Open water around the islands, free of every shape of the coast file. [west, south, east, north] */
const WATERS: readonly (readonly [number, number, number, number])[] = [
  [122.92, 30.25, 124.0, 31.25],
  [122.2, 30.93, 122.92, 31.25],
  [122.5, 30.25, 122.92, 30.56],
];

/** Farms lie in sheltered water close to the islands (mussels off 枸杞 in the real county). [name, town, centre, radius km] */
const FARMS: readonly (readonly [string, string, Point, number])[] = [
  ["枸杞 西 养殖区", "330922202", [122.735, 30.712], 1],
  ["枸杞 南 养殖区", "330922202", [122.765, 30.687], 0.9],
  ["枸杞 北 养殖区", "330922202", [122.752, 30.745], 1],
  ["嵊山 北 养殖区", "330922101", [122.815, 30.752], 0.9],
  ["花鸟 南 养殖区", "330922203", [122.69, 30.826], 0.8],
  ["绿华 南 养殖区", "330922100", [122.628, 30.803], 0.8],
  ["黄龙 东 养殖区", "330922201", [122.602, 30.674], 0.9],
];

/** The carriers' water. [name, town, west, south, east, north] */
const TRANSPORT: readonly (readonly [string, string, number, number, number, number])[] = [
  ["洋山 运输网格", "330922102", 122.17, 30.59, 122.265, 30.7],
  ["马迹 运输网格", "330922100", 122.3, 30.655, 122.398, 30.735],
];

export interface WorkArea {
  readonly id: string;
  readonly town: Town;
  /** degrees */
  readonly ring: Ring;
}

/** 75 fishing areas, 7 farms and 2 transport grids. Their parent is the town whose room watches them. */
export function buildSea(towns: readonly Town[], random: Random): { features: GridFeature[]; areas: WorkArea[] } {
  const plane = planeAt(123, 30.75);
  const waters = WATERS.map(([w, s, e, n]) => box(w, s, e, n).map((p) => plane.toMetres(p)));
  const total = Object.values(AREAS_OF_TOWN).reduce((a, b) => a + b, 0);
  const cells = splitIslands(waters, total, random.fork("areas")).map((rings) => rings[0]);
  const features: GridFeature[] = [];
  const areas: WorkArea[] = [];
  const serials = new Map<string, number>();
  for (const { town, ring } of allot(cells, towns, plane)) {
    const serial = (serials.get(town.code) ?? 0) + 1;
    serials.set(town.code, serial);
    const id = `m-area-${areas.length + 1}`;
    const degrees = ring.map((p) => plane.toDegrees(p));
    areas.push({ id, town, ring: degrees });
    features.push(
      seaCell(id, `${shortName(town)} ${String(serial).padStart(2, "0")} 作业区`, town.code, degrees, "fishing"),
    );
  }
  FARMS.forEach(([name, town, centre, km], i) => {
    features.push(seaCell(`m-farm-${i + 1}`, name, town, blob(centre, km, random.fork(name)), "aquaculture"));
  });
  TRANSPORT.forEach(([name, town, w, s, e, n], i) => {
    features.push(seaCell(`m-trans-${i + 1}`, name, town, box(w, s, e, n), "transport"));
  });
  return { features, areas };
}

/** Gives every cell to a town, nearest pairs first, each town up to its number. */
function allot(cells: readonly Ring[], towns: readonly Town[], plane: Plane): { town: Town; ring: Ring }[] {
  const pairs = cells
    .flatMap((ring, cell) => {
      const at = centroid(ring);
      return towns.map((town) => {
        const home = plane.toMetres(HARBOURS[town.code]);
        return { cell, town, metres: Math.hypot(at[0] - home[0], at[1] - home[1]) };
      });
    })
    .sort((a, b) => a.metres - b.metres);
  const left = new Map(towns.map((town) => [town.code, AREAS_OF_TOWN[town.code]]));
  const owner = new Map<number, Town>();
  for (const { cell, town } of pairs) {
    const free = left.get(town.code) ?? 0;
    if (free === 0 || owner.has(cell)) continue;
    left.set(town.code, free - 1);
    owner.set(cell, town);
  }
  return cells.flatMap((ring, cell) => {
    const town = owner.get(cell);
    return town === undefined ? [] : [{ town, ring }];
  });
}

/** Water beside each town's main island where its boats lie; degrees. */
export const HARBOURS: Readonly<Record<string, Point>> = {
  "330922100": [122.476, 30.725],
  "330922101": [122.7972, 30.706],
  "330922102": [122.098, 30.586],
  "330922200": [122.541, 30.714],
  "330922201": [122.5415, 30.652],
  "330922202": [122.7865, 30.7145],
  "330922203": [122.708, 30.849],
};

function seaCell(
  id: string,
  name: string,
  parent: string,
  ring: Ring,
  use: "fishing" | "aquaculture" | "transport",
): GridFeature {
  const properties = { id, name, level: "area", category: "maritime", parent, synthetic: true, use } as const;
  return { type: "Feature", id, properties, geometry: toGeometry([ring]) };
}

function box(west: number, south: number, east: number, north: number): Point[] {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
  ];
}

/** A rounded eleven-corner shape, counter-clockwise. */
function blob(centre: Point, km: number, random: Random): Point[] {
  const plane = planeAt(centre[0], centre[1]);
  return Array.from({ length: 11 }, (_, i) => {
    const r = km * 1000 * random.between(0.72, 1);
    const a = (2 * Math.PI * i) / 11;
    return plane.toDegrees([r * Math.cos(a), 0.8 * r * Math.sin(a)]);
  });
}

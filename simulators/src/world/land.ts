import type { Random } from "../random.ts";
import { readCoast, readPlaces, type Place, type Town } from "./coast.ts";
import { ringsOf, toGeometry, type GridFeature } from "./feature.ts";
import { area, centroid, planeAt, type Plane, type Point, type Ring } from "./polygon.ts";
import { cut, nearest, splitIslands } from "./split.ts";
import { stitch } from "./stitch.ts";

/** The county's figures: 77 grids and 332 micro-grids in 7 towns (reply of the county, 2022). How they spread is made up. */
const GRIDS_OF_TOWN: Readonly<Record<string, number>> = {
  "330922100": 26,
  "330922101": 10,
  "330922102": 13,
  "330922200": 9,
  "330922201": 8,
  "330922202": 8,
  "330922203": 3,
};
const MICRO_GRIDS = 332;
const CAIYUAN = "330922100";
const WULONG = "330922200";
const SHARED_ISLAND = "泗礁山";

/** Villages whose island is known by name; the others share what is left of their town. */
const VILLAGE_ISLANDS: Readonly<Record<string, readonly string[]>> = {
  马迹村: ["马迹山"],
  绿华村: ["西绿华", "东绿华"],
  金平村: ["金鸡山"],
  壁下村: ["壁下山"],
  小洋港区社区: ["小洋山(含港区填海)"],
};
/** Its island lies outside the extract. */
const ABSENT_VILLAGES = new Set(["滩浒村"]);

interface Land {
  readonly name: string | null;
  readonly ring: Ring;
}

/** County, towns, villages, grids and micro-grids, each cut out of the one above it: children never leave their parent. */
export function buildLand(random: Random): GridFeature[] {
  return stitchFeatures(cutLand(random));
}

function cutLand(random: Random): GridFeature[] {
  const { county, towns } = readPlaces();
  const plane = planeAt(122.45, 30.7);
  const lands = landsOfTowns(plane, random.fork("shared-island"));
  const all = [...lands.values()].flat().map((land) => land.ring);
  const features: GridFeature[] = [
    feature(county.code, county.name, "county", null, all, plane, { stat: county.code }),
  ];
  const grids: { id: string; label: string; rings: Ring[]; town: Town; size: number }[] = [];
  for (const town of towns) {
    const own = lands.get(town.code) ?? [];
    const rings = own.map((land) => land.ring);
    features.push(feature(town.code, town.name, "town", county.code, rings, plane, { stat: town.code }));
    const villages = villagesOf(town, own, random.fork(town.code));
    const counts = shareOut(
      villages.map((v) => Math.sqrt(size(v.rings))),
      GRIDS_OF_TOWN[town.code],
    );
    const cells = villages.flatMap((village, i) => {
      const { code, name } = village.place;
      features.push(feature(code, name, "village", town.code, village.rings, plane, { stat: code }));
      return splitIslands(village.rings, counts[i], random.fork(code)).map((part) => ({ parent: code, rings: part }));
    });
    // Serials run west to east, then north to south (DB6101/T 3185-2024 has the same order).
    const place = (rings: readonly Ring[]): Point => centroid(rings[0]);
    cells.sort((a, b) => place(a.rings)[0] - place(b.rings)[0] || place(b.rings)[1] - place(a.rings)[1]);
    cells.forEach((cell, i) => {
      const serial = String(i + 1).padStart(2, "0");
      const label = `${shortName(town)} ${serial}`;
      const id = `${town.code}-${serial}`;
      features.push(feature(id, `${label} 网格`, "grid", cell.parent, cell.rings, plane));
      grids.push({ id, label, rings: cell.rings, town, size: size(cell.rings) });
    });
  }
  const extra = new Set([...grids].sort((a, b) => b.size - a.size).slice(0, MICRO_GRIDS - 4 * grids.length));
  for (const grid of grids) {
    splitIslands(grid.rings, extra.has(grid) ? 5 : 4, random.fork(grid.id)).forEach((rings, i) => {
      const label = `${grid.label}-${i + 1} 微网格`;
      features.push(feature(`${grid.id}-${i + 1}`, label, "micro_grid", grid.id, rings, plane));
    });
  }
  return features;
}

export function shortName(town: Place): string {
  return town.name.slice(0, -1);
}

/** Islands in metres by town. 泗礁山 is cut into a western and an eastern part; islets go to the nearest island's town. */
function landsOfTowns(plane: Plane, random: Random): Map<string, Land[]> {
  const coast = readCoast().map((island) => ({ ...island, ring: island.ring.map((p) => plane.toMetres(p)) }));
  const named = coast.filter((island) => island.town !== null);
  const centres = named.map((island) => centroid(island.ring));
  const towns = new Map<string, Land[]>();
  const give = (town: string, land: Land): void => void towns.set(town, [...(towns.get(town) ?? []), land]);
  for (const island of coast) {
    if (island.name === SHARED_ISLAND) {
      const halves = cut(island.ring, 0.62, random);
      const east = centroid(halves[0])[0] > centroid(halves[1])[0] ? 0 : 1;
      give(WULONG, { name: SHARED_ISLAND, ring: halves[east] });
      give(CAIYUAN, { name: SHARED_ISLAND, ring: halves[1 - east] });
    } else {
      const town = island.town ?? named[nearest(centres, centroid(island.ring))].town;
      give(town ?? CAIYUAN, { name: island.name, ring: island.ring });
    }
  }
  return towns;
}

interface Village {
  readonly place: Place;
  readonly rings: Ring[];
}

function villagesOf(town: Town, lands: readonly Land[], random: Random): Village[] {
  const places = town.villages.filter((v) => !ABSENT_VILLAGES.has(v.name));
  const pinned: Village[] = [];
  const rest = new Set(lands);
  const free: Place[] = [];
  for (const place of places) {
    const islands = VILLAGE_ISLANDS[place.name];
    if (islands === undefined) {
      free.push(place);
      continue;
    }
    const own = lands.filter((land) => land.name !== null && islands.includes(land.name));
    for (const land of own) rest.delete(land);
    pinned.push({ place, rings: own.map((land) => land.ring) });
  }
  const named = [...rest].filter((land) => land.name !== null);
  const parts = splitIslands(
    named.map((land) => land.ring),
    free.length,
    random,
  );
  // West to east, in the order of the codes: an arbitrary but stable match of names to parts.
  parts.sort((a, b) => centroid(a[0])[0] - centroid(b[0])[0]);
  const villages = [...pinned, ...free.map((place, i) => ({ place, rings: parts[i] }))];
  const centres = villages.flatMap((v) => v.rings.map((ring) => ({ v, at: centroid(ring) })));
  for (const islet of rest) {
    if (islet.name !== null) continue;
    const owner =
      centres[
        nearest(
          centres.map((c) => c.at),
          centroid(islet.ring),
        )
      ].v;
    owner.rings.push(islet.ring);
  }
  return villages;
}

function feature(
  id: string,
  name: string,
  level: "county" | "town" | "village" | "grid" | "micro_grid",
  parent: string | null,
  rings: readonly Ring[],
  plane: Plane,
  codes?: Readonly<Record<string, string>>,
): GridFeature {
  const properties = {
    id,
    name,
    level,
    category: "integrated",
    parent,
    synthetic: true,
    ...(codes && { codes }),
  } as const;
  return { type: "Feature", id, properties, geometry: toGeometry(rings.map((r) => r.map((p) => plane.toDegrees(p)))) };
}

function size(rings: readonly Ring[]): number {
  return rings.reduce((sum, ring) => sum + area(ring), 0);
}

function stitchFeatures(features: readonly GridFeature[]): GridFeature[] {
  const rings = features.map((f) => ringsOf(f.geometry));
  const stitched = stitch(rings.flat());
  let next = 0;
  return features.map((f, i) => ({ ...f, geometry: toGeometry(rings[i].map(() => stitched[next++])) }));
}

/** Whole numbers that add up to `total`, at least 1 each, in proportion to the weights (highest averages). */
export function shareOut(weights: readonly number[], total: number): number[] {
  const counts = weights.map(() => 1);
  for (let given = weights.length; given < total; given++) {
    let most = 0;
    for (let i = 1; i < weights.length; i++) if (weights[i] / counts[i] > weights[most] / counts[most]) most = i;
    counts[most]++;
  }
  return counts;
}

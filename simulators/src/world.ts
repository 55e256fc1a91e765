import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "./random.ts";
import { COAST_FILE, readPlaces, type Place, type Town } from "./world/coast.ts";
import type { GridFeature } from "./world/feature.ts";
import { buildLand } from "./world/land.ts";
import { buildSea } from "./world/sea.ts";
import { buildFleet, formationFeature, type Formation, type Vessel } from "./world/vessels.ts";

export const DEFAULT_SEED = "shengsi";

/** One seeded county: its grids, its fleet. The same seed is the same world on every machine. */
export interface World {
  readonly seed: string;
  readonly county: Place;
  readonly towns: readonly Town[];
  /** every grid of every level, parents before their children */
  readonly features: readonly GridFeature[];
  readonly feature: ReadonlyMap<string, GridFeature>;
  readonly formations: readonly Formation[];
  readonly carriers: readonly Vessel[];
  /** fishing vessels, then carriers: 1,168 */
  readonly vessels: readonly Vessel[];
}

/** 7 towns, 77 grids, 332 micro-grids, 75 + 7 + 2 sea areas, 213 formations, 1,168 vessels. Takes about 0.2 s. */
export function buildWorld(seed: string = DEFAULT_SEED): World {
  const random = createRandom(seed);
  const { county, towns } = readPlaces();
  const sea = buildSea(towns, random.fork("sea"));
  const carrierTowns = towns.filter((town) => town.name === "洋山镇" || town.name === "菜园镇");
  const { formations, carriers } = buildFleet(sea.areas, carrierTowns, random);
  const features = [...buildLand(random.fork("land")), ...sea.features, ...formations.map(formationFeature)];
  return {
    seed,
    county,
    towns,
    features,
    feature: new Map(features.map((f) => [f.id, f])),
    formations,
    carriers,
    vessels: [...formations.flatMap((f) => f.vessels), ...carriers],
  };
}

export interface WorldFiles {
  readonly grids: string;
  readonly coast: string;
}

/** Writes `grids.geojson` (what the hub imports) and `coast.geojson` (what the map draws). Creates the folder. */
export async function writeWorld(dir: string, world: World = buildWorld()): Promise<WorldFiles> {
  await mkdir(dir, { recursive: true });
  const files = { grids: join(dir, "grids.geojson"), coast: join(dir, "coast.geojson") };
  const lines = world.features.map((f) => JSON.stringify(f)).join(",\n");
  await writeFile(
    files.grids,
    `{"type":"FeatureCollection","name":"${world.county.name} (synthetic)","attribution":` +
      `"Islands © OpenStreetMap contributors, ODbL 1.0; grid borders are synthetic, seed ${world.seed}","features":[\n${lines}\n]}\n`,
  );
  await copyFile(COAST_FILE, files.coast);
  return files;
}

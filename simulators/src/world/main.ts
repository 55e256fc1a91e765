import { writeWorld, buildWorld, DEFAULT_SEED } from "../world.ts";

const [dir, seed = DEFAULT_SEED] = process.argv.slice(2);
if (dir === undefined || dir.startsWith("-")) {
  console.error("usage: node simulators/src/world/main.ts DIR [SEED]   writes grids.geojson and coast.geojson");
  process.exitCode = 2;
} else {
  const world = buildWorld(seed);
  const files = await writeWorld(dir, world);
  console.log(`${files.grids}: ${world.features.length} grids of all levels, ${world.vessels.length} vessels`);
  console.log(files.coast);
}

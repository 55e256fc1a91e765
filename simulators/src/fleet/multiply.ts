import type { Random } from "../random.ts";
import type { World } from "../world.ts";
import { type Boat, formationBoats } from "./motion.ts";

/** Copies of the county lie this far apart, degrees: further than any boat sails. */
const STEP = { lon: 2.4, lat: 1.6 };
const COLUMNS = 10;
const WEST = -60; // degrees from the county; the copies spread over open ocean and land alike
const FIRST_MMSI = 414_000_000;

/**
 * The fishing fleet again and again on other waters until there are `vessels` boats, for load: same formations, speeds and
 * reports, with numbers of their own. The first copies are the county itself.
 * @returns boats, and the formation of each number: `m-form-12` of copy 3 is `m-form-12~3`
 */
export function multipliedFleet(
  world: World,
  vessels: number,
  random: Random,
): { readonly boats: Boat[]; readonly formationOf: ReadonlyMap<number, string> } {
  const boats: Boat[] = [];
  const formationOf = new Map<number, string>();
  for (let copy = 0; boats.length < vessels; copy++) {
    const lon = copy === 0 ? 0 : WEST + STEP.lon * (copy % COLUMNS);
    const lat = copy === 0 ? 0 : -STEP.lat * Math.floor(copy / COLUMNS);
    for (const formation of world.formations) {
      for (const boat of formationBoats(formation, random.fork(`${formation.id}~${copy}`))) {
        if (boats.length >= vessels) return { boats, formationOf };
        const mmsi = copy === 0 ? boat.vessel.mmsi : FIRST_MMSI + boats.length;
        const home: [number, number] = [boat.group.home[0] + lon, boat.group.home[1] + lat];
        boats.push({ ...boat, vessel: { ...boat.vessel, mmsi }, group: { ...boat.group, home } });
        formationOf.set(mmsi, copy === 0 ? formation.id : `${formation.id}~${copy}`);
      }
    }
  }
  return { boats, formationOf };
}

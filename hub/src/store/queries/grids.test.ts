import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testDatabase } from "../../../../test/support/postgres.ts";
import { GridSet } from "../../grids/grid-set.ts";
import { silentLog } from "../../log.ts";
import { migrate } from "../migrate.ts";
import { loadGridSet, saveGridSet } from "./grids.ts";

let database: Awaited<ReturnType<typeof testDatabase>>;
let pool: pg.Pool;
beforeAll(async () => {
  database = await testDatabase();
  pool = new pg.Pool({ ...database.connection, max: 4 });
  await migrate(pool, join(import.meta.dirname, "../../../migrations"), silentLog);
});
afterAll(async () => {
  await pool?.end();
  await database?.close();
});

const feature = (id: string, x: number, more: object = {}, geometry: unknown = undefined) => ({
  type: "Feature",
  properties: { id, name: `网格 ${id}`, level: "grid", category: "integrated", parent: null, ...more },
  geometry:
    geometry !== undefined
      ? geometry
      : {
          type: "Polygon",
          coordinates: [
            [
              [x, 30],
              [x + 0.1, 30.000001],
              [x + 0.3, 30.7],
              [x, 30],
            ],
          ],
        },
});
const boats = {
  level: "formation",
  category: "maritime",
  members: [
    { mmsi: 9, role: "lead" },
    { mmsi: 2, name: "浙嵊渔 2", gear: "trawl", to: "2025-06-01T08:00:00.123+08:00" },
    { mmsi: 2, name: "浙嵊渔 2", gear: "gillnet", from: "2025-07-01" },
  ],
  sea: { thresholds: { straggler_nm: 3, dark_min: 45 } },
};
const build = (count: number) =>
  GridSet.build(
    [
      {
        type: "FeatureCollection",
        features: [
          ...Array.from({ length: count }, (_, i) => feature(`g${i}`, 100 + i / 1e3, { codes: { z: "1", a: "2" } })),
          feature("f", 0, boats, null),
        ],
      },
    ],
    1,
  ).set;

it("keeps a set as it is, and versions only what changed", async () => {
  expect(await loadGridSet(pool)).toBeNull();
  const set = build(1200);
  expect(set.size).toBe(1201);
  // Two hubs start together.
  const versions = await Promise.all([saveGridSet(pool, set), saveGridSet(pool, set)]);
  expect(versions[1]).toBe(versions[0]);

  const loaded = await loadGridSet(pool);
  expect(loaded).toMatchObject({ version: versions[0], hash: set.hash });
  const again = new GridSet(loaded!.grids, loaded!.version);
  expect(again.hash).toBe(set.hash);
  expect(again.members("f").toSorted()).toEqual([2, 9]);
  expect(again.roster("f").toSorted((a, b) => a.mmsi - b.mmsi)).toEqual(set.roster("f").toSorted((a, b) => a.mmsi - b.mmsi)); // prettier-ignore
  expect(again.get("f")?.sea).toEqual(boats.sea);
  expect(again.locate(100.1, 30.2)).toEqual(set.locate(100.1, 30.2));

  const smaller = build(3);
  const next = await saveGridSet(pool, smaller);
  expect(next).toBeGreaterThan(versions[0]);
  expect((await loadGridSet(pool))?.grids).toHaveLength(4);
  expect((await loadGridSet(pool, versions[0]))?.grids).toHaveLength(1201);
  expect(await loadGridSet(pool, 999)).toBeNull();
});

it("leaves nothing behind when a set is refused", async () => {
  const before = (await loadGridSet(pool))?.version;
  const bad = { ...[...build(1).grids()][0], level: "city" as "grid" };
  await expect(saveGridSet(pool, { hash: "bad", grids: () => [bad] })).rejects.toThrow();
  expect((await loadGridSet(pool))?.version).toBe(before);
});

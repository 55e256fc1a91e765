import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testDatabase } from "../../../../test/support/postgres.ts";
import { GridSet } from "../../grids/grid-set.ts";
import { silentLog } from "../../log.ts";
import { migrate } from "../migrate.ts";
import { gridHash } from "../../grids/grid-hash.ts";
import type { Grid } from "../../grids/grid.ts";
import { activateGridSet, GridConflict, lastFileHash, listGridVersions, loadGridSet, saveGridSet } from "./grids.ts";

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

const save = (set: GridSet, more: object = {}) =>
  saveGridSet(pool, { grids: set.grids(), hashOf: (grid) => gridHash(grid as Grid), hash: set.hash, what: "file", who: "hub", activate: true, ...more }); // prettier-ignore
const rows = async () => (await pool.query<{ n: number }>("SELECT count(*)::int AS n FROM grid_cell")).rows[0].n;

it("keeps a set as it is, and writes only the cells that changed", async () => {
  expect(await loadGridSet(pool)).toBeNull();
  const set = build(1200);
  expect(set.size).toBe(1201);
  const versions = [await save(set)];
  expect(await lastFileHash(pool)).toEqual({ version: versions[0], hash: set.hash });

  const loaded = await loadGridSet(pool);
  expect(loaded).toMatchObject({ version: versions[0], hash: set.hash });
  const again = new GridSet(loaded!.grids, loaded!.version);
  expect(again.hash).toBe(set.hash);
  expect(again.members("f").toSorted()).toEqual([2, 9]);
  expect(again.roster("f").toSorted((a, b) => a.mmsi - b.mmsi)).toEqual(set.roster("f").toSorted((a, b) => a.mmsi - b.mmsi)); // prettier-ignore
  expect(again.get("f")?.sea).toEqual(boats.sea);
  expect(again.locate(100.1, 30.2)).toEqual(set.locate(100.1, 30.2));

  const smaller = build(3);
  const before = await rows();
  const next = await save(smaller);
  expect(next).toBeGreaterThan(versions[0]);
  expect(await rows()).toBe(before); // nothing new: the others only end
  const now = await loadGridSet(pool);
  expect(now?.grids).toHaveLength(4);
  expect(now?.former).toHaveLength(1197);
  expect(now?.former[0]).toMatchObject({ name: expect.stringContaining("网格"), geometry: null, members: [] });
  const first = await loadGridSet(pool, versions[0]);
  expect(first?.grids).toHaveLength(1201);
  expect(first?.former).toEqual([]);
  expect(await loadGridSet(pool, 999)).toBeNull();

  // back again: what had ended begins anew, and what was in between stays as it was
  const again2 = await save(set);
  expect((await loadGridSet(pool))?.grids).toHaveLength(1201);
  expect((await loadGridSet(pool, next))?.grids).toHaveLength(4);
  expect(new GridSet((await loadGridSet(pool, again2))!.grids, 0).hash).toBe(set.hash);
});

it("brings a version into force again, and refuses who looked at another", async () => {
  const active = (await loadGridSet(pool))!.version;
  const [, , oldest] = await listGridVersions(pool, { limit: 10 });
  const who = { who: "admin", note: "back", detail: {} };
  await expect(activateGridSet(pool, oldest.version, { ...who, expected: active - 1 })).rejects.toThrow(GridConflict);
  await activateGridSet(pool, oldest.version, { ...who, expected: active });
  expect((await loadGridSet(pool))?.version).toBe(oldest.version);
  await expect(save(build(1), { base: active })).rejects.toThrow(GridConflict);
  const waits = await save(build(2), { base: active, activate: false, what: "import", who: "admin", note: "later" });
  expect((await loadGridSet(pool))?.version).toBe(oldest.version);
  const listed = await listGridVersions(pool, { limit: 2 });
  expect(listed[0]).toMatchObject({ version: waits, base: active, what: "import", cells: 3, activatedAt: null });
  expect((await listGridVersions(pool, { limit: 1, before: oldest.version + 1 }))[0]).toMatchObject({
    version: oldest.version,
    activatedBy: "admin",
    activationNote: "back",
  });
  const { rows: lines } = await pool.query("SELECT action, target FROM audit");
  expect(lines).toEqual([{ action: "grid_activate", target: `grids:${oldest.version}` }]);
});

it("leaves nothing behind when a set is refused", async () => {
  const before = (await loadGridSet(pool))?.version;
  const bad = { ...[...build(1).grids()][0], level: "city" as "grid" };
  await expect(save(new GridSet([bad], 0))).rejects.toThrow();
  expect((await loadGridSet(pool))?.version).toBe(before);
});

it("takes over the versions of a database that kept each of them whole", async () => {
  const old = await testDatabase();
  const connection = new pg.Pool({ ...old.connection, max: 1 });
  const [migrations, before] = [join(import.meta.dirname, "../../../migrations"), mkdtempSync(join(tmpdir(), "gridhub-migrations-"))]; // prettier-ignore
  for (const file of readdirSync(migrations).filter((name) => name < "0015")) cpSync(join(migrations, file), join(before, file)); // prettier-ignore
  await migrate(connection, before, silentLog);
  for (const [version, name] of [
    [1, "one"],
    [2, "two"],
  ] as const) {
    await connection.query("INSERT INTO grid_set (hash) VALUES ($1)", [`hash ${version}`]);
    await connection.query(
      `INSERT INTO grid (version, id, name, level, category, parent, geometry, sea) VALUES
         ($1, 'f', $2, 'formation', 'maritime', NULL, NULL, '{"thresholds": {"dark_min": 45}}'), ($1, $2, 'x', 'grid', 'integrated', NULL, NULL, NULL)`,
      [version, name],
    );
    await connection.query(
      `INSERT INTO formation_member (version, grid_id, mmsi, name, role, gear, valid_from, valid_to) VALUES
         ($1, 'f', 9, 'boat', 'lead', 'trawl', '-infinity', '2025-06-01T00:00:00Z'), ($1, 'f', 2, '', '', '', '-infinity', 'infinity')`,
      [version],
    );
  }
  await migrate(connection, migrations, silentLog);
  const two = await loadGridSet(connection);
  expect(two).toMatchObject({ version: 2, hash: "hash 2", former: [{ id: "one" }] });
  expect(two?.grids.map(({ id, name }) => [id, name])).toEqual([["f", "two"], ["two", "x"]]); // prettier-ignore
  expect(two?.grids[0]).toMatchObject({ sea: { thresholds: { dark_min: 45 } }, members: [{ mmsi: 2, name: "", role: "" }, { mmsi: 9, name: "boat", role: "lead", gear: "trawl", to: Date.parse("2025-06-01T00:00:00Z") }] }); // prettier-ignore
  expect(two?.grids[0].members[0]).toEqual({ mmsi: 2, name: "", role: "" });
  expect((await loadGridSet(connection, 1))?.grids.map(({ id }) => id)).toEqual(["f", "one"]);
  expect(await lastFileHash(connection)).toEqual({ version: 2, hash: "hash 2" });
  await connection.end();
  await old.close();
  rmSync(before, { recursive: true });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testDatabase } from "../../test/support/postgres.ts";
import { GridKeeper } from "./grid-keeper.ts";
import type { Grid } from "./grids/grid.ts";
import type { GridSet } from "./grids/grid-set.ts";
import { withGrids } from "./grids/merge.ts";
import { importGrids } from "./import-grids.ts";
import { silentLog } from "./log.ts";
import { migrate } from "./store/migrate.ts";

const dir = mkdtempSync(join(tmpdir(), "gridhub-import-grids-"));
const path = join(dir, "grids.geojson");
let database: Awaited<ReturnType<typeof testDatabase>>;
let pool: pg.Pool;
beforeAll(async () => {
  database = await testDatabase();
  pool = new pg.Pool({ ...database.connection, max: 2 });
  await migrate(pool, join(import.meta.dirname, "../migrations"), silentLog);
});
afterAll(async () => {
  await pool?.end();
  await database?.close();
  rmSync(dir, { recursive: true });
});

const ring = (x: number) => [[[x, 30], [x + 1, 30], [x + 1, 31], [x, 31], [x, 30]]]; // prettier-ignore
function write(...cells: readonly (readonly [id: string, name: string, x: number])[]): void {
  const features = cells.map(([id, name, x]) => ({
    type: "Feature",
    geometry: { type: "Polygon", coordinates: ring(x) },
    properties: { id, name, level: "town", category: "integrated", parent: null },
  }));
  writeFileSync(path, JSON.stringify({ type: "FeatureCollection", features }));
}
const start = () => importGrids([path], pool, silentLog);
const names = (set: GridSet) => [...set.grids()].map(({ id, name }) => `${id}=${name}`).sort();
const keeperOf = (set: GridSet) =>
  new GridKeeper(
    { pool, log: silentLog, devices: () => [], gridOf: () => null, submit: async (run) => run(0), swap: () => {} },
    set,
  );
const by = { who: "chief", note: "", action: "area_publish", target: "area:zone", what: "area" } as const;
const zone: Grid = { id: "zone", name: "禁航区", level: "area", category: "maritime", parent: "a", codes: {}, synthetic: false, geometry: { type: "Polygon", coordinates: ring(121) as [number, number][][] }, members: [], sea: { rule: "no_go" } }; // prettier-ignore

it("a restart comes up with what was in force, and files only count when they change", async () => {
  write(["a", "A", 122], ["b", "B", 123]);
  const first = await start();
  expect((await start()).version).toBe(first.version);

  // people change it at run time
  const keeper = keeperOf(first);
  const edited = await keeper.edit({ ...by, cells: (set) => withGrids(set, [zone]) });
  expect(edited).toMatchObject({ version: first.version + 1 });
  const restarted = await start();
  expect(restarted.version).toBe(first.version + 1);
  expect(restarted.get("zone")).toEqual(zone);

  // the file changes: what people drew stays, twice over
  write(["a", "A2", 122], ["b", "B", 123]);
  const merged = await start();
  expect(names(merged)).toEqual(["a=A2", "b=B", "zone=禁航区"]);
  expect(merged.version).toBeGreaterThan(restarted.version);
  expect((await start()).version).toBe(merged.version);
  write(["a", "A2", 122]);
  const again = await start();
  expect(names(again)).toEqual(["a=A2", "zone=禁航区"]);
  expect(again.path("b").map(({ id }) => id)).toEqual(["b"]); // known as a former one

  // and back to the first version: no file changed, so that is what a restart finds
  await keeperOf(again).activate(first.version, { who: "chief", note: "back" });
  const back = await start();
  expect(back.version).toBe(first.version);
  expect(back.hash).toBe(first.hash);
  expect([...back.former()].map(({ id }) => id)).toEqual(["zone"]);
});

it("refuses an edit of a version that is in force no more, also in the database", async () => {
  const now = await start();
  const [mine, other] = [keeperOf(now), keeperOf(now)];
  const edit = (keeper: GridKeeper, name: string) => keeper.edit({ ...by, cells: (set) => withGrids(set, [{ ...zone, name }]) }); // prettier-ignore
  expect(await edit(other, "one")).toMatchObject({ version: expect.any(Number) });
  expect(await edit(mine, "two")).toMatchObject({ code: "conflict" });
  expect((await start()).get("zone")?.name).toBe("one");
  // edits of one keeper wait for each other, and each sees what the one before made
  const both = await Promise.all([edit(other, "three"), other.edit({ ...by, cells: (set) => withGrids(set, [{ ...zone, id: "zone-2" }]) })]); // prettier-ignore
  expect(both).toMatchObject([{ version: expect.any(Number) }, { version: expect.any(Number) }]);
  expect(names(other.current)).toEqual(expect.arrayContaining(["zone=three", "zone-2=禁航区"]));
  expect(await other.edit({ ...by, cells: (set) => [...set.grids()] })).toMatchObject({ version: null });
  expect(await other.activate(9999, { who: "chief", note: "" })).toMatchObject({ code: "unknown" });
  const orphan = await other.edit({
    ...by,
    cells: (set) => withGrids(set, [{ ...zone, id: "z3", parent: "nowhere" }]),
  });
  expect(orphan).toMatchObject({ code: "problems", problems: [{ code: "orphan", id: "z3" }] });
});

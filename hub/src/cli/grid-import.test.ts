import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import { PASSWORD, type Scene, startScene } from "../api/api.testing.ts";
import { GRIDS } from "../api/grids.testing.ts";
import { loadSet } from "../grid-keeper.ts";
import { silentLog } from "../log.ts";
import { openStore } from "../store/postgres.ts";
import { gridImportCommand } from "./grid-import.ts";

const dir = mkdtempSync(join(tmpdir(), "gridhub-import-"));
afterAll(() => rmSync(dir, { recursive: true }));
let out = "";
beforeEach(() => {
  out = "";
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, "write").mockImplementation((chunk) => ((out += String(chunk)), true));
  return () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  };
});
function file(name: string, features: readonly object[], more: object = {}): string {
  const path = join(dir, name);
  writeFileSync(path, JSON.stringify({ type: "FeatureCollection", ...more, features }));
  return path;
}
const ring = (x: number, y: number) => [[[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]]; // prettier-ignore
const quay = {
  type: "Feature",
  geometry: { type: "Polygon", coordinates: ring(122.4, 30.4) },
  properties: { id: "quay", name: "码头", level: "micro_grid", category: "integrated", parent: "east-1" },
};
const run = (...argv: string[]) => gridImportCommand(argv);

describe("gridhub grid import --hub", { timeout: 120_000 }, () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
    await scene.account("chief", "admin");
    await scene.account("clerk", "viewer");
  });
  afterAll(() => scene?.close());

  it("brings cells into a hub that runs, after a dry run, and logs out", async () => {
    vi.stubEnv("GRIDHUB_PASSWORD", PASSWORD);
    const as = ["--hub", scene.address, "--user", "chief"];
    const path = file("quay.geojson", [quay]);
    expect(await run(path, "--merge", "--dry-run", "--json", ...as)).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ version: null, counts: { added: 1, removed: 0, changed: 0 }, errors: 0 });
    expect(scene.context.grids().get("quay")).toBeUndefined();
    out = "";
    expect(await run(path, "--merge", "--note", "新码头", ...as)).toBe(0);
    expect(out).toMatch(/^1 added, 0 removed, 0 changed; 0 devices move; 0 errors; version \d+ is in force\n$/);
    expect(scene.context.grids().locate(122.45, 30.45).gridId).toBe("quay");
    const { rows } = await scene.pool.query("SELECT count(*)::int AS n FROM session JOIN app_user u ON u.id = user_id WHERE username = 'chief'"); // prettier-ignore
    expect(rows).toEqual([{ n: 1 }]); // of the scene
  });

  it("takes tables with their grids as one version, and shifted coordinates", async () => {
    vi.stubEnv("GRIDHUB_TOKEN", await scene.account("second", "admin"));
    const table = join(dir, "members.csv");
    writeFileSync(table, "mmsi,formation,from\n412000077,boats,2025-01-01\n");
    const path = file("all.geojson", GRIDS);
    const before = scene.context.grids().version;
    expect(await run(path, table, "--json", "--hub", scene.address)).toBe(0);
    expect(scene.context.grids().version).toBe(before + 1);
    expect(scene.context.grids().members("boats")).toEqual([412000001, 412000077]);
    expect(scene.context.grids().get("quay")).toBeUndefined(); // the tree is what the files hold
    expect(await run(file("bd.geojson", [quay]), "--merge", "--crs", "bd09", "--hub", scene.address)).toBe(0);
    const [lon] = (scene.context.grids().get("quay")?.geometry?.coordinates as number[][][])[0][0];
    expect(lon).toBeLessThan(122.395);
  });

  it("says what is wrong and changes nothing", async () => {
    const before = scene.context.grids().version;
    const bad = file("bad.geojson", [{ ...quay, properties: { ...quay.properties, parent: "nowhere" } }]);
    vi.stubEnv("GRIDHUB_TOKEN", await scene.account("third", "admin"));
    expect(await run(bad, "--merge", "--hub", scene.address)).toBe(1);
    expect(out).toContain('error orphan: body feature 0 (quay) properties.parent: expected the id of an imported grid, found "nowhere"'); // prettier-ignore
    expect(await run(file("metres.geojson", [quay], { crs: { properties: { name: "EPSG:4549" } } }), "--hub", scene.address)).toBe(1); // prettier-ignore
    expect(out).toContain("metres.geojson crs: expected degrees in WGS84");
    expect(await run(join(dir, "none.geojson"), "--hub", scene.address)).toBe(1);
    vi.stubEnv("GRIDHUB_TOKEN", await scene.account("clerk", "viewer"));
    expect(await run(file("quay.geojson", [quay]), "--hub", scene.address)).toBe(1);
    expect(out).toContain("this needs the role");
    vi.stubEnv("GRIDHUB_TOKEN", "x");
    expect(await run(file("quay.geojson", [quay]), "--hub", "http://127.0.0.1:1")).toBe(1);
    expect(out).toContain("does not answer");
    expect(scene.context.grids().version).toBe(before);
  });

  it("explains itself", async () => {
    expect(await run("--help")).toBe(0);
    expect(await run("a.geojson")).toBe(2);
    expect(await run("--hub", "http://x", "--database", "postgres://x", "a.geojson")).toBe(2);
    expect(await run("--hub", "http://x", "--crs", "epsg", "a.geojson")).toBe(2);
    expect(await run("--hub", "x", "a.geojson")).toBe(2);
  });
});

describe("gridhub grid import --database", () => {
  it("imports while no hub writes, and refuses while one does", async () => {
    const database = await testDatabase();
    const { host, port, user, database: name } = database.connection as { host: string; port: number; user: string; database: string }; // prettier-ignore
    const url = `postgres://${user}@${encodeURIComponent(host)}:${port}/${name}`;
    const path = file("first.geojson", GRIDS);
    expect(await run(path, "--json", "--database", url)).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ version: 1, active: 1, counts: { added: GRIDS.length } });
    out = "";
    expect(await run(file("quay.geojson", [quay]), "--merge", "--wait", "--json", "--database", url)).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ version: 2, active: 1 });
    const hub = await openStore({ url, log: silentLog });
    expect((await loadSet(hub.pool))?.version).toBe(1);
    expect(await run(path, "--database", url)).toBe(1);
    expect(out).toContain("another hub writes to this database");
    await hub.close();
    await database.close();
  }, 120_000);
});

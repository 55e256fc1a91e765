import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { gridImportCommand } from "../../hub/src/cli/grid-import.ts";
import { type HubProcess, PASSWORD, startHubProcess } from "../support/hub-process.ts";

// Grids that change while a real hub runs, a kill -9 at once, and what the next start finds.

interface Grids {
  readonly version: number;
  readonly items: readonly { readonly id: string; readonly name: string }[];
}

const dir = mkdtempSync(join(tmpdir(), "gridhub-versions-"));
let hub: HubProcess;
const cell = (id: string, x: number, more: object = {}) => ({
  type: "Feature",
  geometry: { type: "Polygon", coordinates: [[[x, 30], [x + 0.1, 30], [x + 0.1, 30.1], [x, 30.1], [x, 30]]] }, // prettier-ignore
  properties: { id, name: id, level: "grid", category: "integrated", parent: null, ...more },
});
function file(name: string, ...features: object[]): string {
  const path = join(dir, name);
  writeFileSync(path, JSON.stringify({ type: "FeatureCollection", features }));
  return path;
}
const start = async () => {
  hub = await startHubProcess({
    dataDir: dir,
    settings: { log_level: "error", vision_workers: 0, grids: [join(dir, "grids.geojson")] },
  });
};
const grids = () => hub.api<Grids>("/api/grids");
const ids = async () => (await grids()).items.map(({ id }) => id).sort();
const run = (...argv: string[]) => gridImportCommand([...argv, "--hub", hub.httpAddress, "--user", "admin"]);

beforeAll(async () => {
  vi.stubEnv("GRIDHUB_PASSWORD", PASSWORD);
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  file("grids.geojson", cell("a", 122), cell("b", 122.1));
  await start();
}, 120_000);
afterAll(async () => {
  await hub?.stop();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

it("a version that came into force is in force after kill -9, and configured files are merged with it", async () => {
  const first = await grids();
  expect(await run(file("quay.geojson", cell("quay", 122.2)), "--merge", "--note", "码头")).toBe(0);
  expect(await ids()).toEqual(["a", "b", "quay"]);
  await hub.kill();
  await start();
  expect(await ids()).toEqual(["a", "b", "quay"]);
  expect((await grids()).version).toBe(first.version + 1);

  await hub.kill();
  file("grids.geojson", cell("a", 122, { name: "甲" }), cell("c", 122.3));
  await start();
  expect(await ids()).toEqual(["a", "c", "quay"]);
  expect((await grids()).items.find(({ id }) => id === "a")?.name).toBe("甲");
  const { items } = await hub.api<{ items: { what: string; note: string; active: boolean }[] }>("/api/grids/versions");
  expect(items.map(({ what, active }) => `${what}${active ? " active" : ""}`)).toEqual(["file", "import active", "import", "file"]); // prettier-ignore
  expect(items[2].note).toBe("码头");
  expect(await hub.api("/api/audit/verify")).toEqual({ whole: true, broken: null });
}, 180_000);

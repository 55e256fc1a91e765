import { topics } from "@gridhub/device-profiles/topic.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "./api/api.testing.ts";
import type { Grid } from "./grids/grid.ts";
import { withGrids } from "./grids/merge.ts";
import { emptyBatch } from "./store/batch.ts";

// Grids change while readings, findings and vessels flow. Everything is real but the wire: database, pipeline, rooms, API.

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
  await scene.edge("east", "e", ["a", "b", "c"]);
  await scene.edge("west", "w", ["a", "b"]);
});
afterAll(() => scene?.close());

const square = (x: number, size: number): Grid["geometry"] => ({
  type: "Polygon",
  coordinates: [[[x, 30.45], [x + size, 30.45], [x + size, 30.55], [x, 30.55], [x, 30.45]]], // prettier-ignore
});
const cell = (id: string, x: number, size = 0.016): Grid => ({ id, name: id, level: "micro_grid", category: "integrated", parent: "east-1", codes: {}, synthetic: false, geometry: square(x, size), members: [] }); // prettier-ignore
const zone = (id: string): Grid => ({ ...cell(id, 122.6, 0.2), level: "area", category: "maritime", parent: "east", sea: { rule: "no_go" } }); // prettier-ignore

describe("another version of the grids under load", () => {
  it("loses no reading, and puts every event on a grid of the version that it names", async () => {
    const { gridKeeper } = scene.context;
    const start = Date.now();
    let sent = 0;
    let stop = false;
    const settled: Promise<void>[] = [];
    const feed = async (site: "east" | "west", edge: "e" | "w", devices: readonly string[]) => {
      for (let q = 1; !stop; q++) {
        const [d, ts] = [devices[q % devices.length], start - 600_000 + q * 10];
        const records = [0, 1, 2].map((i) => ({ ts: ts + i, m: { temperature: 20 + (q % 7) } }));
        settled.push(scene.send(topics.telemetry(site, edge, d), JSON.stringify({ v: 1, b: 1, q, r: records })));
        sent += records.length;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const feeds = [feed("east", "e", ["a", "b", "c"]), feed("west", "w", ["a", "b"])];

    // lies where the no-go zone comes and goes
    const boat = { type: 18, mmsi: 412_000_001, ts: start, lon: 122.7, lat: 30.5, sog: 3, cog: 90, heading: null, status: null, class: "B" } as const; // prettier-ignore
    const receiver = scene.registry.device("east/a")!;
    await scene.pipeline.submit((now) => scene.fleet.observe(boat, receiver, false, now, emptyBatch(1), []));

    const who = { who: "test", note: "", action: "test", target: "grids" };
    const first = gridKeeper.current.version;
    const versions: number[] = [];
    for (let round = 0; round < 12; round++) {
      // devices come to stand on cells that did not exist, and on those of before again
      const cells = round % 3 === 2 ? [] : [cell(`r${round}`, 122.492), cell(`s${round}`, 122.508), zone("zone")];
      for (const device of ["east/a", "east/b", "west/a"])
        void scene.find({ subject: `device:${device}`, kind: `bench.k${round}`, device: scene.registry.device(device) }); // prettier-ignore
      const done = await gridKeeper.edit({
        ...who,
        what: "import",
        cells: (set) =>
          withGrids(set, cells).filter(({ id }) => !/^([rs]\d|zone)/.test(id) || cells.some((c) => c.id === id)),
      });
      if (!("code" in done) && done.version !== null) versions.push(done.version);
      if (round === 7) await gridKeeper.activate(first, { who: "test", note: "back" });
    }
    stop = true;
    await Promise.all(feeds);
    await Promise.all(settled);
    await scene.pipeline.submit(() => {});

    expect(versions.length).toBeGreaterThan(8);
    const { rows: stored } = await scene.pool.query<{ n: string }>("SELECT count(*) AS n FROM telemetry");
    expect(Number(stored[0].n)).toBe(sent);
    expect(scene.pipeline.stats.retries).toBe(0);
    const { rows: events } = await scene.pool.query<{ n: string; strays: string; places: string }>(
      `SELECT count(*) AS n, count(DISTINCT e.grid_id) AS places, count(*) FILTER (WHERE NOT EXISTS
         (SELECT FROM grid_cell c WHERE c.id = e.grid_id AND c.since <= e.grid_version
            AND (c.until IS NULL OR c.until > e.grid_version))) AS strays FROM event e`,
    );
    expect(Number(events[0].n)).toBe(36 + 1);
    expect(Number(events[0].strays)).toBe(0);
    expect(Number(events[0].places)).toBeGreaterThan(4);
    const { rows: zones } = await scene.pool.query(
      "SELECT grid_id, sensing, occurrences FROM event WHERE kind = 'vessel.no_go'",
    );
    expect(zones).toEqual([{ grid_id: "zone", sensing: "cleared", occurrences: expect.any(Number) }]);
  }, 180_000);

  it("leaves who looked after a cell its events, when the cell is gone", async () => {
    const { gridKeeper } = scene.context;
    const who = { who: "test", note: "", action: "test", target: "grids", what: "import" } as const;
    await gridKeeper.edit({ ...who, cells: (set) => withGrids(set, [cell("short-lived", 122.492)]) });
    await scene.find({ subject: "device:east/a", kind: "bench.hot", device: scene.registry.device("east/a") ?? null });
    await gridKeeper.edit({ ...who, cells: (set) => [...set.grids()].filter(({ id }) => id !== "short-lived") });
    const east = await scene.account("east-desk", "operator", ["east"]);
    const west = await scene.account("west-desk", "operator", ["west"]);
    type Page = { items: { id: string; gridId: string; gridPath: string[] }[] };
    const list = async (token: string) => (await scene.call<Page>("GET", "/api/events?kind=bench.hot", { token })).body.items; // prettier-ignore
    const [event] = await list(east);
    expect(event).toMatchObject({
      gridId: "short-lived",
      gridPath: ["名 county", "名 east", "名 east-1", "short-lived"],
    });
    expect(await list(west)).toEqual([]);
    // it goes on: what ends it finds it there
    await scene.find({ subject: "device:east/a", kind: "bench.hot", phase: "clear", device: scene.registry.device("east/a") ?? null }); // prettier-ignore
    expect((await scene.call("GET", `/api/events/${event.id}`, { token: east })).body).toMatchObject({ event: { sensing: "cleared" } }); // prettier-ignore
  });
});

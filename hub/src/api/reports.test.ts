import { topics } from "@gridhub/device-profiles/topic.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyBatch, type HealthState } from "../store/batch.ts";
import { type Scene, startScene } from "./api.testing.ts";
import type { AvailabilityReport, BatteryReport, EventReport } from "./reports-schema.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let scene: Scene;
let token: string;
let west: string;
/** on the hour, yesterday: nothing of what the scene does by itself lies before it */
const T0 = Math.floor(Date.now() / HOUR) * HOUR - 2 * DAY;

async function history(subject: string, steps: readonly (readonly [number, HealthState, string?])[]): Promise<void> {
  const batch = emptyBatch(1);
  for (const [hour, to, reason = "heard"] of steps)
    batch.health.push({ subject, deviceId: null, ts: T0 + hour * HOUR, from: "unknown", to, reason });
  await scene.store.commit(batch);
}

beforeAll(async () => {
  scene = await startScene();
  token = await scene.account("viewer", "viewer");
  west = await scene.account("western", "viewer", ["west"]);
  await scene.edge("east", "e1", ["d1", "d2"]);
  await scene.edge("west", "w1", ["x1", "x2"]);
  await history("device:east/d1", [
    [0, "online"],
    [2, "late"],
    [3, "offline"],
    [5, "online"],
  ]);
  await history("device:east/d2", [
    [0, "online"],
    [5, "unknown", "edge_offline"],
    [10, "online"],
  ]);
  await history("device:west/x1", [[0, "online"]]);
  await history("edge:east/e1", [
    [0, "online"],
    [5, "offline", "lwt"],
    [10, "online"],
  ]);
  for (let day = 10; day >= 0; day--) {
    const record = { ts: Date.now() - day * DAY - 1000, m: { battery: 3 + day * 0.05 } };
    await scene.send(topics.telemetry("east", "e1", "d1"), JSON.stringify({ v: 1, r: [record] }));
  }
  await scene.store.flushLatest();
  await scene.find({ subject: "device:east/d1", ts: T0 });
  await scene.find({ subject: "device:east/d2", ts: T0 + HOUR, severity: 1 });
  await scene.find({ subject: "device:west/x1", ts: T0 + DAY });
  const { rows } = await scene.pool.query<{ id: string }>("SELECT id FROM event WHERE subject = 'device:east/d1'");
  const operator = await scene.account("operator", "operator");
  await scene.call("POST", `/api/events/${rows[0].id}/actions`, { token: operator, body: { action: "false_alarm" } });
});
afterAll(() => scene?.close());

const get = async <T>(path: string, as = token) => {
  const { status, body } = await scene.call<T>("GET", path, { token: as });
  expect([path, status]).toEqual([path, 200]);
  return body;
};
const span = `from=${T0}&to=${T0 + 10 * HOUR}`;

describe("availability", () => {
  const report = (query: string, as?: string) =>
    get<AvailabilityReport>(`/api/reports/availability?${span}&${query}`, as);

  it("by device, worst first; who was never heard is counted, not judged", async () => {
    const { items, total, count, timeZone } = await report("by=device");
    expect(items.map(({ key, availability, reach, outages }) => [key, availability, reach, outages])).toEqual([
      ["east/d1", 0.7, 0.7, 1],
      ["east/d2", 1, 0.5, 0],
      ["west/x1", 1, 1, 0],
      ["west/x2", null, null, 0],
    ]);
    expect(items[0]).toMatchObject({
      mtbfMs: 7 * HOUR,
      mttrMs: 3 * HOUR,
      longestMs: 3 * HOUR,
      place: "名 east / 名 east-1",
    });
    expect(total).toMatchObject({ subjects: 4, judged: 3, upMs: 22 * HOUR, downMs: 3 * HOUR, edgeMs: 5 * HOUR });
    expect([count, timeZone]).toEqual([4, "Asia/Shanghai"]);
  });

  it.each([
    [
      "town",
      [
        ["east", 0.8],
        ["west", 1],
      ],
    ],
    [
      "grid",
      [
        ["east-1", 0.8],
        ["west-1", 1],
      ],
    ],
    ["maker", [["bench", 22 / 25]]],
    ["profile", [["bench/three-metrics@1.0.0", 22 / 25]]],
    ["kind", [["sensor", 22 / 25]]],
    [
      "edge",
      [
        ["east/e1", 0.5],
        ["west/w1", null],
      ],
    ],
  ] as [string, [string, number | null][]][])("by %s", async (by, expected) => {
    const { items } = await report(`by=${by}`);
    expect(items.map(({ key, availability }) => [key, availability])).toEqual(expected);
  });

  it("narrows, searches, sorts, turns pages", async () => {
    const keys = async (query: string) => (await report(query)).items.map(({ key }) => key);
    expect(await keys("grid=west")).toEqual(["west/x1", "west/x2"]);
    expect(await keys("kind=none")).toEqual([]);
    expect(await keys("q=x1")).toEqual(["west/x1"]);
    expect(await keys("sort=outages&order=desc&limit=1")).toEqual(["east/d1"]);
    const first = await report("limit=3");
    expect(first.next).toBe("3");
    expect(await keys("limit=3&cursor=3")).toEqual(["west/x2"]);
  });

  it("shows an account its own grids alone", async () => {
    const { items, total } = await report("by=device", west);
    expect([items.map(({ key }) => key), total.subjects]).toEqual([["west/x1", "west/x2"], 2]);
    expect((await report("by=edge", west)).items.map(({ key }) => key)).toEqual(["west/w1"]);
  });

  it("takes days of the hub's time zone, and refuses what is no period", async () => {
    const day = new Date(T0 + 8 * HOUR).toISOString().slice(0, 10);
    const { from } = await get<AvailabilityReport>(`/api/reports/availability?from=${day}`);
    expect((from + 8 * HOUR) % DAY).toBe(0);
    for (const query of ["from=soon", `from=${T0}&to=${T0}`, "from=2001-01-01", "by=colour", "sort=secret"])
      expect(await scene.refusal("GET", `/api/reports/availability?${query}`, { token })).toBe("400 INVALID");
    expect(await scene.refusal("GET", "/api/reports/availability")).toBe("401 UNAUTHENTICATED");
  });

  it("is a file for a spreadsheet", async () => {
    const answer = await scene.call<string>("GET", `/api/reports/availability.csv?${span}&by=town&lang=en`, { token });
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="gridhub-availability-by-town.csv"');
    const lines = answer.body
      .replace(/^\uFEFF/, "")
      .trimEnd()
      .split("\r\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^east,名 east,,2,2,80,60,1,0,12,3,3,12,3,5$/);
  });
});

describe("events", () => {
  const report = (query: string, as?: string) =>
    get<EventReport>(`/api/reports/events?from=${T0}&to=${T0 + 2 * DAY}&${query}`, as);

  it("counted with false alarms and the time to their end", async () => {
    const { items, total } = await report("by=kind");
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      key: "bench.hot",
      titleEn: "Too hot",
      opened: 3,
      ended: 1,
      falseAlarms: 1,
      falseShare: 1,
    });
    expect(total).toMatchObject({ opened: 3, severity: [1, 0, 2, 0] });
    expect(items[0].closeP50Ms).toBeGreaterThan(DAY);
  });

  it.each([
    [
      "town",
      [
        ["east", 2],
        ["west", 1],
      ],
    ],
    [
      "grid",
      [
        ["east-1", 2],
        ["west-1", 1],
      ],
    ],
    [
      "severity",
      [
        ["3", 2],
        ["1", 1],
      ],
    ],
  ] as [string, [string, number][]][])("by %s", async (by, expected) => {
    const { items } = await report(`by=${by}`);
    expect(items.map(({ key, opened }) => [key, opened])).toEqual(expected);
  });

  it("by day in the hub's time zone", async () => {
    const { items } = await report("by=day");
    const day = (ts: number) => new Date(ts + 8 * HOUR).toISOString().slice(0, 10);
    // the first two are an hour apart, with a midnight between them for one hour of each day
    const opened: Record<string, number> = {};
    for (const ts of [T0, T0 + HOUR, T0 + DAY]) opened[day(ts)] = (opened[day(ts)] ?? 0) + 1;
    expect(items.map((item) => [item.key, item.opened])).toEqual(Object.entries(opened));
  });

  it("of an account's own grids alone", async () => {
    expect((await report("by=kind", west)).total.opened).toBe(1);
  });

  it("is a file for a spreadsheet", async () => {
    const { body } = await scene.call<string>("GET", `/api/reports/events.csv?from=${T0}&to=${T0 + 2 * DAY}`, {
      token,
    });
    expect(body).toContain("bench.hot,过热,3,");
  });
});

describe("batteries", () => {
  it("tells who needs a new one first, by the trend", async () => {
    const { items } = await get<BatteryReport>("/api/reports/batteries");
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ uid: "east/d1", metric: "battery", value: 3, state: "replace" });
    expect(items[0].perDay).toBeCloseTo(-0.05, 3);
    expect(items[0].daysLeft).toBeCloseTo(6, 0);
    expect((await get<BatteryReport>("/api/reports/batteries?state=soon")).items).toEqual([]);
    expect((await get<BatteryReport>("/api/reports/batteries", west)).items).toEqual([]);
    const { body } = await scene.call<string>("GET", "/api/reports/batteries.csv", { token });
    expect(body).toMatch(/east\/d1,设备 d1,.*,replace\r\n$/);
  });

  it("nobody says a version: no drift", async () => {
    expect(await get("/api/reports/firmware")).toEqual({ items: [] });
  });
});

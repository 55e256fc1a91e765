import { topics } from "@gridhub/device-profiles/topic.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";
import type { DeadLetterInfo, DeviceDetail, DeviceInfo, EdgeInfo, Series } from "./schema.ts";
import { preview } from "./routes/dead-letters.ts";

let scene: Scene;
let token: string;
const T0 = Date.now() - 60_000;
beforeAll(async () => {
  scene = await startScene();
  token = await scene.account("operator", "operator");
  await scene.edge("east", "e1", ["d1", "d2", "d3", "d4"]);
  await scene.edge("west", "w1", ["x1"]);
  for (let q = 0; q < 20; q++) {
    const record = { ts: T0 + q * 1000, m: { temperature: 20 + q, battery: 3.6 } };
    await scene.send(topics.telemetry("east", "e1", "d1"), JSON.stringify({ v: 1, b: 1, q: q + 1, r: [record] }));
  }
  await scene.store.flushLatest();
});
afterAll(() => scene?.close());

const get = async <T>(path: string) => (await scene.call<T>("GET", path, { token })).body;
interface List<T> {
  readonly items: T[];
  readonly next: string | null;
  readonly total?: number;
}

describe("devices", () => {
  const uids = async (query: string) =>
    (await get<List<DeviceInfo>>(`/api/devices?${query}`)).items.map(({ uid }) => uid);

  it("are listed with grid and health", async () => {
    const { items, total, next } = await get<List<DeviceInfo>>("/api/devices");
    expect([items.length, total, next]).toEqual([5, 5, null]);
    expect(items[0]).toEqual({
      uid: "east/d1",
      title: "设备 d1",
      kind: "sensor",
      profile: "bench/three-metrics@1.0.0",
      site: "east",
      edge: "east/e1",
      gridId: "east-1",
      gridPath: ["名 county", "名 east", "名 east-1"],
      lon: 122.5,
      lat: 30.5,
      health: "online",
      healthReason: "heard",
      healthSince: expect.any(Number),
      lastSeen: expect.any(Number),
    });
    expect(items[1]).toMatchObject({ health: "unknown", lastSeen: null });
  });

  it.each([
    ["site=west", ["west/x1"]],
    ["grid=west", ["west/x1"]],
    ["health=online", ["east/d1"]],
    ["health=online,unknown&site=west", ["west/x1"]],
    ["kind=hydrant", []],
    ["q=D2", ["east/d2"]],
    ["q=%E8%AE%BE%E5%A4%87%20d3", ["east/d3"]],
  ])("are filtered by %s", async (query, expected) => {
    expect(await uids(query)).toEqual(expected);
  });

  it("are paged", async () => {
    const first = await get<List<DeviceInfo>>("/api/devices?limit=2");
    expect(first).toMatchObject({ total: 5, next: "east/d2" });
    expect(await uids(`limit=2&cursor=${encodeURIComponent(first.next!)}`)).toEqual(["east/d3", "east/d4"]);
    expect(await uids("limit=2&cursor=east/d4")).toEqual(["west/x1"]);
  });

  it("come with latest readings and health history", async () => {
    const detail = await get<DeviceDetail>("/api/devices/east/d1");
    expect(detail.latest.map(({ metric, value, unit }) => [metric, value, unit])).toEqual([
      ["battery", 3.6, "V"],
      ["temperature", 39, "Cel"],
    ]);
    expect(detail.history[0]).toMatchObject({ to: "online", reason: "heard" });
    expect(await scene.refusal("GET", "/api/devices/east/none", { token })).toBe("404 NOT_FOUND");
    expect(await scene.refusal("GET", "/api/devices/__proto__/constructor", { token })).toBe("404 NOT_FOUND");
  });

  it("draw a metric raw where it is short and in buckets where it is long", async () => {
    const path = `/api/devices/east/d1/series?metric=temperature&from=${T0}&to=${T0 + 20_000}`;
    const raw = await get<Series>(path);
    expect(raw).toMatchObject({ metric: "temperature", unit: "Cel", stepMs: 0 });
    expect(raw.rows).toHaveLength(20);
    expect(raw.rows[3]).toEqual([T0 + 3000, 23]);
    const buckets = await get<Series>(`${path}&points=4`);
    expect(buckets.stepMs).toBe(5000);
    expect(buckets.rows.reduce((n, row) => n + row[4]!, 0)).toBe(20);
    expect(await get<Series>("/api/devices/east/d1/series?metric=humidity")).toMatchObject({ rows: [] });
    const refused = (query: string) => scene.refusal("GET", `/api/devices/east/d1/series?${query}`, { token });
    expect(await refused("metric=none")).toBe("404 NOT_FOUND");
    expect(await refused("metric=humidity&from=2&to=1")).toBe("400 INVALID");
    expect(await refused("metric=humidity&points=2001")).toBe("400 INVALID");
    expect(await refused("")).toBe("400 INVALID");
  });
});

describe("edges", () => {
  it("are listed with health, devices and program", async () => {
    const { items } = await get<List<EdgeInfo>>("/api/edges");
    expect(items.map(({ key, devices }) => [key, devices])).toEqual([
      ["east/e1", 4],
      ["west/w1", 1],
    ]);
    expect(items[0]).toMatchObject({
      title: "边缘 e1",
      health: "online",
      agent: "test 1.0",
      lostRecords: 0,
      solo: false,
    });
  });
});

describe("dead letters", () => {
  const letters = async (query = "") => (await get<List<DeadLetterInfo>>(`/api/dead-letters?${query}`)).items;
  const replay = async (id: number) =>
    (
      await scene.call<{ outcome?: string; code?: string }>("POST", `/api/dead-letters/${id}/replay`, {
        token,
        body: {},
      })
    ).body;
  const sample = (ts: number) => JSON.stringify({ v: 1, b: 9, q: ts, r: [{ ts, m: { temperature: 1 } }] });

  it("are stored once what was missing is there", async () => {
    const ts = Date.now() - 3_600_000;
    await scene.send(topics.telemetry("east", "e1", "d9"), sample(ts));
    const [letter] = await letters("reason=device_unknown");
    expect(letter).toMatchObject({ edge: "east/e1", reason: "device_unknown", preview: sample(ts), replayed: false });
    expect(await replay(letter.id)).toEqual({ outcome: "device_unknown" });
    await scene.edge("east", "e1", ["d1", "d2", "d3", "d4", "d9"]);
    expect(await replay(letter.id)).toEqual({ outcome: "stored" });
    expect((await letters()).find(({ id }) => id === letter.id)?.replayed).toBe(true);
    const path = `/api/devices/east/d9/series?metric=temperature&from=${ts}&to=${ts + 1}`;
    expect((await get<Series>(path)).rows).toEqual([[ts, 1]]);
  });

  it("are not replayed when that would say something false, or do what was forbidden", async () => {
    await scene.send(topics.state("east", "e1"), "{}");
    const [state] = await letters();
    expect((await replay(state.id)).code).toBe("NOT_REPLAYABLE");
    const topic = topics.telemetry("west", "w1", "x1");
    scene.pipeline.refuse(topic, Buffer.from(sample(T0)), "east/e1", "topic_forbidden", Date.now());
    await scene.pipeline.submit(() => {});
    const [forbidden] = await letters("reason=topic_forbidden");
    expect(await replay(forbidden.id)).toEqual({ outcome: "topic_forbidden" });
    expect((await get<Series>("/api/devices/west/x1/series?metric=temperature")).rows).toEqual([]);
    expect((await replay(999_999)).code).toBe("NOT_FOUND");
  });

  it("are paged, and show bytes that are no text as hex", async () => {
    for (let i = 0; i < 5; i++) await scene.send(topics.telemetry("east", "e1", "d1"), Buffer.from([0xff, 0, i]));
    const all = await letters();
    const seen: number[] = [];
    let query = "limit=2";
    for (;;) {
      const page = await get<List<DeadLetterInfo>>(`/api/dead-letters?${query}`);
      seen.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      query = `limit=2&cursor=${page.next}`;
    }
    expect(seen).toEqual(all.map(({ id }) => id));
    expect(all[0]).toMatchObject({ preview: "ff0004", bytes: 3 });
    expect(preview(Buffer.from("水位").subarray(0, 4))).toBe("水");
    expect(preview(Buffer.from("a\tb\r\n"))).toBe("a\tb\r\n");
    expect(preview(Buffer.from([0x61, 0]))).toBe("6100");
  });
});

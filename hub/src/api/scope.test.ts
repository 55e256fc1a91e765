import { topics } from "@gridhub/device-profiles/topic.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen, type Scene, startScene } from "./api.testing.ts";
import type { EventDetail } from "./schema.ts";

let scene: Scene;
let all: string, east: string, nowhere: string;
beforeAll(async () => {
  scene = await startScene();
  all = await scene.account("all", "operator");
  east = await scene.account("east", "operator", ["east"]);
  nowhere = await scene.account("nowhere", "operator", ["a-grid-that-is-gone"]);
  await scene.edge("east", "e1", ["d1", "d2"]);
  await scene.edge("west", "w1", ["d1"]);
  await scene.registry.createEdge("west", "empty");
  await scene.find({ subject: "device:east/d1", severity: 2 });
  await scene.find({ subject: "device:west/d1", severity: 1 });
  await scene.find({ subject: "edge:nowhere/x", kind: "bench.unplaced" });
  await scene.send(topics.telemetry("east", "e1", "d1"), "not JSON east");
  await scene.send(topics.telemetry("west", "w1", "d1"), "not JSON west");
});
afterAll(() => scene?.close());

interface List {
  readonly items: Record<string, unknown>[];
  readonly total?: number;
}
const list = async (path: string, token: string) => (await scene.call<List>("GET", path, { token })).body;
const pluck = async (path: string, token: string, field: string) =>
  (await list(path, token)).items.map((item) => item[field]).sort();

it("shows each account the subtree of its grids and nothing else", async () => {
  expect(await pluck("/api/grids", all, "id")).toEqual(["boats", "county", "east", "east-1", "west", "west-1"]);
  expect(await pluck("/api/grids", east, "id")).toEqual(["boats", "east", "east-1"]);
  expect(await pluck("/api/devices", all, "uid")).toEqual(["east/d1", "east/d2", "west/d1"]);
  expect(await pluck("/api/devices", east, "uid")).toEqual(["east/d1", "east/d2"]);
  expect(await pluck("/api/devices?grid=west", east, "uid")).toEqual([]);
  expect(await pluck("/api/events", all, "subject")).toEqual(["device:east/d1", "device:west/d1", "edge:nowhere/x"]);
  expect(await pluck("/api/events", east, "subject")).toEqual(["device:east/d1"]);
  expect(await pluck("/api/events?grid=county", east, "subject")).toEqual(["device:east/d1"]);
  expect(await pluck("/api/events?grid=west", east, "subject")).toEqual([]);
  expect((await list("/api/events", east)).total).toBe(1);
  expect(await pluck("/api/edges", all, "key")).toEqual(["east/e1", "west/empty", "west/w1"]);
  expect(await pluck("/api/edges", east, "key")).toEqual(["east/e1"]);
  expect(await pluck("/api/formations", east, "gridId")).toEqual(["boats"]);
  expect(await pluck("/api/dead-letters", all, "edge")).toEqual(["east/e1", "west/w1"]);
  expect(await pluck("/api/dead-letters", east, "edge")).toEqual(["east/e1"]);
});

it("shows nothing to an account whose grids are gone", async () => {
  for (const path of ["grids", "devices", "events", "edges", "formations", "vessels", "receivers", "dead-letters"]) {
    expect((await list(`/api/${path}`, nowhere)).items, path).toEqual([]);
  }
  const { body } = await scene.call("GET", "/api/overview", { token: nowhere });
  expect(body).toMatchObject({ devices: 0, edges: { total: 0 }, active: { "1": 0, "2": 0, "3": 0, "4": 0 } });
  expect(body).toMatchObject({ today: { opened: 0, closed: 0 }, deadLetters: 0, county: "" });
});

it("hides what is elsewhere also from who knows its name", async () => {
  const [west] = (await list("/api/events?grid=west", all)).items;
  expect(await scene.refusal("GET", "/api/devices/west/d1", { token: east })).toBe("404 NOT_FOUND");
  expect(await scene.refusal("GET", "/api/devices/west/d1/series?metric=battery", { token: east })).toBe(
    "404 NOT_FOUND",
  );
  expect(await scene.refusal("GET", `/api/events/${String(west.id)}`, { token: east })).toBe("404 NOT_FOUND");
  const body = { action: "close" };
  expect(await scene.refusal("POST", `/api/events/${String(west.id)}/actions`, { token: east, body })).toBe(
    "404 NOT_FOUND",
  );
  expect(scene.events.get(String(west.id))?.handling).toBe("new");
  const [letter] = (await list("/api/dead-letters", all)).items.filter(({ edge }) => edge === "west/w1");
  expect(await scene.refusal("POST", `/api/dead-letters/${String(letter.id)}/replay`, { token: east, body: {} })).toBe(
    "404 NOT_FOUND",
  );
});

it("keeps devices of others out of what is near", async () => {
  await scene.find({ subject: "place:sea", kind: "bench.border", gridId: "east-1", lon: 123.499, lat: 30.5 });
  const [event] = (await list("/api/events?kind=bench.border", all)).items;
  const near = async (token: string) =>
    (await scene.call<EventDetail>("GET", `/api/events/${String(event.id)}`, { token })).body.nearby.map((d) => d.uid);
  expect(await near(all)).toEqual(["west/d1"]);
  expect(await near(east)).toEqual([]);
});

it("counts what the account sees", async () => {
  const { body } = await scene.call("GET", "/api/overview", { token: east });
  expect(body).toMatchObject({ devices: 2, edges: { total: 1 }, active: { "1": 0, "2": 1 }, deadLetters: 1 });
});

it("lets a scoped administrator create edges of its own sites only", async () => {
  const token = await scene.account("east-admin", "admin", ["east"]);
  const edge = (site: string) => ({ token, body: { site, edge: "new" } });
  expect(await scene.refusal("POST", "/api/edges", edge("west"))).toBe("403 FORBIDDEN");
  expect((await scene.call("POST", "/api/edges", edge("east"))).status).toBe(201);
});

it("shows pictures of its own cameras only", async () => {
  const put = async (uid: string, text: string) => {
    const hash = scene.vision.evidence.put(Buffer.from(text), Date.now());
    await scene.pool.query(
      "insert into media (hash, bytes, type, device_id, ts) values ($1, 1, 'image/jpeg', $2, now())",
      [hash, scene.registry.device(uid)?.id],
    );
    return hash;
  };
  const mine = await put("east/d1", "east picture");
  const theirs = await put("west/d1", "west picture");
  expect((await scene.call("GET", `/api/media/${mine}`, { token: east })).status).toBe(200);
  expect(await scene.refusal("GET", `/api/media/${theirs}`, { token: east })).toBe("404 NOT_FOUND");
  expect((await scene.call("GET", `/api/media/${theirs}`, { token: all })).status).toBe(200);
});

it("filters the stream, event by event and device by device", async () => {
  const seesAll = await listen(scene, all);
  const seesEast = await listen(scene, east);
  await Promise.all([seesAll.until("stats"), seesEast.until("stats")]);
  expect(seesEast.of("stats")[0].data).toMatchObject({ devices: 2 });
  expect(seesAll.of("stats")[0].data).toMatchObject({ devices: 3 });
  await scene.find({ subject: "device:west/d1", kind: "bench.west" });
  await scene.find({ subject: "device:east/d1", kind: "bench.east" });
  await scene.edge("west", "w2", ["d7"]);
  await scene.edge("east", "e2", ["d8"]);
  const has = (uid: string) => (frame: { data: Record<string, unknown> }) => frame.data.uid === uid;
  await seesAll.until("health", 2);
  await seesEast.until("health", 1);
  expect(seesAll.of("event").map(({ data }) => data.kind)).toEqual(["bench.west", "bench.east"]);
  expect(seesEast.of("event").map(({ data }) => data.kind)).toEqual(["bench.east"]);
  expect(seesAll.of("health").some(has("west/d7"))).toBe(true);
  expect(seesEast.of("health").some(has("west/d7"))).toBe(false);
  expect(seesEast.of("health").some(has("east/d8"))).toBe(true);
  // what was missed is filtered as well
  const lastId = seesEast.of("stats")[0].id;
  seesEast.close();
  const again = await listen(scene, east, lastId);
  await again.until("event");
  expect(again.of("event").map(({ data }) => data.kind)).toEqual(["bench.east"]);
  expect(again.of("health").some(has("west/d7"))).toBe(false);
  again.close();
  seesAll.close();
});

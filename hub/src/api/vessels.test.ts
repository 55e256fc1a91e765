import { afterAll, beforeAll, expect, it } from "vitest";
import type { Position } from "@gridhub/device-profiles/reading.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import type { Device } from "../device.ts";
import { emptyBatch } from "../store/batch.ts";
import { type Scene, startScene } from "./api.testing.ts";

let scene: Scene;
let all: string, west: string;
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
const RECEIVER = { id: 1, uid: "east/ais", gridId: null, lon: null, lat: null } as unknown as Device;

/** An hour along two straight lines with a corner, a report a minute; a stranger farther west. */
beforeAll(async () => {
  // a moment after the last report, however long the tests take: vessels go stale by the clock
  scene = await startScene({ clock: () => NOW + 1000 });
  all = await scene.account("all", "viewer");
  west = await scene.account("west", "viewer", ["west"]);
  const batch = emptyBatch(1);
  for (let i = 60; i >= 0; i--) {
    const ts = NOW - i * 60_000;
    const report = { type: 18, ts, sog: 5, cog: 0, heading: null, status: null, class: "B" } as const;
    const at = (mmsi: number, lon: number, lat: number): Position => ({ ...report, mmsi, lon, lat });
    const k = 60 - i;
    const own = at(412_000_001, 122.2 + Math.min(k, 30) * 1e-3, 30.2 + Math.max(0, k - 30) * 1e-3);
    for (const p of [own, at(477_000_001, 125, 30 + k * 1e-3)]) scene.fleet.observe(p, RECEIVER, false, ts, batch, []);
  }
  await scene.store.commit(batch);
});
afterAll(() => scene?.close());

const get = async <T>(path: string, token: string) => (await scene.call<T>("GET", path, { token })).body;
const listed = async (query: string) =>
  (await get<{ items: { mmsi: number }[] }>(`/api/vessels${query}`, all)).items.map((v) => v.mmsi);

it("filters vessels by formation, state and area", async () => {
  expect(await listed("")).toEqual([412_000_001, 477_000_001]);
  expect(await listed("?formation=boats")).toEqual([412_000_001]);
  expect(await listed("?area=east")).toEqual([412_000_001]);
  expect(await listed("?area=west")).toEqual([]);
  expect(await listed("?state=in_port")).toEqual([]);
  expect(await listed("?state=fresh,at_sea")).toHaveLength(2);
  expect((await get<{ items: object[] }>("/api/vessels?formation=boats", all)).items[0]).toMatchObject({
    state: "fresh",
    inHarbour: null,
    areas: [],
    flags: [],
  });
});

it("simplifies a track to its corners, and hides it from who may not see the vessel", async () => {
  const span = `from=${NOW - 3_700_000}&to=${NOW + 1000}`;
  const path = `/api/vessels/412000001/track?${span}`;
  expect((await get<{ rows: number[][] }>(path, all)).rows).toHaveLength(61);
  const { rows } = await get<{ rows: number[][] }>(`${path}&simplify=10`, all);
  expect(rows.map((row) => (row[0] - NOW) / 60_000)).toEqual([-60, -30, 0]);
  expect((await scene.call("GET", path, { token: west })).status).toBe(404);
});

it("gives the lines of all vessels that the account sees", async () => {
  const span = `from=${NOW - 3_700_000}&to=${NOW + 1000}`;
  const tracks = async (query: string, token: string) =>
    (await get<{ items: { mmsi: number; points: number[][] }[] }>(`/api/tracks?${span}${query}`, token)).items;
  expect((await tracks("", all)).map((t) => [t.mmsi, t.points.length])).toEqual([
    [412_000_001, 3],
    [477_000_001, 2],
  ]);
  expect((await tracks("&area=east", all)).map((t) => t.mmsi)).toEqual([412_000_001]);
  expect(await tracks("", west)).toEqual([]);
  expect((await scene.call("GET", "/api/tracks?area=nowhere", { token: all })).status).toBe(404);
  const wide = `/api/tracks?from=${NOW - 4 * 86_400_000}&to=${NOW}`;
  expect((await scene.call("GET", wide, { token: all })).status).toBe(400);
});

it("adds formations up for the grids above them", async () => {
  const { items, areas } = await get<{ items: object[]; areas: object[] }>("/api/formations", all);
  expect(items).toMatchObject([{ gridId: "boats", members: 1, split: false, outage: false, dark: [], inHarbour: 0 }]);
  expect(areas).toMatchObject([
    { gridId: "east", formations: 1, members: 1 },
    { gridId: "county", formations: 1, members: 1 },
  ]);
  expect(await get("/api/vessels/412000001/visits", all)).toEqual({ items: [] });
});

it("says what stations hear and what their agents count, here and in the metrics", async () => {
  await scene.edge("east", "e1", ["ais"]);
  const report = { sentences: 90, messages: 70, refused: 12, lost: 3, vessels: 2 };
  await scene.send(
    topics.heartbeat("east", "e1"),
    JSON.stringify({ b: 1, ts: NOW, queue: 0, bytes: 0, receivers: { ais: report } }),
  );
  const { items } = await get<{ items: object[] }>("/api/receivers", all);
  const line = { sentences: 90, messages: 70, refused: 12, lost: 3 };
  expect(items).toMatchObject([{ uid: RECEIVER.uid, vessels: 2, rangeNm: null, line }]);
  const { body } = await scene.call<string>("GET", "/metrics");
  for (const text of [
    'gridhub_receiver_vessels{receiver="east/ais"} 2',
    'gridhub_receiver_range_nm{receiver="east/ais"} 0',
    'gridhub_receiver_sentences_total{receiver="east/ais"} 90',
    'gridhub_receiver_refused_total{receiver="east/ais"} 12',
    'gridhub_receiver_lost_total{receiver="east/ais"} 3',
  ])
    expect(body).toContain(`\n${text}\n`);
  expect(body).toMatch(/gridhub_receiver_messages_per_minute\{receiver="east\/ais"\} [1-9]/);
});

it("says which station hears whom, to those who may see both", async () => {
  const { items: stations } = await get<{ items: { uid: string; vessels: number }[] }>("/api/receivers", all);
  const heard = stations.find(({ vessels }) => vessels > 0)!;
  const { items } = await get<{ items: { mmsi: number }[] }>(`/api/receivers/${heard.uid}/vessels`, all);
  expect(items.length).toBe(heard.vessels);
  const path = `/api/vessels/${items[0].mmsi}/receivers`;
  expect((await get<{ items: object[] }>(path, all)).items).toMatchObject([{ uid: heard.uid }]);
  expect((await scene.call("GET", path, { token: west })).status).toBe(404);
  expect((await scene.call("GET", `/api/receivers/${heard.uid}/vessels`, { token: west })).status).toBe(404);
  expect((await scene.call("GET", "/api/receivers/no/such/vessels", { token: all })).status).toBe(404);
});

import { topics } from "@gridhub/device-profiles/topic.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";
import type { CameraPage, VisionModels } from "./vision-schema.ts";

let scene: Scene;
let all: string, east: string;
beforeAll(async () => {
  scene = await startScene();
  all = await scene.account("all", "operator");
  east = await scene.account("east", "operator", ["east"]);
  await scene.edge("east", "e1", ["d1", "d2"]);
  await scene.edge("west", "w1", ["d1"]);
});
afterAll(() => scene?.close());

const grey = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#777" } })
  .jpeg()
  .toBuffer();

function frame(why: string, jpeg = grey, where: { moving?: boolean } = {}): Buffer {
  const header = Buffer.from(JSON.stringify({ v: 1, ts: Date.now(), w: 64, h: 64, why, ...where }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, jpeg]);
}

it("shows cameras of the account's grids, by page, with what is known of them", async () => {
  for (const [site, edge] of [
    ["east", "e1"],
    ["west", "w1"],
  ])
    await scene.send(topics.frame(site, edge, "d1"), frame("patrol", grey, site === "west" ? { moving: true } : {}));
  const page = async (token: string, query = "") =>
    (await scene.call<CameraPage>("GET", `/api/vision/cameras${query}`, { token })).body;
  const { items, next, total, states, faulty } = await page(all);
  expect([items.map((c) => c.uid), next]).toEqual([["east/d1", "west/d1"], null]);
  expect([total, states, faulty]).toEqual([2, { watching: 0, silent: 0, idle: 0, unwatched: 2 }, 0]);
  // this hub runs no detectors
  expect(items[0]).toMatchObject({
    ...{ state: "unwatched", models: [], looks: [], candidates: [], pace: null, runs: null },
    ...{
      health: "online",
      gridPath: ["名 county", "名 east", "名 east-1"],
      calibration: [],
      evidence: 0,
      precision: [],
    },
    ...{ picture: { width: 64, height: 64, preset: "" }, frames: { samples: { patrol: { looked: 0 } }, ageMs: null } },
  });
  expect(items.map((c) => c.picture?.moving)).toEqual([false, true]);
  expect(items[0].frameAgeMs).toBeLessThan(60_000);
  expect((await page(east)).items.map((c) => c.uid)).toEqual(["east/d1"]);
  expect((await page(all, "?limit=1")).next).toBe("east/d1");
  expect((await page(all, "?limit=1&after=east/d1")).items.map((c) => c.uid)).toEqual(["west/d1"]);
  expect(await scene.refusal("GET", "/api/vision/cameras")).toBe("401 UNAUTHENTICATED");
  const found = async (query: string) => (await page(all, `?${query}`)).items.map((c) => c.uid);
  expect(await found("grid=west")).toEqual(["west/d1"]);
  expect(await found("site=east")).toEqual(["east/d1"]);
  expect(await found("q=WEST/")).toEqual(["west/d1"]);
  expect(await found("state=watching,silent")).toEqual([]);
  expect(await found("health=online")).toHaveLength(2);
  expect(await found("faulty=true")).toEqual([]);
  expect(await scene.refusal("GET", "/api/vision/cameras?state=asleep", { token: all })).toBe("400 INVALID");
  expect((await page(east, "?grid=west")).items).toEqual([]);
});

it("tells what is wrong with a camera, what its edge runs, and what is kept of it", async () => {
  const beat = { b: 1, ts: Date.now(), queue: 0, bytes: 0, sources: { d1: "auth" } };
  await scene.send(topics.heartbeat("east", "e1"), JSON.stringify(beat));
  const report = { version: 1, devices: { d1: { interval_ms: 500, patrol_ms: 20_000, x: 1 }, d2: 7 } };
  await scene.send(topics.reported("east", "e1"), JSON.stringify(report));
  const hash = "ab".repeat(32);
  await scene.pool.query("INSERT INTO media VALUES ($1, 10, 'image/jpeg', $2, now())", [
    hash,
    scene.registry.device("east/d1")?.id,
  ]);
  const { items, faulty } = (await scene.call<CameraPage>("GET", "/api/vision/cameras?faulty=true", { token: all }))
    .body;
  expect(items).toMatchObject([
    { uid: "east/d1", health: "offline", healthReason: "source_auth", runs: { interval_ms: 500, patrol_ms: 20_000 } },
  ]);
  expect([items[0].runs, items[0].evidence, faulty]).toEqual([{ interval_ms: 500, patrol_ms: 20_000 }, 1, 1]);
});

it("hands out small pictures of the account's cameras, made once a frame", async () => {
  const path = "/api/cameras/east/d1/thumbnail";
  const big = await sharp({ create: { width: 1280, height: 720, channels: 3, background: "#285" } })
    .jpeg()
    .toBuffer();
  await scene.send(topics.frame("east", "e1", "d1"), frame("patrol", big));
  const get = (token: string) => fetch(`${scene.address}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const answer = await get(east);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
  const first = Buffer.from(await answer.arrayBuffer());
  expect(await sharp(first).metadata()).toMatchObject({ width: 320, height: 180 });
  const made = await scene.vision.thumbnails.of("east/d1");
  expect(await scene.vision.thumbnails.of("east/d1")).toBe(made);
  const west = await scene.account("west", "viewer", ["west"]);
  expect(await scene.refusal("GET", path, { token: west })).toBe("404 NOT_FOUND");
  expect(await scene.refusal("GET", "/api/cameras/east/d2/thumbnail", { token: all })).toBe("404 NOT_FOUND");
  expect(await scene.refusal("GET", path)).toBe("401 UNAUTHENTICATED");
});

it("shows a hub without models as one", async () => {
  const { body } = await scene.call<VisionModels>("GET", "/api/vision/models", { token: east });
  expect(body).toMatchObject({ enabled: false, items: [], load: { slower: 1, waiting: 0 } });
  // cards, refusals and times: model-shelf.test.ts and vision-models.test.ts
  expect(await scene.refusal("GET", "/api/vision/models")).toBe("401 UNAUTHENTICATED");
});

it("counts what people judged: precision a model and a camera, with its interval", async () => {
  const raise = (uid: string, n: number, model: string) =>
    scene.find({
      kind: "vision.fire",
      subject: `place:${uid}#${n}`,
      device: scene.registry.device(uid) ?? null,
      source: "vision:fire",
      evidence: { model },
      // kilometres apart: what one camera sees in one place is one incident
      lon: (uid.startsWith("east") ? 122.2 : 123.2) + n / 10,
      lat: 30.5,
    });
  for (let n = 0; n < 4; n++) await raise("east/d1", n, "m@1.0.0");
  await raise("west/d1", 0, "m@1.0.1");
  await scene.find({ subject: "device:east/d2", kind: "bench.hot" });
  const { items } = (
    await scene.call<{ items: { id: string; subject: string }[] }>("GET", "/api/events?kind=vision.fire", {
      token: all,
    })
  ).body;
  const act = async (subject: string, action: string) => {
    const id = items.find((e) => e.subject === subject)?.id ?? "";
    const { status } = await scene.call("POST", `/api/events/${id}/actions`, { token: all, body: { action } });
    expect(status).toBe(200);
  };
  await act("place:east/d1#0", "close");
  await act("place:east/d1#1", "hand_off");
  await act("place:east/d1#2", "false_alarm");
  await act("place:west/d1#0", "false_alarm");

  await act("place:east/d1#3", "confirm");

  type Answer = { models: Record<string, unknown>[]; cameras: Record<string, unknown>[] };
  const { models, cameras } = (await scene.call<Answer>("GET", "/api/vision/precision", { token: all })).body;
  const judged = { recipe: "fire", raised: 4, confirmed: 3, falseAlarms: 1, precision: 0.75, low: 0.301, high: 0.954 };
  expect(models).toEqual([
    { model: "m@1.0.0", ...judged },
    { model: "m@1.0.1", recipe: "fire", raised: 1, confirmed: 0, falseAlarms: 1, precision: 0, low: 0, high: 0.793 },
  ]);
  expect(cameras[0]).toEqual({ uid: "east/d1", ...judged });
  const mine = (await scene.call<Answer>("GET", "/api/vision/precision", { token: east })).body;
  expect(mine.cameras.map((c) => c.uid)).toEqual(["east/d1"]);
  const { items: cameraInfos } = (await scene.call<CameraPage>("GET", "/api/vision/cameras", { token: all })).body;
  expect(cameraInfos.map((c) => c.precision)).toEqual([
    [{ kind: "vision.fire", ...judged }],
    [
      {
        kind: "vision.fire",
        recipe: "fire",
        raised: 1,
        confirmed: 0,
        falseAlarms: 1,
        precision: 0,
        low: 0,
        high: 0.793,
      },
    ],
  ]);
  const before = (await scene.call<Answer>("GET", "/api/vision/precision?from=0&to=1", { token: all })).body;
  expect(before.models).toEqual([]);
});

import { topics } from "@gridhub/device-profiles/topic.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";

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

async function frame(why: string): Promise<Buffer> {
  const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#777" } })
    .jpeg()
    .toBuffer();
  const header = Buffer.from(JSON.stringify({ v: 1, ts: Date.now(), w: 64, h: 64, why }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, jpeg]);
}

it("shows cameras of the account's grids, by page, with what is known of them", async () => {
  for (const [site, edge] of [
    ["east", "e1"],
    ["west", "w1"],
  ])
    await scene.send(topics.frame(site, edge, "d1"), await frame("patrol"));
  type Page = { items: { uid: string; state: string; frameAgeMs: number | null }[]; next: string | null };
  const page = async (token: string, query = "") =>
    (await scene.call<Page>("GET", `/api/vision/cameras${query}`, { token })).body;
  const { items, next } = await page(all);
  expect([items.map((c) => c.uid), next]).toEqual([["east/d1", "west/d1"], null]);
  // this hub runs no detectors
  expect(items[0]).toMatchObject({ state: "unwatched", models: [], candidates: [], pace: null });
  expect(items[0].frameAgeMs).toBeLessThan(60_000);
  expect((await page(east)).items.map((c) => c.uid)).toEqual(["east/d1"]);
  expect((await page(all, "?limit=1")).next).toBe("east/d1");
  expect((await page(all, "?limit=1&after=east/d1")).items.map((c) => c.uid)).toEqual(["west/d1"]);
  expect(await scene.refusal("GET", "/api/vision/cameras")).toBe("401 UNAUTHENTICATED");
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

  type Answer = { models: Record<string, unknown>[]; cameras: Record<string, unknown>[] };
  const { models, cameras } = (await scene.call<Answer>("GET", "/api/vision/precision", { token: all })).body;
  const judged = { recipe: "fire", raised: 4, confirmed: 2, falseAlarms: 1, precision: 0.667, low: 0.208, high: 0.939 };
  expect(models).toEqual([
    { model: "m@1.0.0", ...judged },
    { model: "m@1.0.1", recipe: "fire", raised: 1, confirmed: 0, falseAlarms: 1, precision: 0, low: 0, high: 0.793 },
  ]);
  expect(cameras[0]).toEqual({ uid: "east/d1", ...judged });
  const mine = (await scene.call<Answer>("GET", "/api/vision/precision", { token: east })).body;
  expect(mine.cameras.map((c) => c.uid)).toEqual(["east/d1"]);
  const before = (await scene.call<Answer>("GET", "/api/vision/precision?from=0&to=1", { token: all })).body;
  expect(before.models).toEqual([]);
});

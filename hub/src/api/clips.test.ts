import { topics } from "@gridhub/device-profiles/topic.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Scene, startScene } from "./api.testing.ts";

interface Clips {
  readonly items: {
    readonly id: string;
    readonly camera: string;
    readonly state: string;
    readonly url: string | null;
    readonly edgeOnline: boolean;
  }[];
}

let scene: Scene;
let operator: string, viewer: string, west: string;
let path = "";
beforeAll(async () => {
  scene = await startScene();
  operator = await scene.account("op", "operator", ["east"]);
  viewer = await scene.account("eye", "viewer", ["east"]);
  west = await scene.account("west", "operator", ["west"]);
  await scene.edge("east", "e1", ["d1"]);
  await scene.edge("west", "w1", ["d1"]);
  const now = Date.now();
  await scene.find({
    kind: "vision.fire",
    subject: "place:east/d1",
    device: scene.registry.device("east/d1") ?? null,
    source: "vision:fire",
    lon: 122.5,
    lat: 30.5,
    // two cameras saw it, one of them across the border
    evidence: { cameras: ["east/d1", "west/d1"], clip: { from: now - 20_000, to: now + 10_000 } },
  });
  const { items } = (
    await scene.call<{ items: { id: string }[] }>("GET", "/api/events?kind=vision.fire", { token: viewer })
  ).body;
  path = `/api/events/${items[0].id}/clips`;
});
afterAll(() => scene?.close());

const clips = async (token: string) => (await scene.call<Clips>("GET", path, { token })).body.items;
const report = (evidence: unknown) =>
  scene.send(topics.reported("east", "e1"), JSON.stringify({ version: 0, devices: {}, evidence }));

it("says of each camera that the account sees what its edge keeps of an event", async () => {
  expect((await clips(viewer)).map((c) => [c.camera, c.state, c.url])).toEqual([["east/d1", "unknown", null]]);
  await report({ keep_ms: 600_000, upload: true, url: "https://10.0.0.7:8090/" });
  const [kept] = await clips(viewer);
  expect([kept.state, kept.edgeOnline, kept.url]).toEqual([
    "at_edge",
    true,
    expect.stringMatching(/^https:\/\/10\.0\.0\.7:8090\/evidence\/d1\/clip\?from=\d+&to=\d+$/),
  ]);
  // no link but one to the web
  await report({ keep_ms: 600_000, upload: true, url: "javascript:alert(1)//" });
  expect(await clips(viewer)).toMatchObject([{ state: "at_edge", url: null }]);
  await report({ keep_ms: 10_000, upload: true });
  expect(await clips(viewer)).toMatchObject([{ state: "gone" }]);
  await report({ keep_ms: 600_000, upload: false });
  expect(await clips(viewer)).toMatchObject([{ state: "off" }]);
  await report(undefined);
  expect(await clips(viewer)).toMatchObject([{ state: "off" }]);
});

it("asks for one on an operator's word alone, of a camera of the event, in the account's grids", async () => {
  const want = (token: string, body: object) => scene.refusal("POST", path, { token, body });
  expect(await want(viewer, { camera: "east/d1" })).toBe("403 FORBIDDEN");
  expect(await want(west, { camera: "east/d1" })).toBe("404 NOT_FOUND");
  expect(await want(operator, { camera: "west/d1" })).toBe("404 NOT_FOUND");
  expect(await want(operator, { camera: "east/d1", from: 0, to: 60_001 })).toBe("400 INVALID");
  // this hub asks no edge for anything
  expect(await want(operator, { camera: "east/d1" })).toBe("409 TOO_MANY_CLIPS");
  expect(await scene.refusal("GET", path, { token: west })).toBe("404 NOT_FOUND");
  expect(await scene.refusal("GET", path)).toBe("401 UNAUTHENTICATED");
});

it("hands out no clip that is not there, whatever is asked for", async () => {
  for (const id of ["0123456789abcdef", "..%2F..%2Fetc", "0123456789ABCDEF"]) {
    const clip = await scene.refusal("GET", `/api/clips/${id}`, { token: operator });
    const frame = await scene.refusal("GET", `/api/clips/${id}/frames/0`, { token: operator });
    expect([clip, frame].every((r) => r === "404 NOT_FOUND" || r === "400 INVALID")).toBe(true);
  }
  expect(await scene.refusal("GET", "/api/clips/0123456789abcdef/frames/-1", { token: operator })).toBe("400 INVALID");
});

import { topics } from "@gridhub/device-profiles/topic.ts";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Calibrations } from "../vision/calibration/calibrations.ts";
import { offset, seenAt, type TrueCamera } from "../vision/calibration/world.testing.ts";
import { type Scene, startScene } from "./api.testing.ts";
import type { CalibrationInfo, LocateInfo } from "./calibration-schema.ts";

let scene: Scene;
let admin: string, viewer: string, west: string;
const PATH = "/api/cameras/east/d1";
/** half a kilometre before the line between the towns, looking over it */
const CAMERA: TrueCamera = { lon: 122.9955, lat: 30.5, aspect: 16 / 9, heightM: 60, bearing: 90, pitch: -8, roll: 0, fov: 50 }; // prettier-ignore

beforeAll(async () => {
  scene = await startScene();
  [admin, viewer, west] = [
    await scene.account("boss", "admin"),
    await scene.account("looks", "viewer"),
    await scene.account("west", "admin", ["west"]),
  ];
  await scene.edge("east", "e1", ["d1", "d2"]);
});
afterAll(() => scene?.close());

async function frame(preset?: string): Promise<Buffer> {
  const jpeg = await sharp({ create: { width: 128, height: 72, channels: 3, background: "#777" } })
    .jpeg()
    .toBuffer();
  const header = Buffer.from(JSON.stringify({ v: 1, ts: Date.now(), w: 128, h: 72, why: "patrol", preset }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, jpeg]);
}
const pixel = (along: number) => {
  const at = offset(CAMERA.lon, CAMERA.lat, along, 0);
  const [x, y] = seenAt(CAMERA, at.lon, at.lat) ?? [0, 0];
  return { x, y };
};
const pose = { method: "pose", ...CAMERA, sigma: { bearing: 0.1, pitch: 0.02, roll: 0.1, fov: 0.1, heightM: 0.5 } };
const locate = async (body: object) =>
  (await scene.call<LocateInfo>("POST", `${PATH}/locate`, { token: viewer, body })).body;

it("takes a calibration, places pixels by it on the grid that is there, and keeps every version", async () => {
  expect(await scene.refusal("GET", `${PATH}/calibration`, { token: viewer })).toBe("404 NOT_FOUND");
  await scene.send(topics.frame("east", "e1", "d1"), await frame("left"));
  const get = async () => (await scene.call<CalibrationInfo>("GET", `${PATH}/calibration`, { token: viewer })).body;
  expect(await get()).toMatchObject({ current: [], history: [], frame: { width: 128, height: 72, preset: "left" } });
  expect(await scene.refusal("POST", `${PATH}/locate`, { token: viewer, body: pixel(300) })).toBe("409 NOT_CALIBRATED");

  const put = (token: string, body: object) => ({ token, body });
  expect(await scene.refusal("PUT", `${PATH}/calibration`, put(viewer, { calibration: pose }))).toBe("403 FORBIDDEN");
  expect(await scene.refusal("PUT", `${PATH}/calibration`, put(west, { calibration: pose }))).toBe("404 NOT_FOUND");
  const flat = { method: "points", aspect: 1.7, points: [{ x: 0.1, y: 0.1, lon: 122, lat: 30 }] };
  expect(await scene.refusal("PUT", `${PATH}/calibration`, put(admin, { calibration: flat }))).toBe(
    "422 CALIBRATION_TOO_FEW",
  );
  expect(await scene.refusal("PUT", `${PATH}/calibration`, put(admin, { calibration: { ...pose, fov: "wide" } }))).toBe(
    "400 INVALID",
  );
  const saved = await scene.call<CalibrationInfo>("PUT", `${PATH}/calibration`, put(admin, { calibration: pose, note: " mast " })); // prettier-ignore
  expect(saved.body.current).toMatchObject([
    { version: 1, preset: "", who: "boss", note: "mast", residuals: [], moved: false },
  ]);

  // before the line between the towns, behind it, on it, and in the sky
  expect(await locate(pixel(250))).toMatchObject({ kind: "ground", gridId: "east-1", match: "inside", version: 1 });
  expect(await locate(pixel(700))).toMatchObject({ kind: "ground", gridId: "west-1", match: "inside" });
  const near = await locate(pixel(435));
  expect(near).toMatchObject({ kind: "ground", match: "uncertain" });
  expect(near.errorM).toBeLessThan(50);
  expect(await locate({ x: 0.5, y: 0.05 })).toMatchObject({ kind: "bearing", lon: null, gridId: "east-1", match: "bound" }); // prettier-ignore
  const elsewhere = { ...pose, lon: CAMERA.lon - 0.02 };
  expect(await locate({ ...pixel(700), calibration: elsewhere })).toMatchObject({ gridId: "east-1", version: null });

  type Check = { refused: { code: string } | null; stepM: number; lines: number[][][] };
  const check = async (calibration: object) =>
    (await scene.call<Check>("POST", `${PATH}/calibration/check`, { token: viewer, body: { calibration } })).body;
  expect((await check(flat)).refused?.code).toBe("CALIBRATION_TOO_FEW");
  const { refused, stepM, lines } = await check(pose);
  expect([refused, stepM]).toEqual([null, 50]);
  expect(lines.length).toBeGreaterThan(8);
  expect(lines.flat().every(([x, y]) => x > -0.5 && x < 1.5 && y > 0 && y < 1.5)).toBe(true);

  const preset = { preset: "left", calibration: { ...pose, bearing: 0 } };
  await scene.call("PUT", `${PATH}/calibration`, put(admin, preset));
  const gone = await scene.call<CalibrationInfo>("DELETE", `${PATH}/calibration`, { token: admin, body: {} });
  expect(gone.body.current.map((c) => [c.preset, c.version])).toEqual([["left", 2]]);
  expect(gone.body.history.map((v) => [v.version, v.preset, v.calibration === null])).toEqual([
    [3, "", true],
    [2, "left", false],
    [1, "", false],
  ]);
  expect(await scene.refusal("DELETE", `${PATH}/calibration`, { token: admin, body: {} })).toBe("404 NOT_FOUND");

  // another hub on the same database
  const again = new Calibrations();
  again.load((await scene.store.loadSnapshot()).foldState);
  expect(again.history("east/d1").map((v) => v.version)).toEqual([3, 2, 1]);
  type Line = { action: string; target: string };
  const { items } = (await scene.call<{ items: Line[] }>("GET", "/api/audit?limit=10", { token: admin })).body;
  expect(items.filter((l) => l.target === "device:east/d1").map((l) => l.action)).toEqual(["uncalibrate", "calibrate", "calibrate"]); // prettier-ignore
});

it("shows the newest picture to who sees the camera, and to nobody else", async () => {
  const { status, headers } = await scene.call("GET", `${PATH}/frame`, { token: viewer });
  expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([200, "image/jpeg", "private, no-store"]); // prettier-ignore
  expect(await scene.refusal("GET", `${PATH}/frame`, { token: west })).toBe("404 NOT_FOUND");
  expect(await scene.refusal("GET", "/api/cameras/east/d2/frame", { token: viewer })).toBe("404 NOT_FOUND");
});

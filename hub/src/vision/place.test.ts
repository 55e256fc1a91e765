import { expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { Calibrations } from "./calibration/calibrations.ts";
import { metresBetween } from "./calibration/geodesy.ts";
import { offset, seenAt, type TrueCamera } from "./calibration/world.testing.ts";
import type { Box } from "./detection.ts";
import { NewestFrames } from "./newest-frames.ts";
import { place } from "./place.ts";

const CAMERA: TrueCamera = { lon: 122.45, lat: 30.72, aspect: 16 / 9, heightM: 9, bearing: 0, pitch: -15, roll: 0, fov: 60 }; // prettier-ignore
const device = { uid: "t/c", lon: CAMERA.lon, lat: CAMERA.lat, gridId: "g" } as Device;
const author = { who: "test", note: "" };
const frame = { width: 1280, height: 720 };
const pose = { method: "pose", ...CAMERA } as const;

/** a box of some size that stands so many metres away */
function standing(along: number): Box {
  const at = offset(CAMERA.lon, CAMERA.lat, 0, along);
  const [x, y] = seenAt(CAMERA, at.lon, at.lat) ?? [0, 0];
  return [x - 0.02, y - 0.1, 0.04, 0.1];
}

it("places the middle of a box's lower edge by the version of the frame's preset", () => {
  const known = new Calibrations();
  const at = (box: Box | null, view: object = {}) => place(known, device, box, { ...frame, ...view });
  expect(at(standing(40))).toEqual({ point: null, located: "camera", unlocated: "not_calibrated" });
  known.put(device, "", pose, author, 1);
  known.put(device, "gate", { ...pose, bearing: 90 }, author, 2);
  const ahead = at(standing(40));
  const truth = offset(CAMERA.lon, CAMERA.lat, 0, 40);
  expect(metresBetween(ahead.point?.lon ?? 0, ahead.point?.lat ?? 0, truth.lon, truth.lat)).toBeLessThan(0.1);
  expect(ahead).toMatchObject({ located: "calibration", calibration: { version: 1, preset: "" } });
  const east = at(standing(40), { preset: "gate" });
  expect(east.calibration).toEqual({ version: 2, preset: "gate" });
  expect(east.point?.lon).toBeGreaterThan(CAMERA.lon + 0.0003);

  expect(at(standing(40), { preset: "yard" }).unlocated).toBe("preset_unknown");
  expect(at(standing(40), { width: 960 }).unlocated).toBe("aspect");
  expect(at(standing(40), { width: 640, height: 360 }).located).toBe("calibration");
  expect(at(null).unlocated).toBe("no_object");
  expect(at([0.4, 0.01, 0.1, 0.05])).toMatchObject({ point: null, located: "bearing", unlocated: "horizon" });
  // what goes on below the frame stands nearer than it seems, by how much nobody knows
  const whole: Box = [0.45, 0.59, 0.1, 0.4];
  const cut: Box = [0.45, 0.6, 0.1, 0.4];
  expect(at(cut).point?.errorM).toBeGreaterThan(1.5 * (at(whole).point?.errorM ?? 0));
});

it("does not believe the calibration of a camera that was moved, until there is a new one; versions survive a restart", () => {
  const known = new Calibrations();
  known.put(device, "", pose, author, 1);
  const moved = { ...device, lon: CAMERA.lon + 0.001 };
  expect(place(known, moved, standing(40), frame).unlocated).toBe("camera_moved");
  expect(place(known, { ...device, lon: CAMERA.lon + 0.00002 }, standing(40), frame).located).toBe("calibration");
  known.put(moved, "", { ...pose, lon: moved.lon ?? 0 }, author, 2);
  const rows: FoldStateRow[] = [];
  known.drain(rows);
  const again = new Calibrations();
  again.load(JSON.parse(JSON.stringify(rows)) as FoldStateRow[]);
  expect(place(again, moved, standing(40), frame).calibration?.version).toBe(2);
  known.drain(rows);
  expect(rows).toHaveLength(1);
  for (let i = 0; i < 300; i++) again.put(moved, i % 2 === 0 ? "" : "gate", pose, author, i);
  expect(again.history("t/c")).toHaveLength(100);
  expect(again.history("t/c")[0].version).toBe(302);
});

it("keeps newest pictures within its memory, of those that are asked for in any case", () => {
  const frames = new NewestFrames();
  const jpeg = Buffer.alloc(2 ** 20);
  const note = (uid: string, ts: number) => frames.note(uid, { jpeg, ts, ...frame, preset: "", moving: false });
  note("wanted", 1);
  expect(frames.want("wanted", 1)?.ts).toBe(1);
  for (let i = 0; i < 100; i++) note(`c${i}`, 2 + i);
  expect(frames.get("c0")).toBeNull();
  expect(frames.get("c99")?.ts).toBe(101);
  expect(frames.get("wanted")?.ts).toBe(1);
  for (let i = 0; i < 40; i++) note(`d${i}`, 10_000_000 + i);
  expect(frames.get("wanted")).toBeNull();
});

import type { CalibrationForm, CalibrationInfo, LocateInfo } from "../../src/api/calibration-schema.ts";
import type { DeviceInfo, User } from "../../src/api/schema.ts";
import { type Calibration, type Solved, solveCalibration } from "../../src/vision/calibration/calibration.ts";
import { groundGrid } from "../../src/vision/calibration/ground-grid.ts";
import { offset, seenAt, type TrueCamera } from "../../src/vision/calibration/world.testing.ts";
import { gridAt } from "../src/onboarding/grid-at.ts";
import type { makeWorld } from "./world.ts";

type Answer = [status: number, body: unknown];
const [WIDTH, HEIGHT] = [1280, 720];

/** The camera that every camera of the mock is, wherever it stands: on a pole at a street. */
export function cameraOf(device: { readonly lon: number | null; readonly lat: number | null }): TrueCamera {
  return { lon: device.lon ?? 122.45, lat: device.lat ?? 30.72, aspect: WIDTH / HEIGHT, heightM: 7, bearing: 25, pitch: -16, roll: 0, fov: 72 }; // prettier-ignore
}

/** A street with squares that one can find in the picture and on the map. */
function street(camera: TrueCamera): string {
  const at = (across: number, along: number): string | null => {
    const b = (camera.bearing * Math.PI) / 180;
    const east = along * Math.sin(b) + across * Math.cos(b);
    const place = offset(camera.lon, camera.lat, east, along * Math.cos(b) - across * Math.sin(b));
    const seen = seenAt(camera, place.lon, place.lat);
    return seen === null ? null : `${(seen[0] * WIDTH).toFixed(1)},${(seen[1] * HEIGHT).toFixed(1)}`;
  };
  const shape = (fill: string, ...corners: [number, number][]) => {
    const points = corners.map(([x, y]) => at(x, y));
    return points.includes(null) ? "" : `<polygon fill="${fill}" points="${points.join(" ")}"/>`;
  };
  let ground = shape("#6d7469", [-60, 6], [60, 6], [200, 300], [-200, 300]) + shape("#4b5157", [-7, 6], [7, 6], [7, 300], [-7, 300]); // prettier-ignore
  for (let y = 10; y < 120; y += 8) ground += shape("#c9c7b8", [-0.15, y], [0.15, y], [0.15, y + 4], [-0.15, y + 4]);
  for (let i = -6; i < 6; i++) ground += shape("#d8d8d2", [i + 0.2, 22], [i + 0.7, 22], [i + 0.7, 26], [i + 0.2, 26]);
  ground += shape("#8a8f86", [9, 18], [17, 18], [17, 34], [9, 34]) + shape("#8d7f6c", [-22, 26], [-10, 26], [-10, 52], [-22, 52]); // prettier-ignore
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="#9fb4c4"/><rect y="120" width="100%" height="600" fill="#7c857a"/>${ground}</svg>`;
}

/** Calibrations of the mock: reckoned as the hub does, kept in memory. */
export function makeCalibration(world: ReturnType<typeof makeWorld>) {
  const kept = new Map<string, CalibrationInfo["history"]>();
  const fail = (status: number, code: string, message = code): Answer => [status, { code, message }];
  const find = (path: string): DeviceInfo | undefined => {
    const [, , , site, name] = path.split("/").map(decodeURIComponent);
    return world.devices.find((d) => d.uid === `${site}/${name}` && d.kind === "camera");
  };

  function info(device: DeviceInfo): CalibrationInfo {
    const { uid, title, lon, lat, gridId } = device;
    const history = kept.get(uid) ?? [];
    const newest = history.filter((v, i) => history.findIndex(({ preset }) => preset === v.preset) === i);
    const current = newest.flatMap((v) => {
      const solved = v.calibration === null ? null : solveCalibration(v.calibration as Calibration);
      return solved === null || "refused" in solved ? [] : [{ ...v, residuals: [...solved.residuals], rmsM: solved.rmsM, moved: false }]; // prettier-ignore
    });
    return { uid, title, lon, lat, gridId, current, history: [...history], frame: { ts: 1, width: WIDTH, height: HEIGHT, preset: "" } }; // prettier-ignore
  }

  function locate(solved: Solved, device: DeviceInfo, x: number, y: number): LocateInfo {
    const found = solved.locate(x, y, 0.0016, 0.0028);
    const grid = found.kind === "ground" ? gridAt(world.grids, found.lon, found.lat) : null;
    return {
      kind: found.kind,
      lon: found.kind === "ground" ? found.lon : null,
      lat: found.kind === "ground" ? found.lat : null,
      errorM: found.kind === "ground" ? found.errorM : null,
      bearing: found.kind === "bearing" ? found.bearing : null,
      gridId: grid?.id ?? device.gridId,
      gridName: grid?.name ?? device.gridPath.at(-1) ?? null,
      match: found.kind === "ground" ? "inside" : "bound",
      version: null,
    };
  }

  return {
    picture: (path: string): string | undefined => {
      const device = find(path);
      return device === undefined ? undefined : street(cameraOf(device));
    },
    answer(method: string, path: string, body: unknown, user: User): Answer {
      const device = find(path);
      if (device === undefined) return fail(404, "NOT_FOUND");
      if (method === "GET") return [200, info(device)];
      const { calibration, preset = "", x, y } = body as { calibration?: CalibrationForm; preset?: string; x: number; y: number }; // prettier-ignore
      const history = kept.get(device.uid) ?? [];
      const next = { version: history.length + 1, preset, at: Date.now(), who: user.username, note: "" };
      if (method === "DELETE") {
        kept.set(device.uid, [{ ...next, calibration: null }, ...history]);
        return [200, info(device)];
      }
      if (calibration === undefined) return fail(409, "NOT_CALIBRATED");
      const solved = solveCalibration(calibration as Calibration);
      const refused = "refused" in solved ? `CALIBRATION_${solved.refused.toUpperCase()}` : null;
      if (path.endsWith("/check")) {
        if ("refused" in solved)
          return [200, { refused: { code: refused, detail: solved.detail }, residuals: [], rmsM: 0, stepM: 10, lines: [] }]; // prettier-ignore
        const { residuals, rmsM } = solved;
        return [200, { refused: null, residuals, rmsM, ...groundGrid(calibration as Calibration, solved) }];
      }
      if ("refused" in solved) return fail(422, refused ?? "");
      if (path.endsWith("/locate")) return [200, locate(solved, device, x, y)];
      if (user.role !== "admin") return fail(403, "FORBIDDEN");
      kept.set(device.uid, [{ ...next, calibration }, ...history]);
      return [200, info(device)];
    },
  };
}

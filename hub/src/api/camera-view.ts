import type { Device } from "../device.ts";
import type { PrecisionRow } from "../store/queries/vision.ts";
import type { NewestFrame } from "../vision/newest-frames.ts";
import type { ApiContext } from "./context.ts";
import { deviceInfo } from "./device-view.ts";
import { judged } from "./judged.ts";
import type { Scope } from "./scope.ts";
import type { CameraInfo } from "./vision-schema.ts";

/** What the database knows of a camera. */
export interface CameraHistory {
  readonly evidence: number;
  readonly judgements: readonly PrecisionRow[];
}

/** A camera by its profile, or because it has sent frames. */
export function isCamera(device: Device, { vision }: Pick<ApiContext, "vision">): boolean {
  return device.profile.kind === "camera" || vision.hasSeen(device);
}

/** Cameras that an account sees, by uid. */
export function visibleCameras(scope: Scope, context: Pick<ApiContext, "registry" | "vision">): Device[] {
  return [...context.registry.devices()]
    .filter((device) => scope.hasDevice(device) && isCamera(device, context))
    .sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

/** @param now hub time, ms UTC */
export function cameraInfo(device: Device, now: number, context: ApiContext, history: CameraHistory): CameraInfo {
  const { vision } = context;
  const { calibrations } = vision;
  const status = vision.camera(device, now);
  const { title, site, gridId, gridPath, lon, lat, health, healthReason, healthSince } = deviceInfo(device, context);
  const frame = vision.newest.get(device.uid);
  return {
    // the answer must not hold on to what the room goes on with
    ...(structuredClone(status) as Pick<CameraInfo, keyof typeof status>),
    title: title || device.uid,
    site,
    gridId,
    gridPath,
    lon,
    lat,
    health,
    healthReason,
    healthSince,
    calibration: calibrations.presets(device.uid).flatMap((preset) => {
      const known = calibrations.current(device, preset);
      return known === null ? [] : [{ preset, version: known.version.version, moved: known.moved }];
    }),
    picture: frame === null ? null : pictureOf(frame),
    evidence: history.evidence,
    precision: judged(history.judgements, ({ kind, recipe }) => ({ kind, recipe })),
  };
}

function pictureOf({ ts, width, height, preset, moving }: NewestFrame): CameraInfo["picture"] {
  return { ts, width, height, preset, moving };
}

import type { Device } from "../device.ts";
import type { Calibrations } from "./calibration/calibrations.ts";
import type { Box } from "./detection.ts";

/** Where on the ground an object stands. */
export interface GroundPoint {
  /** degrees WGS84 */
  readonly lon: number;
  readonly lat: number;
  /** radius in which it is in 95 % of the cases, metres */
  readonly errorM: number;
}

/** How a place was found, for the evidence. */
export interface Placed {
  /** null = it goes to the camera's place */
  readonly point: GroundPoint | null;
  readonly located: "calibration" | "bearing" | "camera";
  /** degrees from true north, of what is at or above the horizon */
  readonly bearing?: number;
  readonly calibration?: { readonly version: number; readonly preset: string };
  /** why there is no more than the camera's place */
  readonly unlocated?:
    "not_calibrated" | "preset_unknown" | "moving" | "camera_moved" | "aspect" | "horizon" | "no_object";
}

/** What of a frame its place depends on. */
export interface FrameView {
  readonly width: number;
  readonly height: number;
  /** where a camera that turns looks; absent = it does not say */
  readonly preset?: string;
  /** it turns, or looks away from its presets */
  readonly moving?: boolean;
}

/** The edge of a box is right within this share of its side, one standard deviation, and never better than two pixels of 1280. */
const BOX_SHARE = 0.04;
const LEAST = 0.0016;
/** What touches the lower edge of the frame goes on below it, by about this share of what is seen. */
const CUT_SHARE = 0.25;
/** Pictures of one camera in other sizes have its aspect; another aspect is another cut-out. */
const ASPECT = 0.02;

/**
 * The object's own place by the camera's calibration: the ground under the middle of its box's lower edge, fire and smoke as well,
 * whose base is what stands on the ground. A preset without a calibration of its own is not placed by another's.
 * @param box fractions of the frame
 */
export function place(calibrations: Calibrations, camera: Device, box: Box | null, frame: FrameView): Placed {
  const preset = frame.preset ?? "";
  const nowhere = (unlocated: NonNullable<Placed["unlocated"]>): Placed => ({
    point: null,
    located: "camera",
    unlocated,
  });
  if (frame.moving === true)
    return nowhere(calibrations.presets(camera.uid).length === 0 ? "not_calibrated" : "moving");
  const known = calibrations.current(camera, preset);
  if (known === null)
    return nowhere(calibrations.presets(camera.uid).length === 0 ? "not_calibrated" : "preset_unknown");
  if (box === null) return nowhere("no_object");
  if (known.moved) return nowhere("camera_moved");
  const { aspect } = known.version.calibration ?? { aspect: 0 };
  if (Math.abs(frame.width / frame.height / aspect - 1) > ASPECT) return nowhere("aspect");

  const [left, top, width, height] = box;
  const foot = Math.min(1, top + height);
  const cut = foot > 0.995 ? CUT_SHARE * height : 0;
  const doubtX = Math.max(LEAST, BOX_SHARE * width);
  const doubtY = Math.max(LEAST * aspect, BOX_SHARE * height) + cut;
  const found = known.solved.locate(left + width / 2, foot, doubtX, doubtY);
  const calibration = { version: known.version.version, preset };
  if (found.kind === "ground") {
    const { lon, lat, errorM } = found;
    return { point: { lon, lat, errorM }, located: "calibration", calibration };
  }
  if (found.kind === "nowhere") return { ...nowhere("horizon"), calibration };
  const bearing = Math.round(found.bearing * 10) / 10;
  return { point: null, located: "bearing", bearing, calibration, unlocated: "horizon" };
}

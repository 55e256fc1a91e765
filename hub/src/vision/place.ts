import type { Device } from "../device.ts";
import type { Box } from "./detection.ts";

/** Where on the ground an object stands. */
export interface GroundPoint {
  /** degrees WGS84 */
  readonly lon: number;
  readonly lat: number;
  /** radius in which it is, metres */
  readonly errorM: number;
}

/**
 * The object's own place, by the camera's calibration. Null = the camera is not calibrated: the event goes to the camera's place and
 * says so. @param _box fractions of the frame; the object stands at the middle of its lower edge
 */
export function place(_camera: Device, _box: Box): GroundPoint | null {
  return null;
}

import type { Device } from "../../../hub/src/device.ts";
import { solveCalibration } from "../../../hub/src/vision/calibration/calibration.ts";
import type { Calibrations } from "../../../hub/src/vision/calibration/calibrations.ts";
import type { LandmarkSource } from "../../../hub/src/vision/landmarks.ts";
import type { TruthObject } from "../../../simulators/src/camera/scene.ts";

/** horizontal, degrees */
const FOV = 60;
/** metres above the street */
const HEIGHT_M = 5;
/** length of what the scenes park, metres */
const LENGTH_M: Readonly<Record<string, number>> = { car: 4.4, truck: 6 };
const METRES_A_DEGREE = 111_320;

/** Registered hydrants beside vehicles of the scenes, whose cameras are calibrated so that the vehicle has its true length. */
export class HydrantStreet implements LandmarkSource {
  readonly #hydrants: Pick<Device, "uid" | "title" | "lon" | "lat">[] = [];

  revision(): number {
    return this.#hydrants.length;
  }

  of(kind: string): readonly Pick<Device, "uid" | "title" | "lon" | "lat">[] {
    return kind === "hydrant" ? this.#hydrants : [];
  }

  /** A hydrant so many metres off the vehicle's end that is on the right in the picture. @param frame its size, pixels */
  add(
    calibrations: Calibrations,
    camera: Device,
    vehicle: TruthObject,
    metres: number,
    frame: { readonly width: number; readonly height: number },
  ): void {
    const { lon, lat } = camera;
    if (lon === null || lat === null) throw new Error(`${camera.uid} has no place`);
    const [x, y, w, h] = vehicle.box;
    const focal = (0.5 * frame.width) / Math.tan((FOV / 2) * (Math.PI / 180));
    const away = ((LENGTH_M[vehicle.label] ?? 4.4) * focal) / w;
    // it looks north; what is `away` from it appears at the vehicle's foot
    const pitch = degrees(Math.atan2(y + h - frame.height / 2, focal)) - degrees(Math.atan2(HEIGHT_M, away));
    const pose = { heightM: HEIGHT_M, bearing: 0, pitch, roll: 0, fov: FOV };
    const aspect = frame.width / frame.height;
    const calibration = { method: "pose", aspect, lon, lat, ...pose, sigma: { heightM: 0.1 } } as const;
    const solved = solveCalibration(calibration);
    if ("refused" in solved) throw new Error(`${camera.uid}: ${solved.detail}`);
    const end = solved.locate((x + w) / frame.width, (y + h) / frame.height, 0.001, 0.001);
    if (end.kind !== "ground") throw new Error(`${camera.uid}: the vehicle stands nowhere`);
    calibrations.put(camera, "", calibration, { who: "bench", note: "" }, 1);
    const east = metres / (METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180));
    this.#hydrants.push({ uid: `${camera.uid}-hydrant`, title: "", lon: end.lon + east, lat: end.lat });
  }
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

import type { Device } from "../device.ts";
import { CLICK_SIGMA } from "./calibration/calibration.ts";
import type { Calibrations } from "./calibration/calibrations.ts";
import { LocalPlane, metresBetween } from "./calibration/geodesy.ts";
import type { Box } from "./detection.ts";
import type { DevicesInSight } from "./options.ts";
import { place, type FrameView, type Placed } from "./place.ts";
import type { BesideRule } from "./recipe.ts";

/** Where the registered devices of a kind stand, for who may not ask the registry itself. */
export interface LandmarkSource {
  /** grows whenever a device of the kind is made, moved or renamed, or becomes another kind */
  revision(kind: string): number;
  of(kind: string): Iterable<Pick<Device, "uid" | "title" | "lon" | "lat">>;
}

/** How an object stands to the registered devices of a kind. */
export interface Bearings {
  /** the nearest; null = none in sight, or the object's own place is not known */
  readonly nearest: { readonly device: string; readonly title: string; readonly metres: number } | null;
  /** of the object's place, metres in 95 % of the cases */
  readonly errorM: number | null;
  /** why its place is not known */
  readonly unlocated?: Placed["unlocated"];
}

/** Farther than this from where it looks from no camera tells metres, metres. */
const FAR_M = 500;
const LAT_FAR = FAR_M / 110_000;
/** What is a little outside of the picture may have something beside it that is inside, fractions of the frame. */
const MARGIN = 0.2;
/** Nearest ones of a view that are kept. */
const MOST = 64;

interface Landmark {
  readonly device: string;
  readonly title: string;
  readonly plane: LocalPlane;
}

interface InSight extends Landmark {
  /** error of a place that is told there at best, metres */
  readonly errorM: number;
}

/**
 * Registered devices that a camera's calibrated views show. They are looked for once for each state of the registry and of the
 * calibrations; a frame meets the few of its own view.
 */
export class Landmarks {
  readonly #source: LandmarkSource | null;
  readonly #calibrations: Calibrations;
  readonly #all = new Map<string, { readonly revision: number; readonly list: readonly Landmark[] }>();
  /** by camera, preset and kind */
  readonly #inSight = new Map<string, { readonly stamp: number; readonly list: readonly InSight[] }>();

  constructor(source: LandmarkSource | null, calibrations: Calibrations) {
    this.#source = source;
    this.#calibrations = calibrations;
  }

  /** Grows with whatever may change an answer about devices of the kind. */
  stamp(kind: string): number {
    return this.#calibrations.revision + (this.#source?.revision(kind) ?? 0);
  }

  /** Those of the kind that the camera's views show; in several views at its best. */
  inSight(camera: Device, { kind, within }: BesideRule): DevicesInSight {
    const best = new Map<string, number>();
    for (const preset of this.#calibrations.presets(camera.uid))
      for (const { device, errorM } of this.#few(camera, preset, kind))
        best.set(device, Math.min(errorM, best.get(device) ?? Infinity));
    const devices = [...best.values()].filter((errorM) => errorM <= within).length;
    return { kind, within, devices, uncertain: best.size - devices };
  }

  /** @param box fractions of the frame */
  measure(camera: Device, kind: string, box: Box, frame: FrameView): Bearings {
    const { point, unlocated } = place(this.#calibrations, camera, box, frame);
    if (point === null) return { nearest: null, errorM: null, ...(unlocated !== undefined && { unlocated }) };
    const { errorM } = point;
    const few = this.#few(camera, frame.preset ?? "", kind);
    if (few.length === 0) return { nearest: null, errorM };
    // a bus is long: its lower edge counts from end to end, not its middle alone
    const [left, top, width, height] = box;
    const ends = [left, left + width].map((x) => place(this.#calibrations, camera, [x, top, 0, height], frame).point);
    let [nearest, metres] = [few[0], Infinity];
    for (const landmark of few) {
      const away = distance(landmark.plane, ends[0] ?? point, ends[1] ?? point);
      if (away < metres) [nearest, metres] = [landmark, away];
    }
    return { nearest: { device: nearest.device, title: nearest.title, metres }, errorM };
  }

  #few(camera: Device, preset: string, kind: string): readonly InSight[] {
    const key = `${camera.uid}\n${preset}\n${kind}`;
    const stamp = this.stamp(kind);
    const known = this.#inSight.get(key);
    if (known?.stamp === stamp) return known.list;
    const list = this.#find(camera, preset, kind);
    this.#inSight.set(key, { stamp, list });
    return list;
  }

  #find(camera: Device, preset: string, kind: string): InSight[] {
    const known = this.#calibrations.current(camera, preset);
    const calibration = known?.version.calibration;
    if (known === null || calibration == null || known.moved) return [];
    const from = calibration.method === "points" ? calibration.points[0] : calibration;
    const found: { readonly metres: number; readonly landmark: InSight }[] = [];
    for (const landmark of this.#of(kind)) {
      const { lon, lat } = landmark.plane;
      if (Math.abs(lat - from.lat) > LAT_FAR) continue;
      const metres = metresBetween(from.lon, from.lat, lon, lat);
      if (metres > FAR_M) continue;
      const at = known.solved.pixel(lon, lat);
      if (at === null || at.some((v) => v < -MARGIN || v > 1 + MARGIN)) continue;
      const sight = known.solved.locate(at[0], at[1], CLICK_SIGMA, CLICK_SIGMA * calibration.aspect);
      if (sight.kind === "ground") found.push({ metres, landmark: { ...landmark, errorM: sight.errorM } });
    }
    found.sort((a, b) => a.metres - b.metres);
    return found.slice(0, MOST).map(({ landmark }) => landmark);
  }

  #of(kind: string): readonly Landmark[] {
    if (this.#source === null) return [];
    const revision = this.#source.revision(kind);
    const known = this.#all.get(kind);
    if (known?.revision === revision) return known.list;
    const list: Landmark[] = [];
    for (const { uid, title, lon, lat } of this.#source.of(kind))
      if (lon !== null && lat !== null) list.push({ device: uid, title, plane: new LocalPlane(lon, lat) });
    this.#all.set(kind, { revision, list });
    return list;
  }
}

interface Degrees {
  readonly lon: number;
  readonly lat: number;
}

/** Metres from the plane's origin to what lies between two places. */
function distance(plane: LocalPlane, a: Degrees, b: Degrees): number {
  const [ax, ay] = plane.toPlane(a.lon, a.lat);
  const [bx, by] = plane.toPlane(b.lon, b.lat);
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length));
  return Math.hypot(ax + t * dx, ay + t * dy);
}

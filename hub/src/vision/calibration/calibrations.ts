import type { Device } from "../../device.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import { type Calibration, type Refused, type Solved, solveCalibration } from "./calibration.ts";
import { metresBetween } from "./geodesy.ts";

/** One version of how a camera (or one of its presets) lies on the ground. JSON: it is durable. */
export interface CalibrationVersion {
  /** counted for each camera, from 1; events name it */
  readonly version: number;
  /** "" = the camera as it always looks */
  readonly preset: string;
  /** hub time, ms UTC */
  readonly at: number;
  readonly who: string;
  readonly note: string;
  /** null = taken away */
  readonly calibration: Calibration | null;
  /** where the register had the camera then, degrees; a camera that was moved since is not calibrated any more */
  readonly lon: number | null;
  readonly lat: number | null;
}

export interface InUse {
  readonly version: CalibrationVersion;
  readonly solved: Solved;
  /** the camera's registered place has moved since */
  readonly moved: boolean;
}

export interface Author {
  readonly who: string;
  readonly note: string;
}

const KEY = "calibration ";
/** Kept for each camera; the newest of every preset is kept in any case. */
const KEPT = 100;
export const MAX_PRESETS = 64;
/** A correction of the register is not a camera that was carried elsewhere, metres. */
const MOVED_M = 15;

/**
 * The calibrations of all cameras with their former versions. A fold: `put` and `remove` run between two batches and their rows go with
 * the next one, so what was answered as saved is durable, and a frame is judged by one version as a whole. Events carry the place they
 * were given and the version that gave it; a new version changes none of them.
 */
export class Calibrations {
  readonly #versions = new Map<string, CalibrationVersion[]>();
  /** by `<uid>\n<preset>`, reckoned when first asked for */
  readonly #solved = new Map<string, Solved | null>();
  readonly #dirty = new Set<string>();
  #revision = 0;

  /** Grows with every change. */
  get revision(): number {
    return this.#revision;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#versions.clear();
    this.#solved.clear();
    this.#dirty.clear();
    this.#revision++;
    for (const { key, state } of rows)
      if (key.startsWith(KEY) && state !== null)
        this.#versions.set(key.slice(KEY.length), (state as { versions: CalibrationVersion[] }).versions);
  }

  drain(out: FoldStateRow[]): void {
    for (const uid of this.#dirty)
      out.push({ room: "vision", key: KEY + uid, state: { versions: this.#versions.get(uid) ?? [] } });
    this.#dirty.clear();
  }

  /** Newest first. */
  history(uid: string): CalibrationVersion[] {
    return [...(this.#versions.get(uid) ?? [])].reverse();
  }

  /** Presets with a calibration now, "" first. */
  presets(uid: string): string[] {
    const newest = new Map((this.#versions.get(uid) ?? []).map((v) => [v.preset, v]));
    return [...newest.values()].flatMap((v) => (v.calibration === null ? [] : [v.preset])).sort();
  }

  /** The newest version of a preset, unless there is none or it was taken away. */
  current(device: Device, preset: string): InUse | null {
    const version = this.#versions.get(device.uid)?.findLast((v) => v.preset === preset);
    if (version === undefined || version.calibration === null) return null;
    const key = `${device.uid}\n${preset}`;
    let solved = this.#solved.get(key);
    if (solved === undefined) {
      const answer = solveCalibration(version.calibration);
      // what an older release took and this one refuses is no calibration
      solved = "refused" in answer ? null : answer;
      this.#solved.set(key, solved);
    }
    return solved === null ? null : { version, solved, moved: hasMoved(version, device) };
  }

  /** @param now hub time, ms UTC @returns the version, or why it is none */
  put(
    device: Device,
    preset: string,
    calibration: Calibration,
    author: Author,
    now: number,
  ): CalibrationVersion | Refused {
    const answer = solveCalibration(calibration);
    if ("refused" in answer) return answer;
    const known = this.presets(device.uid);
    if (!known.includes(preset) && known.length >= MAX_PRESETS)
      return { refused: "out_of_range", detail: `at most ${MAX_PRESETS} presets` };
    return this.#add(device, preset, calibration, author, now);
  }

  /** @returns null when there is nothing to take away */
  remove(device: Device, preset: string, author: Author, now: number): CalibrationVersion | null {
    if (!this.presets(device.uid).includes(preset)) return null;
    return this.#add(device, preset, null, author, now);
  }

  #add(
    device: Device,
    preset: string,
    calibration: Calibration | null,
    { who, note }: Author,
    now: number,
  ): CalibrationVersion {
    const list = this.#versions.get(device.uid) ?? [];
    const { lon, lat } = device;
    const version = { version: (list.at(-1)?.version ?? 0) + 1, preset, at: now, who, note, calibration, lon, lat };
    const all = [...list, version];
    const newest = new Set(new Map(all.map((v) => [v.preset, v])).values());
    this.#versions.set(
      device.uid,
      all.filter((v, i) => i >= all.length - KEPT || (newest.has(v) && v.calibration !== null)),
    );
    this.#solved.delete(`${device.uid}\n${preset}`);
    this.#dirty.add(device.uid);
    this.#revision++;
    return version;
  }
}

function hasMoved(then: CalibrationVersion, now: Device): boolean {
  if (then.lon === null || then.lat === null || now.lon === null || now.lat === null) return false;
  return metresBetween(then.lon, then.lat, now.lon, now.lat) > MOVED_M;
}

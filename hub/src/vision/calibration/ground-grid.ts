import type { Calibration, Solved } from "./calibration.ts";
import { LocalPlane } from "./geodesy.ts";

/** A net on the ground as the camera would see it. */
export interface GroundGrid {
  /** distance of neighbouring lines, metres */
  readonly stepM: number;
  /** each from south to north or from west to east, fractions of the frame; points just outside of it included */
  readonly lines: readonly (readonly (readonly [x: number, y: number])[])[];
}

const STEPS = [10, 20, 50, 100, 200, 500, 1000];
/** Lines in one direction, at most. */
const MOST = 24;
const PIECES = 4;

/**
 * The net that shows at a glance whether a calibration is right: ten metres, or wider where the view reaches so far that ten would be a
 * grey. It covers the calibrated points, or what a pose sees clearly.
 */
export function groundGrid(calibration: Calibration, solved: Solved): GroundGrid {
  const seen = places(calibration, solved);
  if (seen.length === 0) return { stepM: STEPS[0], lines: [] };
  const plane = new LocalPlane(seen[0].lon, seen[0].lat);
  const at = seen.map(({ lon, lat }) => plane.toPlane(lon, lat));
  const range = (i: 0 | 1): [number, number] => {
    const [least, most] = [Math.min(...at.map((p) => p[i])), Math.max(...at.map((p) => p[i]))];
    const more = 0.25 * (most - least);
    return [least - more, most + more];
  };
  const [east, north] = [range(0), range(1)];
  const extent = Math.max(east[1] - east[0], north[1] - north[0]);
  const step = STEPS.find((s) => extent / s <= MOST) ?? extent / MOST;
  const ticks = ([from, to]: [number, number]): number[] => {
    const first = Math.floor(from / step);
    return Array.from({ length: Math.ceil(to / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  const [es, ns] = [ticks(east), ticks(north)];
  const lines = [
    ...es.map((e) => fine(ns).map((n) => [e, n] as const)),
    ...ns.map((n) => fine(es).map((e) => [e, n] as const)),
  ];
  return {
    stepM: step,
    lines: lines.flatMap((line) => {
      const runs: [number, number][][] = [];
      let open = false;
      for (const point of line) {
        const { lon, lat } = plane.toDegrees(point);
        const pixel = solved.pixel(lon, lat);
        const near = pixel !== null && pixel.every((v) => v > -0.5 && v < 1.5);
        if (near && !open) runs.push([]);
        if (near) runs.at(-1)?.push(pixel);
        open = near;
      }
      return runs.filter((run) => run.length > 1);
    }),
  };
}

/** The ticks with pieces between, so that a line bends with the lens. */
function fine(ticks: readonly number[]): number[] {
  return ticks.flatMap((t, i) => {
    const next = ticks[i + 1];
    if (next === undefined) return [t];
    return Array.from({ length: PIECES }, (_, k) => t + ((next - t) * k) / PIECES);
  });
}

function places(calibration: Calibration, solved: Solved): { lon: number; lat: number }[] {
  if (calibration.method === "points") return [...calibration.points];
  const found: { lon: number; lat: number }[] = [];
  let nearest = Number.POSITIVE_INFINITY;
  // from below upwards, as far as the ground is some times as far off as at the lower edge
  for (let y = 1; y > 0; y -= 0.1) {
    for (const x of [0, 0.5, 1]) {
      const spot = solved.locate(x, y, 0.0005, 0.0005);
      if (spot.kind !== "ground") continue;
      const plane = new LocalPlane(calibration.lon, calibration.lat);
      const far = Math.hypot(...plane.toPlane(spot.lon, spot.lat));
      nearest = Math.min(nearest, far);
      if (far <= Math.max(4 * nearest, nearest + 100)) found.push(spot);
    }
  }
  return found;
}

import type { EastNorth } from "./geodesy.ts";
import type { Sight } from "./lens.ts";

/** How a picture lies on the ground, with what is not known exactly about it. */
export interface GroundModel {
  /** what was fitted or set */
  readonly params: Float64Array;
  /** independent directions in which `params` may be wrong, one standard deviation each */
  readonly doubts: readonly Float64Array[];
  /** metres east and north of the plane's origin; null = at or above the horizon */
  ground(params: Float64Array, sight: Sight): EastNorth | null;
  /** the way back by `params`; null = behind the camera */
  sight(at: EastNorth): Sight | null;
  /** true bearing of what is seen there, degrees; null = not known */
  bearing(sight: Sight): number | null;
}

/** Where something is that stands at a place in the picture. */
export type Spot =
  | { readonly kind: "ground"; readonly at: EastNorth; readonly errorM: number }
  | { readonly kind: "bearing"; readonly bearing: number }
  | { readonly kind: "nowhere" };

/** Radius of the circle that holds 95 % of a round normal distribution, in standard deviations. */
const K95 = 2.4477;
/** A circle larger than this says no more than the direction, metres. */
const MAX_ERROR_M = 1000;

/**
 * The place with the radius that holds it in 95 % of the cases: what the pixel and every doubt of the model do to it, each at both
 * ends of its own 95 % and the worse end taken, since near the horizon the far end is the longer one. Where an end is at the horizon,
 * the direction is all that is known.
 * @param doubt standard deviations of the sight
 */
export function spot(model: GroundModel, sight: Sight, doubt: Sight): Spot {
  const direction = (): Spot => {
    const bearing = model.bearing(sight);
    return bearing === null ? { kind: "nowhere" } : { kind: "bearing", bearing };
  };
  const at = model.ground(model.params, sight);
  if (at === null) return direction();
  let [ee, en, nn] = [0, 0, 0];
  const add = (end: (sign: 1 | -1) => EastNorth | null): boolean => {
    const ends = [end(1), end(-1)];
    if (ends[0] === null || ends[1] === null) return false;
    const [a, b] = ends.map((e) => [(e?.[0] ?? 0) - at[0], (e?.[1] ?? 0) - at[1]]);
    const [e, n] = Math.hypot(a[0], a[1]) > Math.hypot(b[0], b[1]) ? a : b;
    ee += (e * e) / (K95 * K95);
    en += (e * n) / (K95 * K95);
    nn += (n * n) / (K95 * K95);
    return true;
  };
  const reaches =
    add((s) => model.ground(model.params, [sight[0] + s * K95 * doubt[0], sight[1]])) &&
    add((s) => model.ground(model.params, [sight[0], sight[1] + s * K95 * doubt[1]])) &&
    model.doubts.every((d) =>
      add((s) =>
        model.ground(
          model.params.map((p, i) => p + s * K95 * d[i]),
          sight,
        ),
      ),
    );
  if (!reaches) return direction();
  const longest = (ee + nn) / 2 + Math.hypot((ee - nn) / 2, en);
  const errorM = K95 * Math.sqrt(longest);
  return errorM > MAX_ERROR_M ? direction() : { kind: "ground", at, errorM };
}

import { bearingOf, type EastNorth } from "./geodesy.ts";
import type { Sight } from "./lens.ts";
import { cholesky, inverseRoots, solve } from "./linear.ts";
import type { GroundModel } from "./model.ts";

/** One place that is known in the picture and on the ground. */
export interface Pair {
  readonly sight: Sight;
  /** metres */
  readonly at: EastNorth;
}

export type PointsRefusal = "too_few" | "too_many" | "collinear" | "crossed" | "mirrored" | "inconsistent";

export interface Fit {
  readonly model: GroundModel;
  /** metres by which each pair misses, in order */
  readonly residuals: readonly number[];
}

const LEAST_POINTS = 4;
const MOST_POINTS = 12;
/** Height of a triangle relative to the extent of all points below which three points are on one line. */
const FLAT = 0.02;
/** A fit that misses by more than this share of the extent is no fit. */
const MISSES = 0.25;

/**
 * The projective map of a flat ground from four or more pairs: normalised direct linear transform, then Gauss-Newton on the errors in
 * the ground plane, each weighted by what a click in the picture and one on the map may be wrong by. The same weights give the doubts
 * of the fit; where more than four points disagree by more than that, the disagreement counts.
 * @param clickFw standard deviation of a click in the picture, widths of the frame
 * @param mapM standard deviation of a point on the map, metres
 */
export function fitHomography(pairs: readonly Pair[], clickFw: number, mapM: number): Fit | PointsRefusal {
  if (pairs.length < LEAST_POINTS) return "too_few";
  if (pairs.length > MOST_POINTS) return "too_many";
  const [a, b] = [pairs.map((p) => p.sight), pairs.map((p) => p.at)];
  if (!spansPlane(a, b)) return "collinear";
  const image = normalisation(a);
  const ground = normalisation(b);
  const from = a.map((p) => image.apply(p));
  const to = b.map((p) => ground.apply(p));
  let h = linear(from, to);
  if (h === null) return "collinear";
  const sigma = { click: clickFw * image.scale, map: mapM * ground.scale };
  let step: Step | null = null;
  for (let i = 0; i < 8; i++) {
    step = gaussNewton(h, from, to, sigma);
    if (step === null) return "crossed";
    h = h.map((v, k) => v + (step as Step).change[k]);
  }
  const found = h;
  step = gaussNewton(found, from, to, sigma);
  if (step === null) return "crossed";
  // seen from above, what is further right in a picture that is read downwards turns clockwise on the map
  if (from.some((p) => turn(found, p) >= 0)) return "mirrored";
  const model = new Homography(found, scaled(step, pairs.length), image, ground);
  const residuals = pairs.map(({ sight, at }) => {
    const g = model.ground(found, sight);
    return g === null ? Number.POSITIVE_INFINITY : Math.hypot(g[0] - at[0], g[1] - at[1]);
  });
  const rms = Math.sqrt(residuals.reduce((s, r) => s + r * r, 0) / residuals.length);
  if (!(rms <= MISSES * extent(b))) return "inconsistent";
  return { model, residuals };
}

interface Step {
  readonly change: Float64Array;
  readonly lower: Float64Array[];
  /** sum of squared weighted errors */
  readonly chi2: number;
}

/** Eight numbers, the ninth is 1: in normalised coordinates that is the depth of the points' middle, which is in front of the camera. */
function apply(h: Float64Array, [x, y]: Sight): EastNorth | null {
  const w = h[6] * x + h[7] * y + 1;
  return w < 1e-9 ? null : [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w];
}

function linear(from: readonly Sight[], to: readonly EastNorth[]): Float64Array | null {
  const normal = Array.from({ length: 8 }, () => new Float64Array(8));
  const right = new Float64Array(8);
  const row = (r: readonly number[], value: number): void => {
    for (let i = 0; i < 8; i++) {
      right[i] += r[i] * value;
      for (let j = 0; j < 8; j++) normal[i][j] += r[i] * r[j];
    }
  };
  from.forEach(([x, y], i) => {
    const [e, n] = to[i];
    row([x, y, 1, 0, 0, 0, -e * x, -e * y], e);
    row([0, 0, 0, x, y, 1, -n * x, -n * y], n);
  });
  const lower = cholesky(normal);
  return lower === null ? null : solve(lower, right);
}

function gaussNewton(
  h: Float64Array,
  from: readonly Sight[],
  to: readonly EastNorth[],
  sigma: { readonly click: number; readonly map: number },
): Step | null {
  const normal = Array.from({ length: 8 }, () => new Float64Array(8));
  const right = new Float64Array(8);
  let chi2 = 0;
  for (const [i, sight] of from.entries()) {
    const at = apply(h, sight);
    if (at === null) return null;
    const [x, y] = sight;
    const w = h[6] * x + h[7] * y + 1;
    const j = [
      [x / w, y / w, 1 / w, 0, 0, 0, (-at[0] * x) / w, (-at[0] * y) / w],
      [0, 0, 0, x / w, y / w, 1 / w, (-at[1] * x) / w, (-at[1] * y) / w],
    ];
    // covariance of this pair in the plane: the click seen on the ground, and the map
    const du = [(h[0] - at[0] * h[6]) / w, (h[3] - at[1] * h[6]) / w];
    const dv = [(h[1] - at[0] * h[7]) / w, (h[4] - at[1] * h[7]) / w];
    const c2 = sigma.click ** 2;
    const m2 = sigma.map ** 2;
    const s00 = c2 * (du[0] ** 2 + dv[0] ** 2) + m2;
    const s01 = c2 * (du[0] * du[1] + dv[0] * dv[1]);
    const s11 = c2 * (du[1] ** 2 + dv[1] ** 2) + m2;
    const det = s00 * s11 - s01 * s01;
    const weight = [
      [s11 / det, -s01 / det],
      [-s01 / det, s00 / det],
    ];
    const miss = [to[i][0] - at[0], to[i][1] - at[1]];
    for (let p = 0; p < 2; p++) {
      for (let q = 0; q < 2; q++) {
        chi2 += miss[p] * weight[p][q] * miss[q];
        for (let k = 0; k < 8; k++) {
          right[k] += j[p][k] * weight[p][q] * miss[q];
          for (let l = 0; l < 8; l++) normal[k][l] += j[p][k] * weight[p][q] * j[q][l];
        }
      }
    }
  }
  const lower = cholesky(normal);
  return lower === null ? null : { change: solve(lower, right), lower, chi2 };
}

function scaled({ lower, chi2 }: Step, n: number): Float64Array[] {
  const free = 2 * n - 8;
  const factor = free === 0 ? 1 : Math.sqrt(Math.max(1, chi2 / free));
  return inverseRoots(lower).map((column) => column.map((v) => v * factor));
}

/** Sign of the map's turn at a place: negative where it is seen from above. */
function turn(h: Float64Array, [x, y]: Sight): number {
  const w = h[6] * x + h[7] * y + 1;
  const [a, b, c, d, e, f, g, i] = h;
  return (a * (e - f * i) - b * (d - f * g) + c * (d * i - e * g)) / w ** 3;
}

class Homography implements GroundModel {
  readonly params: Float64Array;
  readonly doubts: readonly Float64Array[];
  readonly #image: Normalisation;
  readonly #ground: Normalisation;

  constructor(params: Float64Array, doubts: readonly Float64Array[], image: Normalisation, ground: Normalisation) {
    this.params = params;
    this.doubts = doubts;
    this.#image = image;
    this.#ground = ground;
  }

  ground(params: Float64Array, sight: Sight): EastNorth | null {
    const at = apply(params, this.#image.apply(sight));
    return at === null ? null : this.#ground.undo(at);
  }

  sight(at: EastNorth): Sight | null {
    const [e, n] = this.#ground.apply(at);
    const [a, b, c, d, f, g, p, q] = this.params;
    // adjugate of the 3 x 3 map
    const x = (f - g * q) * e + (c * q - b) * n + (b * g - c * f);
    const y = (g * p - d) * e + (a - c * p) * n + (c * d - a * g);
    const w = (d * q - f * p) * e + (b * p - a * q) * n + (a * f - b * d);
    const sight: Sight = [x / w, y / w];
    // the depth of what is in front of the camera is positive
    return p * sight[0] + q * sight[1] + 1 > 1e-9 ? this.#image.undo(sight) : null;
  }

  /** Above the horizon: the direction in which the picture's column meets it. */
  bearing(sight: Sight): number | null {
    const [x, y] = this.#image.apply(sight);
    const [a, b, c, d, e, f, p, q] = this.params;
    if (p * x + q * y + 1 > 1e-9) {
      // of a far point below the horizon: the direction from where its column leaves the frame
      const here = this.ground(this.params, sight);
      const near = this.ground(this.params, [sight[0], Math.max(sight[1], 0.28)]);
      if (here !== null && near !== null && Math.hypot(here[0] - near[0], here[1] - near[1]) > 1)
        return bearingOf([here[0] - near[0], here[1] - near[1]]);
    }
    if (Math.abs(q) < 1e-9) return null;
    const horizon = -(p * x + 1) / q;
    return bearingOf([a * x + b * horizon + c, d * x + e * horizon + f]);
  }
}

interface Normalisation {
  readonly scale: number;
  apply(p: readonly [number, number]): [number, number];
  undo(p: readonly [number, number]): [number, number];
}

/** Mean at the origin, mean square distance 2: what makes the linear step well conditioned. */
function normalisation(points: readonly (readonly [number, number])[]): Normalisation {
  const n = points.length;
  const mx = points.reduce((s, p) => s + p[0], 0) / n;
  const my = points.reduce((s, p) => s + p[1], 0) / n;
  const spread = points.reduce((s, p) => s + (p[0] - mx) ** 2 + (p[1] - my) ** 2, 0) / n;
  const scale = Math.sqrt(2 / spread);
  return {
    scale,
    apply: ([x, y]) => [(x - mx) * scale, (y - my) * scale],
    undo: ([x, y]) => [x / scale + mx, y / scale + my],
  };
}

/** Whether four of the pairs have no three on one line, neither in the picture nor on the ground. */
function spansPlane(a: readonly Sight[], b: readonly EastNorth[]): boolean {
  const n = a.length;
  const [ea, eb] = [extent(a), extent(b)];
  if (!(ea > 0 && eb > 0)) return false;
  const open = (i: number, j: number, k: number): boolean => tall(a, i, j, k, ea) && tall(b, i, j, k, eb);
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++)
      for (let k = j + 1; k < n; k++) {
        if (!open(i, j, k)) continue;
        for (let l = k + 1; l < n; l++) if (open(i, j, l) && open(i, k, l) && open(j, k, l)) return true;
      }
  return false;
}

/** Whether a triangle's least height is more than a sliver of the extent. */
function tall(p: readonly (readonly [number, number])[], i: number, j: number, k: number, whole: number): boolean {
  const side = (u: number, v: number): number => Math.hypot(p[u][0] - p[v][0], p[u][1] - p[v][1]);
  const twice = Math.abs((p[j][0] - p[i][0]) * (p[k][1] - p[i][1]) - (p[k][0] - p[i][0]) * (p[j][1] - p[i][1]));
  return twice > FLAT * whole * Math.max(side(i, j), side(j, k), side(i, k));
}

/** The greatest distance between two of the points. */
function extent(points: readonly (readonly [number, number])[]): number {
  let most = 0;
  for (const p of points) for (const q of points) most = Math.max(most, Math.hypot(p[0] - q[0], p[1] - q[1]));
  return most;
}

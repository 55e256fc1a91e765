import { type EastNorth, LocalPlane } from "./geodesy.ts";
import { fitHomography, type PointsRefusal } from "./homography.ts";
import { distort, K1_RANGE, type Lens, type Sight, undistort } from "./lens.ts";
import { type GroundModel, spot } from "./model.ts";
import { type Pose, PoseModel } from "./pose.ts";

/** A place known in the picture (fractions of the frame) and on the map (degrees WGS84). */
export interface MarkedPoint {
  readonly x: number;
  readonly y: number;
  readonly lon: number;
  readonly lat: number;
}

/** By places that are known on both sides; the ground between them is taken for flat. */
export interface PointsCalibration {
  readonly method: "points";
  /** width / height of the picture it was made on */
  readonly aspect: number;
  readonly k1?: number;
  readonly points: readonly MarkedPoint[];
  /** standard deviation of a point on the map, metres; default 2 */
  readonly mapErrorM?: number;
}

/** By where the camera stands and how it looks: lookouts, and each preset of a camera that turns. */
export interface PoseCalibration extends Pose {
  readonly method: "pose";
  readonly aspect: number;
  readonly k1?: number;
  readonly lon: number;
  readonly lat: number;
  /** standard deviations; absent = `POSE_SIGMA`, a metre or a twentieth of the height */
  readonly sigma?: Partial<Pose>;
}

/** JSON: it is durable. */
export type Calibration = PointsCalibration | PoseCalibration;

export type Refusal = PointsRefusal | "out_of_range" | "far";
export interface Refused {
  readonly refused: Refusal;
  readonly detail: string;
}

/** What of a calibration is reckoned once. */
export interface Solved {
  /** metres by which each point misses; empty for a pose */
  readonly residuals: readonly number[];
  readonly rmsM: number;
  /** @param sigmaX @param sigmaY standard deviations, fractions of the frame */
  locate(x: number, y: number, sigmaX: number, sigmaY: number): Sighting;
  /** fractions of the frame, may lie outside; null = not in front of the camera */
  pixel(lon: number, lat: number): [x: number, y: number] | null;
}

export type Sighting =
  | {
      readonly kind: "ground";
      /** degrees WGS84 */
      readonly lon: number;
      readonly lat: number;
      /** radius that holds it in 95 % of the cases, metres */
      readonly errorM: number;
    }
  | { readonly kind: "bearing"; /** degrees from true north */ readonly bearing: number }
  | { readonly kind: "nowhere" };

/** Of a click in the picture, widths of the frame: two pixels of 1280. */
export const CLICK_SIGMA = 0.0016;
const MAP_SIGMA_M = 2;
const MAX_SPAN_M = 20_000;
export const POSE_SIGMA = { bearing: 0.5, pitch: 0.2, roll: 0.5, fov: 0.5 } as const;

const WHY: Readonly<Record<Refusal, string>> = {
  too_few: "at least four points are needed",
  too_many: "at most twelve points",
  collinear: "no four points of which no three lie on a line",
  crossed: "the points do not follow each other alike in the picture and on the map",
  mirrored: "the points turn the other way round on the map, as if seen from below",
  inconsistent: "no flat ground fits these points",
  out_of_range: "a number is outside of its range",
  far: "the points are more than 20 km apart",
};

export function solveCalibration(c: Calibration): Refused | Solved {
  const lens: Lens = { aspect: c.aspect, k1: c.k1 ?? 0 };
  if (!(c.aspect >= 0.2 && c.aspect <= 5)) return refused("out_of_range", "aspect");
  if (!(lens.k1 >= K1_RANGE.least && lens.k1 <= K1_RANGE.most)) return refused("out_of_range", "k1");
  return c.method === "points" ? solvePoints(c, lens) : solvePose(c, lens);
}

function solvePoints({ points, mapErrorM = MAP_SIGMA_M }: PointsCalibration, lens: Lens): Refused | Solved {
  if (!(mapErrorM >= 0.05 && mapErrorM <= 100)) return refused("out_of_range", "mapErrorM");
  for (const { x, y, lon, lat } of points)
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1 && Math.abs(lon) <= 180 && Math.abs(lat) <= 89))
      return refused("out_of_range", "points");
  if (points.length === 0) return refused("too_few");
  const plane = new LocalPlane(points[0].lon, points[0].lat);
  const pairs = points.map(({ x, y, lon, lat }) => ({ sight: undistort(lens, x, y), at: plane.toPlane(lon, lat) }));
  if (pairs.some(({ at }) => Math.hypot(at[0], at[1]) > MAX_SPAN_M)) return refused("far");
  const fit = fitHomography(pairs, CLICK_SIGMA, mapErrorM);
  return typeof fit === "string" ? refused(fit) : solved(fit.model, plane, lens, fit.residuals);
}

function solvePose(c: PoseCalibration, lens: Lens): Refused | Solved {
  const ranges: [string, number, number, number][] = [
    ["lon", c.lon, -180, 180],
    ["lat", c.lat, -89, 89],
    ["heightM", c.heightM, 0.5, 3000],
    ["bearing", c.bearing, -360, 360],
    ["pitch", c.pitch, -90, 45],
    ["roll", c.roll, -45, 45],
    ["fov", c.fov, 0.2, 140],
  ];
  for (const [name, value, least, most] of ranges)
    if (!(value >= least && value <= most)) return refused("out_of_range", `${name}: ${least} to ${most}`);
  const sigma = { ...POSE_SIGMA, heightM: Math.max(1, c.heightM / 20), ...c.sigma };
  if (Object.values(sigma).some((s) => !(s >= 0 && s <= 100))) return refused("out_of_range", "sigma");
  return solved(new PoseModel(c, sigma), new LocalPlane(c.lon, c.lat), lens, []);
}

function solved(model: GroundModel, plane: LocalPlane, lens: Lens, residuals: readonly number[]): Solved {
  const squares = residuals.reduce((sum, r) => sum + r * r, 0);
  return {
    residuals,
    rmsM: residuals.length === 0 ? 0 : Math.sqrt(squares / residuals.length),
    locate: (x, y, sigmaX, sigmaY) => {
      const doubt: Sight = [sigmaX, sigmaY / lens.aspect];
      const found = spot(model, undistort(lens, x, y), doubt);
      if (found.kind !== "ground") return found;
      return { kind: "ground", ...plane.toDegrees(found.at), errorM: found.errorM };
    },
    pixel: (lon, lat) => {
      const at: EastNorth = plane.toPlane(lon, lat);
      const sight = model.sight(at);
      return sight === null ? null : distort(lens, sight);
    },
  };
}

function refused(reason: Refusal, field = ""): Refused {
  return { refused: reason, detail: field === "" ? WHY[reason] : `${WHY[reason]}: ${field}` };
}

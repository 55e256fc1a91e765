/** Metres east and north of an origin, on the plane that touches the ellipsoid there. */
export type EastNorth = readonly [east: number, north: number];

const A = 6_378_137;
const E2 = 6.694379990141316e-3; // WGS84, first eccentricity squared
/** Mean radius, for the curve of the ground under a long line of sight, metres. */
export const EARTH_RADIUS = 6_371_008.8;

/**
 * A local plane on WGS84. By way of geocentric coordinates, so that nothing grows with the distance but the plane's own height above
 * the ellipsoid: at 10 km that shifts a point by about a centimetre.
 */
export class LocalPlane {
  readonly lon: number;
  readonly lat: number;
  readonly #origin: readonly [number, number, number];
  readonly #east: readonly [number, number, number];
  readonly #north: readonly [number, number, number];

  /** degrees WGS84 */
  constructor(lon: number, lat: number) {
    this.lon = lon;
    this.lat = lat;
    this.#origin = geocentric(lon, lat, 0);
    const [l, p] = [radians(lon), radians(lat)];
    this.#east = [-Math.sin(l), Math.cos(l), 0];
    this.#north = [-Math.sin(p) * Math.cos(l), -Math.sin(p) * Math.sin(l), Math.cos(p)];
  }

  toPlane(lon: number, lat: number): EastNorth {
    const p = geocentric(lon, lat, 0);
    const d = [p[0] - this.#origin[0], p[1] - this.#origin[1], p[2] - this.#origin[2]] as const;
    return [dot(d, this.#east), dot(d, this.#north)];
  }

  toDegrees([east, north]: EastNorth): { readonly lon: number; readonly lat: number } {
    const at = (i: 0 | 1 | 2): number => this.#origin[i] + east * this.#east[i] + north * this.#north[i];
    return geodetic(at(0), at(1), at(2));
  }
}

/** Degrees and metres above the ellipsoid to metres from the earth's centre. */
export function geocentric(lon: number, lat: number, height: number): [number, number, number] {
  const [l, p] = [radians(lon), radians(lat)];
  const n = A / Math.sqrt(1 - E2 * Math.sin(p) ** 2);
  const r = (n + height) * Math.cos(p);
  return [r * Math.cos(l), r * Math.sin(l), (n * (1 - E2) + height) * Math.sin(p)];
}

/** Bowring's formula: exact to less than a millimetre near the ground. */
function geodetic(x: number, y: number, z: number): { lon: number; lat: number } {
  const b = A * Math.sqrt(1 - E2);
  const r = Math.hypot(x, y);
  const t = Math.atan2(z * A, r * b);
  const second = E2 / (1 - E2);
  const lat = Math.atan2(z + second * b * Math.sin(t) ** 3, r - E2 * A * Math.cos(t) ** 3);
  return { lon: (Math.atan2(y, x) * 180) / Math.PI, lat: (lat * 180) / Math.PI };
}

/** Metres between two places some kilometres apart at most. */
export function metresBetween(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const [a, b] = [geocentric(lon1, lat1, 0), geocentric(lon2, lat2, 0)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

export function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/** Clockwise from true north, 0 to 360. */
export function bearingOf([east, north]: EastNorth): number {
  return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
}

function dot(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

import { LAT_NA, LAT_NA_COARSE, LON_NA, LON_NA_COARSE } from "./fields.ts";

/** Real values to the raw integers of AIS for {@link encodeAis}; null = not available. */
export const raw = {
  /** degrees -> 1/10,000 minute (all types but 17 and 27) */
  lon: (degrees: number | null) => (degrees === null ? LON_NA : Math.round(degrees * 600_000)),
  lat: (degrees: number | null) => (degrees === null ? LAT_NA : Math.round(degrees * 600_000)),
  /** knots -> 1/10 knot; 102.2 means that or more */
  speed: (knots: number | null) => (knots === null ? 1023 : Math.min(1022, Math.max(0, Math.round(knots * 10)))),
  /** degrees -> 1/10 degree */
  course: (degrees: number | null) => (degrees === null ? 3600 : Math.round(wrap(degrees) * 10) % 3600),
  /** degrees -> whole degrees */
  heading: (degrees: number | null) => (degrees === null ? 511 : Math.round(wrap(degrees)) % 360),
  /** degrees a minute -> the signed square-root scale of types 1-3; 126 = 708 degrees a minute or more */
  turn: (rate: number | null) =>
    rate === null ? -128 : Math.sign(rate) * Math.min(126, Math.round(4.733 * Math.sqrt(Math.abs(rate)))) + 0,
} as const;

/** The same for type 27: 1/10 minute, whole knots, whole degrees. */
export const rawLongRange = {
  lon: (degrees: number | null) => (degrees === null ? LON_NA_COARSE : Math.round(degrees * 600)),
  lat: (degrees: number | null) => (degrees === null ? LAT_NA_COARSE : Math.round(degrees * 600)),
  speed: (knots: number | null) => (knots === null ? 63 : Math.min(62, Math.max(0, Math.round(knots)))),
  course: (degrees: number | null) => (degrees === null ? 511 : Math.round(wrap(degrees)) % 360),
} as const;

function wrap(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}

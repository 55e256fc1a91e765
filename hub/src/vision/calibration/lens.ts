/**
 * A place in the picture as straight lines would have it: from the middle, x to the right and y downwards, both in widths of the
 * frame, so that the number of pixels does not matter and the aspect does.
 */
export type Sight = readonly [x: number, y: number];

/** Radial distortion and aspect (width / height) of a picture. */
export interface Lens {
  readonly aspect: number;
  /** negative = barrel; radius 1 = the corner of the frame. 0 = none */
  readonly k1: number;
}

/** Beyond these the picture would fold over itself within its corners. */
export const K1_RANGE = { least: -0.3, most: 0.5 } as const;

/** @param x @param y fractions of the frame, as the camera shows them */
export function undistort({ aspect, k1 }: Lens, x: number, y: number): Sight {
  const [dx, dy] = [x - 0.5, (y - 0.5) / aspect];
  if (k1 === 0) return [dx, dy];
  const corner = Math.hypot(0.5, 0.5 / aspect);
  const seen = Math.hypot(dx, dy) / corner;
  // Newton on r (1 + k1 r^2) = seen, which grows with r all over the range
  let r = seen;
  for (let i = 0; i < 8; i++) r -= (r * (1 + k1 * r * r) - seen) / Math.max(0.05, 1 + 3 * k1 * r * r);
  const factor = seen === 0 ? 1 : r / seen;
  return [dx * factor, dy * factor];
}

/** @returns fractions of the frame; may lie outside of it, null = so far outside that the lens has no answer */
export function distort({ aspect, k1 }: Lens, [x, y]: Sight): [x: number, y: number] | null {
  const r = Math.hypot(x, y) / Math.hypot(0.5, 0.5 / aspect);
  if (1 + 3 * k1 * r * r <= 0) return null;
  const factor = 1 + k1 * r * r;
  return [0.5 + x * factor, 0.5 + y * factor * aspect];
}

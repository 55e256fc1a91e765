/** Left, top, width, height. Which unit (pixels, fraction of the frame) stands where the box is declared. */
export type Box = readonly [number, number, number, number];

/** One object that a model saw, in pixels of the picture as it was received. */
export interface Detection {
  readonly label: string;
  /** 0..1; not a probability of being right */
  readonly score: number;
  readonly box: Box;
}

/** Intersection over union; 0 for empty boxes. */
export function iou(a: Box, b: Box): number {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  const both = w * h;
  return both / (a[2] * a[3] + b[2] * b[3] - both);
}

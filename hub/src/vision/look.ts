import type { Box } from "./detection.ts";

/** Grey thumbnail of a frame, row-major bytes: enough to tell whether a place still looks as it did. */
export interface Luma {
  readonly w: number;
  readonly h: number;
  readonly data: Uint8Array;
  /** mean of all cells, 0..255 */
  readonly mean: number;
}

const [W, H] = [96, 54];
/** side of a look: cells of a box, each a byte */
const SIDE = 8;
/** a patch with less contrast than this (standard deviation, grey levels) looks like any other */
const LEAST_CONTRAST = 4;
/** darker and flatter than this a frame shows nothing at all, grey levels */
const BLIND_MEAN = 14;

/** @param rgb interleaved bytes, rows of `stride` pixels, of which w x h belong to the picture */
export function lumaOf(rgb: Uint8Array, stride: number, w: number, h: number): Luma {
  const data = new Uint8Array(W * H);
  let sum = 0;
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      let cell = 0;
      // 3 x 3 points a cell: noise averages out, and it stays cheap
      for (let j = 0; j < 3; j++) {
        const row = Math.floor(((y + (j + 0.5) / 3) * h) / H) * stride;
        for (let i = 0; i < 3; i++) {
          const at = (row + Math.floor(((x + (i + 0.5) / 3) * w) / W)) * 3;
          cell += 77 * rgb[at] + 150 * rgb[at + 1] + 29 * rgb[at + 2];
        }
      }
      sum += data[y * W + x] = Math.round(cell / 2304);
    }
  }
  return { w: W, h: H, data, mean: sum / (W * H) };
}

/** Whether a frame is too dark to show the absence of anything. */
export function isBlind(luma: Luma | null): boolean {
  return luma !== null && luma.mean < BLIND_MEAN;
}

/** What a box (fractions) looks like: 8 x 8 bytes, or null where there is no contrast to remember. */
export function lookAt(luma: Luma, [x, y, w, h]: Box): Uint8Array | null {
  const out = new Uint8Array(SIDE * SIDE);
  let [sum, squares] = [0, 0];
  for (let j = 0; j < SIDE; j++) {
    for (let i = 0; i < SIDE; i++) {
      const v = sample(luma, (x + ((i + 0.5) / SIDE) * w) * luma.w - 0.5, (y + ((j + 0.5) / SIDE) * h) * luma.h - 0.5);
      out[j * SIDE + i] = Math.round(v);
      sum += v;
      squares += v * v;
    }
  }
  const n = SIDE * SIDE;
  return Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)) < LEAST_CONTRAST ? null : out;
}

/** Likeness of two looks, -1..1: normalised correlation, so neither brightness nor contrast matters. */
export function alike(a: Uint8Array, b: Uint8Array): number {
  const n = a.length;
  let [sa, sb] = [0, 0];
  for (let i = 0; i < n; i++) {
    sa += a[i];
    sb += b[i];
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [da, db] = [a[i] - sa / n, b[i] - sb / n];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

export function packLook(look: Uint8Array): string {
  return Buffer.from(look).toString("base64");
}

export function unpackLook(text: string): Uint8Array {
  return Buffer.from(text, "base64");
}

function sample({ w, h, data }: Luma, x: number, y: number): number {
  const cx = Math.min(Math.max(x, 0), w - 1);
  const cy = Math.min(Math.max(y, 0), h - 1);
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(x0 + 1, w - 1), Math.min(y0 + 1, h - 1)];
  const [fx, fy] = [cx - x0, cy - y0];
  const top = data[y0 * w + x0] * (1 - fx) + data[y0 * w + x1] * fx;
  const bottom = data[y1 * w + x0] * (1 - fx) + data[y1 * w + x1] * fx;
  return top * (1 - fy) + bottom * fy;
}

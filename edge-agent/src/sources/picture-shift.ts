/** A shift of the whole picture, pixels: what is at (x, y) in the background is at (x + dx, y + dy) now. */
export interface Shift {
  readonly dx: number;
  readonly dy: number;
}

export const NO_SHIFT: Shift = { dx: 0, dy: 0 };

/** How far a picture is searched for; of 178 pixels a mast swings over two or three. */
const [REACH_X, REACH_Y] = [5, 4];
/** Every so many pixels in both directions is compared. */
const GRID = 3;
/** A difference counts no more than this, so that a person who walks through is not what is matched. */
const MOST = 40;
/** The shifted picture has to fit better than the one in place by this factor, or it is no shift. */
const BETTER = 0.85;

/** Where a picture fits its background best; {@link NO_SHIFT} unless that is clearly better than in place. */
export function shiftOf(picture: Uint8Array, background: Float32Array, width: number, height: number): Shift {
  const cost = (dx: number, dy: number, limit: number): number => {
    let sum = 0;
    for (let y = REACH_Y; y < height - REACH_Y && sum < limit; y += GRID) {
      const row = y * width;
      for (let x = REACH_X; x < width - REACH_X; x += GRID) {
        const d = picture[row + dy * width + x + dx] - background[row + x];
        sum += Math.min(MOST, d < 0 ? -d : d);
      }
    }
    return sum;
  };
  const inPlace = cost(0, 0, Number.POSITIVE_INFINITY);
  let best = inPlace;
  let shift = NO_SHIFT;
  for (let dy = -REACH_Y; dy <= REACH_Y; dy++) {
    for (let dx = -REACH_X; dx <= REACH_X; dx++) {
      if (dx === 0 && dy === 0) continue;
      const sum = cost(dx, dy, best);
      if (sum < best) [best, shift] = [sum, { dx, dy }];
    }
  }
  return best < inPlace * BETTER ? shift : NO_SHIFT;
}

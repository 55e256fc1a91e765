import { NO_SHIFT, shiftOf, type Shift } from "./picture-shift.ts";

/** Side lengths of the picture that the gate looks at: luma, one byte a pixel. */
export const GATE_WIDTH = 178;
export const GATE_HEIGHT = 100;
const SIZE = GATE_WIDTH * GATE_HEIGHT;

export interface GateOptions {
  /** luma difference that counts as change, 0..255 */
  readonly threshold: number;
  /** smallest moving blob, fraction of the picture */
  readonly minArea: number;
  /** change of more than this fraction at once is light or exposure, not motion */
  readonly globalChange: number;
  /** how fast the background follows, 0..1 a look */
  readonly adapt: number;
  /** polygons (0..1) where motion does not count */
  readonly mask: readonly (readonly (readonly [number, number])[])[];
}

export const DEFAULT_GATE: GateOptions = { threshold: 22, minArea: 0.002, globalChange: 0.6, adapt: 0.05, mask: [] };

/**
 * So much of the picture changed, and less than a quarter of that from look to look, so many looks long: another light, with
 * which nothing moves. Infrared lights the foreground and leaves the rest, which is less than a global change.
 */
const [SETTLED_AREA, SETTLED_LOOKS] = [0.08, 3];
/** A camera that was seen to shake is taken to shake for so many looks more: it hangs still for a moment at each turn. */
const SHAKING_LOOKS = 40;
/** What of the change may be left when neighbours are allowed for; of a person most is left. */
const EDGES_ONLY = 0.2;

export interface GateVerdict {
  /** fraction of the picture that moves, after blur, threshold and dilation */
  readonly moving: number;
  /** fraction of the picture in the largest connected blob */
  readonly largest: number;
  readonly motion: boolean;
  /** mean luma and its standard deviation: black and covered cameras show here */
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Decides whether something moved: box blur against sensor noise, difference to a slowly adapting background, threshold,
 * dilation, connected components, and guards: against global changes and against what changed at once and stands still since
 * (lights, exposure, infrared), after which the background starts anew, and against a mast that swings. All buffers are made once.
 */
export class MotionGate {
  readonly #options: GateOptions;
  readonly #background = new Float32Array(SIZE);
  #blurred = new Uint8Array(SIZE);
  #previous = new Uint8Array(SIZE);
  readonly #changed = new Uint8Array(SIZE);
  readonly #dilated = new Uint8Array(SIZE);
  readonly #stack = new Int32Array(SIZE);
  readonly #ignored: Uint8Array;
  #looks = 0;
  /** looks in a row in which much was changed and nothing changed further */
  #still = 0;
  /** looks for which the camera is still taken to shake */
  #shaking = 0;

  constructor(options: GateOptions = DEFAULT_GATE) {
    this.#options = options;
    this.#ignored = rasterize(options.mask);
  }

  /** Forgets the background: the next picture is the first one. */
  restart(): void {
    this.#looks = 0;
    this.#still = 0;
    this.#shaking = 0;
  }

  /** @param luma GATE_WIDTH x GATE_HEIGHT bytes */
  look(luma: Uint8Array): GateVerdict {
    const { minArea, globalChange } = this.#options;
    const { mean, deviation } = statistics(luma);
    [this.#blurred, this.#previous] = [this.#previous, this.#blurred];
    blur(luma, this.#blurred);
    if (this.#looks++ === 0) {
      this.#background.set(this.#blurred);
      return { moving: 0, largest: 0, motion: false, mean, deviation };
    }
    let count = this.#compare();
    if (count > globalChange * SIZE || this.#settled(count)) {
      this.#still = 0;
      this.#background.set(this.#blurred);
      return { moving: count / SIZE, largest: 0, motion: false, mean, deviation };
    }
    let largest = this.#largest();
    let shift = NO_SHIFT;
    if (largest >= minArea || this.#shaking > 0) {
      shift = shiftOf(this.#blurred, this.#background, GATE_WIDTH, GATE_HEIGHT);
      const shaken = this.#compareShaken(shift);
      // swinging by less than a pixel shows at edges alone, which their neighbours explain
      const swings = shift !== NO_SHIFT || shaken < count * EDGES_ONLY;
      this.#shaking = swings ? SHAKING_LOOKS : Math.max(0, this.#shaking - 1);
      count = this.#shaking > 0 ? shaken : this.#compare();
      largest = this.#largest();
    }
    this.#learn(shift);
    return { moving: count / SIZE, largest, motion: largest >= minArea, mean, deviation };
  }

  #largest(): number {
    dilate(this.#changed, this.#dilated);
    return largestBlob(this.#dilated, this.#stack) / SIZE;
  }

  /** Marks what differs from the background. @returns number of pixels */
  #compare(): number {
    const { threshold } = this.#options;
    let count = 0;
    for (let i = 0; i < SIZE; i++) {
      const difference = this.#blurred[i] - this.#background[i];
      const moved = this.#ignored[i] === 0 && (difference > threshold || difference < -threshold) ? 1 : 0;
      this.#changed[i] = moved;
      count += moved;
    }
    return count;
  }

  /**
   * Marks what differs from everything around its place in the shifted background: fractions of a pixel, a little rotation and
   * the blur of the movement all lie between neighbours. @returns number of pixels
   */
  #compareShaken({ dx, dy }: Shift): number {
    const { threshold } = this.#options;
    const [w, back] = [GATE_WIDTH, this.#background];
    this.#changed.fill(0);
    let count = 0;
    for (let y = Math.max(1, 1 + dy); y < GATE_HEIGHT - 1 + Math.min(0, dy); y++) {
      for (let x = Math.max(1, 1 + dx); x < w - 1 + Math.min(0, dx); x++) {
        const i = y * w + x;
        if (this.#ignored[i] === 1) continue;
        const v = this.#blurred[i];
        const at = i - dy * w - dx;
        const here = v - back[at];
        if (here <= threshold && here >= -threshold) continue;
        let [low, high] = [back[at], back[at]];
        for (let j = at - w; j <= at + w; j += w) {
          for (let k = j - 1; k <= j + 1; k++) {
            if (back[k] < low) low = back[k];
            else if (back[k] > high) high = back[k];
          }
        }
        if (v <= high + threshold && v >= low - threshold) continue;
        this.#changed[i] = 1;
        count++;
      }
    }
    return count;
  }

  /** The background follows the picture, from where it is now. */
  #learn({ dx, dy }: Shift): void {
    const { adapt } = this.#options;
    const [top, bottom] = [Math.max(0, -dy), GATE_HEIGHT - Math.max(0, dy)];
    const [left, right] = [Math.max(0, -dx), GATE_WIDTH - Math.max(0, dx)];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const i = y * GATE_WIDTH + x;
        const from = i + dy * GATE_WIDTH + dx;
        // What moves is learnt ten times slower, so that a person who stands does not fade at once.
        this.#background[i] +=
          (this.#blurred[from] - this.#background[i]) * (this.#changed[from] === 1 ? adapt * 0.1 : adapt);
      }
    }
  }

  /** Whether the picture is another one than the background, and has been standing still for some looks. */
  #settled(changed: number): boolean {
    if (changed < SETTLED_AREA * SIZE) {
      this.#still = 0;
      return false;
    }
    const { threshold } = this.#options;
    let moving = 0;
    for (let i = 0; i < SIZE; i++) {
      const difference = this.#blurred[i] - this.#previous[i];
      if (this.#ignored[i] === 0 && (difference > threshold || difference < -threshold)) moving++;
    }
    this.#still = moving * 4 < changed ? this.#still + 1 : 0;
    return this.#still >= SETTLED_LOOKS;
  }
}

function statistics(luma: Uint8Array): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < SIZE; i++) {
    sum += luma[i];
    squares += luma[i] * luma[i];
  }
  const mean = sum / SIZE;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / SIZE - mean * mean)) };
}

function blur(from: Uint8Array, to: Uint8Array): void {
  const w = GATE_WIDTH;
  to.set(from);
  for (let y = 1; y < GATE_HEIGHT - 1; y++) {
    for (let i = y * w + 1; i < y * w + w - 1; i++) {
      const sum =
        from[i - w - 1] +
        from[i - w] +
        from[i - w + 1] +
        from[i - 1] +
        from[i] +
        from[i + 1] +
        from[i + w - 1] +
        from[i + w] +
        from[i + w + 1];
      to[i] = (sum * 7282) >> 16; // divided by 9
    }
  }
}

function dilate(from: Uint8Array, to: Uint8Array): void {
  const w = GATE_WIDTH;
  to.fill(0);
  for (let y = 1; y < GATE_HEIGHT - 1; y++) {
    for (let i = y * w + 1; i < y * w + w - 1; i++) {
      if (from[i] | from[i - 1] | from[i + 1] | from[i - w] | from[i + w]) to[i] = 1;
    }
  }
}

/** Pixels of the largest 4-connected component; consumes `mask`. */
function largestBlob(mask: Uint8Array, stack: Int32Array): number {
  const w = GATE_WIDTH;
  let best = 0;
  for (let start = 0; start < SIZE; start++) {
    if (mask[start] === 0) continue;
    let size = 0;
    let top = 0;
    stack[top++] = start;
    mask[start] = 0;
    while (top > 0) {
      const i = stack[--top];
      size++;
      const x = i % w;
      if (x > 0 && mask[i - 1] === 1) {
        mask[i - 1] = 0;
        stack[top++] = i - 1;
      }
      if (x < w - 1 && mask[i + 1] === 1) {
        mask[i + 1] = 0;
        stack[top++] = i + 1;
      }
      if (i >= w && mask[i - w] === 1) {
        mask[i - w] = 0;
        stack[top++] = i - w;
      }
      if (i < SIZE - w && mask[i + w] === 1) {
        mask[i + w] = 0;
        stack[top++] = i + w;
      }
    }
    if (size > best) best = size;
  }
  return best;
}

function rasterize(polygons: GateOptions["mask"]): Uint8Array {
  const out = new Uint8Array(SIZE);
  for (const polygon of polygons) {
    for (let i = 0; i < SIZE; i++) {
      const x = ((i % GATE_WIDTH) + 0.5) / GATE_WIDTH;
      const y = (Math.floor(i / GATE_WIDTH) + 0.5) / GATE_HEIGHT;
      if (inside(polygon, x, y)) out[i] = 1;
    }
  }
  return out;
}

function inside(polygon: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

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
 * dilation, connected components, and a guard against global changes (lights, exposure, infrared), after which the background
 * starts anew. All buffers are made once.
 */
export class MotionGate {
  readonly #options: GateOptions;
  readonly #background = new Float32Array(SIZE);
  readonly #blurred = new Uint8Array(SIZE);
  readonly #changed = new Uint8Array(SIZE);
  readonly #dilated = new Uint8Array(SIZE);
  readonly #stack = new Int32Array(SIZE);
  readonly #ignored: Uint8Array;
  #looks = 0;

  constructor(options: GateOptions = DEFAULT_GATE) {
    this.#options = options;
    this.#ignored = rasterize(options.mask);
  }

  /** Forgets the background: the next picture is the first one. */
  restart(): void {
    this.#looks = 0;
  }

  /** @param luma GATE_WIDTH x GATE_HEIGHT bytes */
  look(luma: Uint8Array): GateVerdict {
    const { threshold, minArea, globalChange, adapt } = this.#options;
    const { mean, deviation } = statistics(luma);
    blur(luma, this.#blurred);
    if (this.#looks++ === 0) {
      this.#background.set(this.#blurred);
      return { moving: 0, largest: 0, motion: false, mean, deviation };
    }
    let count = 0;
    for (let i = 0; i < SIZE; i++) {
      const difference = this.#blurred[i] - this.#background[i];
      const moved = this.#ignored[i] === 0 && (difference > threshold || difference < -threshold) ? 1 : 0;
      this.#changed[i] = moved;
      count += moved;
      // What moves is learnt ten times slower, so that a person who stands does not fade at once.
      this.#background[i] += difference * (moved === 1 ? adapt * 0.1 : adapt);
    }
    if (count > globalChange * SIZE) {
      this.#background.set(this.#blurred);
      return { moving: count / SIZE, largest: 0, motion: false, mean, deviation };
    }
    dilate(this.#changed, this.#dilated);
    const largest = largestBlob(this.#dilated, this.#stack) / SIZE;
    return { moving: count / SIZE, largest, motion: largest >= minArea, mean, deviation };
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

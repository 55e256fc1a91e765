import type { Decoder, OutputTensor, RawDetection } from "./decoder.ts";
import { suppress } from "./suppress.ts";

/**
 * CenterNet ("Objects as Points"): a class heat map whose local maxima are object centres, and for each cell the distances from
 * it to the left, top, right and bottom edge in input pixels.
 */
export class CenterNetDecoder implements Decoder {
  readonly outputs: readonly string[];
  private readonly options: { readonly nmsIou: number; readonly max: number };
  private readonly inputWidth: number;

  constructor(
    options: { readonly heat: string; readonly size: string; readonly nmsIou: number; readonly max: number },
    input: { readonly width: number },
  ) {
    this.outputs = [options.heat, options.size];
    this.options = options;
    this.inputWidth = input.width;
  }

  decode([heat, size]: readonly OutputTensor[], floor: Float32Array): RawDetection[] {
    const [, classes, h, w] = heat.dims;
    const plane = h * w;
    const stride = this.inputWidth / w;
    const found: RawDetection[] = [];
    for (let c = 0; c < classes; c++) {
      const least = floor[c];
      const map = heat.data.subarray(c * plane, (c + 1) * plane);
      for (let i = 0; i < plane; i++) {
        // the threshold first, four cells at a time: one in thousands passes, so the look at the neighbours costs nothing
        while (i + 4 < plane && map[i] < least && map[i + 1] < least && map[i + 2] < least && map[i + 3] < least)
          i += 4;
        if (map[i] < least || !isPeak(map, i, w, h)) continue;
        const x = (i % w) * stride;
        const y = Math.floor(i / w) * stride;
        const left = size.data[i];
        const top = size.data[plane + i];
        found.push({
          label: c,
          score: map[i],
          box: [x - left, y - top, left + size.data[2 * plane + i], top + size.data[3 * plane + i]],
        });
      }
    }
    return suppress(found, this.options.nmsIou, this.options.max);
  }
}

/** Not smaller than any of its 3 x 3 neighbours. */
function isPeak(map: Float32Array, i: number, w: number, h: number): boolean {
  const x = i % w;
  const y = (i - x) / w;
  const v = map[i];
  for (let dy = y === 0 ? 0 : -1; dy <= (y === h - 1 ? 0 : 1); dy++) {
    for (let dx = x === 0 ? 0 : -1; dx <= (x === w - 1 ? 0 : 1); dx++) {
      if (map[i + dy * w + dx] > v) return false;
    }
  }
  return true;
}

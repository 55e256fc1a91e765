import type { Decoder, OutputTensor, RawDetection } from "./decoder.ts";
import { suppress } from "./suppress.ts";

/**
 * One output of boxes with class scores and no objectness, as most anchor-free detectors export: [1, 4+C, N] or [1, N, 4+C]. What
 * differs between exporters (order, box format, unit, whether the scores are logits) stands on the card.
 */
export class DenseDecoder implements Decoder {
  readonly outputs: readonly string[];
  private readonly options: DenseOptions;
  private readonly size: { readonly width: number; readonly height: number };

  constructor(options: DenseOptions, input: { readonly width: number; readonly height: number }) {
    this.outputs = [options.output];
    this.options = options;
    this.size = options.unit === "fraction" ? input : { width: 1, height: 1 };
  }

  decode([{ data, dims }]: readonly OutputTensor[], floor: Float32Array): RawDetection[] {
    const { order, box, scores, nmsIou, max } = this.options;
    const [columns, n] = order === "columns" ? [dims[1], dims[2]] : [dims[2], dims[1]];
    const [across, along] = order === "columns" ? [n, 1] : [1, columns];
    const limit = scores === "logits" ? floor.map((p) => Math.log(p / (1 - p))) : floor;
    const found: RawDetection[] = [];
    // class by class: one comparison a value, and the values of a class lie side by side where the order is columns
    for (let c = 0; c < columns - 4; c++) {
      for (let i = 0; i < n; i++) {
        const value = data[(4 + c) * across + i * along];
        if (!(value >= limit[c])) continue;
        const [a, b, d, e] = [0, 1, 2, 3].map((k) => data[k * across + i * along]);
        const [w, h] = box === "centre" ? [d, e] : [d - a, e - b];
        const [x, y] = box === "centre" ? [a - w / 2, b - h / 2] : [a, b];
        const { width, height } = this.size;
        const score = scores === "logits" ? 1 / (1 + Math.exp(-value)) : value;
        found.push({ label: c, score, box: [x * width, y * height, w * width, h * height] });
      }
    }
    return suppress(found, nmsIou, max);
  }
}

export interface DenseOptions {
  readonly output: string;
  readonly order: "columns" | "rows";
  readonly box: "centre" | "corners";
  readonly unit: "pixels" | "fraction";
  readonly scores: "probabilities" | "logits";
  readonly nmsIou: number;
  readonly max: number;
}

import type { Decoder, OutputTensor, RawDetection } from "./decoder.ts";
import { suppress } from "./suppress.ts";

/** YOLOX: anchor-free cells of several strides; score = objectness x class, both already 0..1. */
export class YoloxDecoder implements Decoder {
  readonly outputs: readonly string[];
  private readonly options: { readonly nmsIou: number; readonly max: number; readonly pixels: boolean };
  /** x, y and stride of each cell, in the order of the output's rows */
  private readonly cells: Float32Array;

  constructor(
    options: {
      readonly output: string;
      readonly strides: readonly number[];
      readonly pixels: boolean;
      readonly nmsIou: number;
      readonly max: number;
    },
    input: { readonly width: number; readonly height: number },
  ) {
    this.outputs = [options.output];
    this.options = options;
    const cells: number[] = [];
    for (const stride of options.strides) {
      for (let y = 0; y < Math.floor(input.height / stride); y++) {
        for (let x = 0; x < Math.floor(input.width / stride); x++) cells.push(x, y, stride);
      }
    }
    this.cells = Float32Array.from(cells);
  }

  decode([out]: readonly OutputTensor[], floor: Float32Array): RawDetection[] {
    const [, rows, columns] = out.dims;
    const classes = columns - 5;
    const least = floor.reduce((a, b) => Math.min(a, b), 1);
    const found: RawDetection[] = [];
    for (let r = 0; r < rows; r++) {
      const at = r * columns;
      const objectness = out.data[at + 4];
      if (objectness < least) continue;
      for (let c = 0; c < classes; c++) {
        const score = objectness * out.data[at + 5 + c];
        if (score < floor[c]) continue;
        const stride = this.cells[3 * r + 2];
        const scale = this.options.pixels ? 1 : stride;
        const cx = out.data[at] * scale + (this.options.pixels ? 0 : this.cells[3 * r] * stride);
        const cy = out.data[at + 1] * scale + (this.options.pixels ? 0 : this.cells[3 * r + 1] * stride);
        const w = this.options.pixels ? out.data[at + 2] : Math.exp(out.data[at + 2]) * stride;
        const h = this.options.pixels ? out.data[at + 3] : Math.exp(out.data[at + 3]) * stride;
        found.push({ label: c, score, box: [cx - w / 2, cy - h / 2, w, h] });
      }
    }
    return suppress(found, this.options.nmsIou, this.options.max);
  }
}

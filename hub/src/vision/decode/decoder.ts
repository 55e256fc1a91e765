import type { ModelCard } from "../card.ts";
import type { Box } from "../detection.ts";
import { CenterNetDecoder } from "./centernet.ts";
import { DenseDecoder } from "./dense.ts";
import { YoloxDecoder } from "./yolox.ts";

/** An output of the session: row-major floats. */
export interface OutputTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** A box in pixels of the model's input. */
export interface RawDetection {
  readonly label: number;
  readonly score: number;
  readonly box: Box;
}

/** Turns what a kind of network puts out into boxes. One implementation a `decoder.kind` of the card. */
export interface Decoder {
  /** outputs to ask the session for, in the order that `decode` gets them */
  readonly outputs: readonly string[];
  /** @param floor smallest score per label */
  decode(outputs: readonly OutputTensor[], floor: Float32Array): RawDetection[];
}

export function makeDecoder({ decoder, input }: Pick<ModelCard, "decoder" | "input">): Decoder {
  switch (decoder.kind) {
    case "centernet":
      return new CenterNetDecoder(decoder, input);
    case "yolox":
      return new YoloxDecoder(decoder, input);
    case "dense":
      return new DenseDecoder(decoder, input);
  }
}

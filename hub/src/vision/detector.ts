import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import "./no-telemetry.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { HubError } from "../errors.ts";
import type { LoadedModel } from "./card.ts";
import { makeDecoder, type Decoder, type OutputTensor } from "./decode/decoder.ts";
import type { Detection } from "./detection.ts";
import type { Luma } from "./look.ts";
import { MAX_PIXELS, readPicture } from "./picture.ts";

export interface Detected {
  /** size of the picture, pixels */
  readonly width: number;
  readonly height: number;
  /** decoding of the picture, network and decoding of its output, ms */
  readonly ms: number;
  readonly detections: Detection[];
  /** grey thumbnail of the picture */
  readonly luma: Luma;
}

/** One model in one single-threaded session. Calls must not overlap: the owner runs one at a time. */
export class Detector {
  readonly id: string;
  private readonly model: LoadedModel;
  private readonly maxPixels: number;
  private readonly decoder: Decoder;
  private readonly floor: Float32Array;
  private session: InferenceSession | null = null;

  /** @param options.threshold replaces every threshold of the card @param options.floorFactor multiplies them; default 1 */
  constructor(
    model: LoadedModel,
    options: { readonly maxPixels?: number; readonly threshold?: number; readonly floorFactor?: number } = {},
  ) {
    const { card } = model;
    this.id = model.id;
    this.model = model;
    this.maxPixels = options.maxPixels ?? MAX_PIXELS;
    this.decoder = makeDecoder(card);
    const factor = options.floorFactor ?? 1;
    this.floor = Float32Array.from(
      card.labels,
      (l) => options.threshold ?? factor * (card.thresholds[l] ?? card.threshold),
    );
  }

  /** @throws HubError MODEL_INVALID when the file is no model that the runtime can load or lacks the card's inputs and outputs */
  async start(): Promise<void> {
    const { card, bytes } = this.model;
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(bytes, {
        executionProviders: ["cpu"],
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: "sequential",
        graphOptimizationLevel: "all",
      });
    } catch (cause) {
      throw new HubError(
        "MODEL_INVALID",
        `${this.id}: ${cause instanceof Error ? cause.message : "cannot be loaded"}`,
        {
          cause,
        },
      );
    }
    const missing =
      this.decoder.outputs.find((o) => !session.outputNames.includes(o)) ??
      (session.inputNames.includes(card.input.name) ? undefined : card.input.name);
    if (missing !== undefined) throw new HubError("MODEL_INVALID", `${this.id}: the file has no ${missing}`);
    this.session = session;
  }

  /** @param bytes JPEG or PNG */
  async detect(bytes: Uint8Array): Promise<Detected | Rejection> {
    if (this.session === null) throw new Error("detector is not started");
    const { card } = this.model;
    const begin = performance.now();
    const picture = await readPicture(bytes, card.input, this.maxPixels);
    if ("reason" in picture) return picture;
    const outputs = await this.run(picture.tensor, picture.dims);
    const detections: Detection[] = [];
    for (const { label, score, box } of this.decoder.decode(outputs, this.floor)) {
      const x = clamp(box[0] * picture.scaleX, picture.width);
      const y = clamp(box[1] * picture.scaleY, picture.height);
      const w = clamp((box[0] + box[2]) * picture.scaleX, picture.width) - x;
      const h = clamp((box[1] + box[3]) * picture.scaleY, picture.height) - y;
      if (w < 1 || h < 1) continue;
      detections.push({
        label: card.labels[label],
        score: round(score, 4),
        box: [round(x), round(y), round(w), round(h)],
      });
    }
    const { width, height, luma } = picture;
    return { width, height, ms: round(performance.now() - begin), detections, luma };
  }

  /** The bare network: input tensor -> the outputs that the decoder asks for. */
  async run(tensor: Uint8Array | Float32Array, dims: readonly number[]): Promise<OutputTensor[]> {
    if (this.session === null) throw new Error("detector is not started");
    const feed =
      tensor instanceof Float32Array ? new Tensor("float32", tensor, dims) : new Tensor("uint8", tensor, dims);
    const result = await this.session.run({ [this.model.card.input.name]: feed }, [...this.decoder.outputs]);
    return this.decoder.outputs.map((name) => ({ data: result[name].data as Float32Array, dims: result[name].dims }));
  }

  async close(): Promise<void> {
    await this.session?.release();
    this.session = null;
  }
}

function clamp(v: number, max: number): number {
  return Math.min(Math.max(v, 0), max);
}

function round(v: number, digits = 1): number {
  const f = 10 ** digits;
  return Math.round(v * f) / f;
}

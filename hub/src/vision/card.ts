import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { parse } from "yaml";
import { HubError } from "../errors.ts";

const Input = Type.Object(
  {
    name: Type.String(),
    width: Type.Integer({ minimum: 32, maximum: 4096 }),
    height: Type.Integer({ minimum: 32, maximum: 4096 }),
    /** uint8 tensors get the picture's bytes; float32 ones (value - mean) / std */
    dtype: Type.Union([Type.Literal("uint8"), Type.Literal("float32")]),
    layout: Type.Union([Type.Literal("nhwc"), Type.Literal("nchw")]),
    colour: Type.Union([Type.Literal("rgb"), Type.Literal("bgr")]),
    mean: Type.Array(Type.Number(), { minItems: 3, maxItems: 3 }),
    std: Type.Array(Type.Number({ exclusiveMinimum: 0 }), { minItems: 3, maxItems: 3 }),
    /** how a picture of another shape gets into the input: stretched, or scaled with borders right and bottom */
    fit: Type.Union([Type.Literal("stretch"), Type.Literal("letterbox")]),
    /** grey value of the borders */
    pad: Type.Integer({ minimum: 0, maximum: 255 }),
  },
  { additionalProperties: false },
);

const Decoder = Type.Union([
  Type.Object(
    {
      kind: Type.Literal("centernet"),
      /** names of the outputs: class heat map [1,C,h,w] (0..1) and distances left, top, right, bottom [1,4,h,w] in input pixels */
      heat: Type.String(),
      size: Type.String(),
      nmsIou: Type.Number({ minimum: 0, maximum: 1 }),
      max: Type.Integer({ minimum: 1, maximum: 1000 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal("yolox"),
      /** one output [1,N,5+C]: dx, dy, log w, log h (in strides), objectness, classes; cells of the strides one after the other */
      output: Type.String(),
      strides: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1 }),
      /** true where the graph already holds centres and sizes in input pixels */
      pixels: Type.Boolean(),
      nmsIou: Type.Number({ minimum: 0, maximum: 1 }),
      max: Type.Integer({ minimum: 1, maximum: 1000 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal("dense"),
      /** one output of four box values, then a score a class, no objectness: [1,4+C,N] (columns) or [1,N,4+C] (rows) */
      output: Type.String(),
      order: Type.Union([Type.Literal("columns"), Type.Literal("rows")]),
      /** middle, width and height, or left, top, right and bottom */
      box: Type.Union([Type.Literal("centre"), Type.Literal("corners")]),
      /** of the input, or fractions of it */
      unit: Type.Union([Type.Literal("pixels"), Type.Literal("fraction")]),
      scores: Type.Union([Type.Literal("probabilities"), Type.Literal("logits")]),
      nmsIou: Type.Number({ minimum: 0, maximum: 1 }),
      max: Type.Integer({ minimum: 1, maximum: 1000 }),
    },
    { additionalProperties: false },
  ),
]);

/** The card of a model, `models/<name>/model.yaml`: everything that differs between models, so that none needs code. */
export const ModelCardSchema = Type.Object(
  {
    name: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{0,63}$" }),
    version: Type.String({ pattern: "^\\d+\\.\\d+\\.\\d+$" }),
    title: Type.String(),
    file: Type.String({ pattern: "^[A-Za-z0-9_.-]+\\.onnx$" }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    licence: Type.String(),
    attribution: Type.String(),
    provenance: Type.String(),
    input: Input,
    decoder: Decoder,
    labels: Type.Array(Type.String(), { minItems: 1 }),
    /** smallest score that leaves the decoder */
    threshold: Type.Number({ minimum: 0, maximum: 1 }),
    /** per label where it differs */
    thresholds: Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: 1 })),
    /** label -> event kind that recipes may raise of it */
    classes: Type.Record(Type.String(), Type.String()),
    /** what was measured, with the data it was measured on; free form */
    measured: Type.Record(Type.String(), Type.Unknown()),
    limits: Type.String(),
  },
  { additionalProperties: false },
);

export type ModelCard = Static<typeof ModelCardSchema>;

/** A card whose file was read and has the sha256 that the card names. */
export interface LoadedModel {
  readonly card: ModelCard;
  /** `name@version` */
  readonly id: string;
  readonly bytes: Uint8Array;
}

const check = Compile(ModelCardSchema);
/** Every detector thread holds its own copy. */
const MAX_MODEL_BYTES = 256 * 2 ** 20;
const MAX_CARD_BYTES = 2 ** 20;

/** @throws HubError MODEL_INVALID: no card, a card that breaks the schema, a missing file or one with another sha256 */
export function loadModel(dir: string): LoadedModel {
  const path = join(dir, "model.yaml");
  let raw: unknown;
  try {
    raw = parse(Buffer.from(readLimited(path, MAX_CARD_BYTES)).toString("utf8"));
  } catch (cause) {
    if (cause instanceof HubError) throw cause;
    throw new HubError("MODEL_INVALID", `${path}: ${cause instanceof Error ? cause.message : "unreadable"}`, { cause });
  }
  if (!check.Check(raw)) {
    const first = [...check.Errors(raw)][0];
    throw new HubError(
      "MODEL_INVALID",
      `${path}: ${first?.instancePath || "/"} ${first?.message ?? "is not a model card"}`,
    );
  }
  const card = raw;
  const unknown = [...Object.keys(card.thresholds), ...Object.keys(card.classes)].find((l) => !card.labels.includes(l));
  if (unknown !== undefined)
    throw new HubError("MODEL_INVALID", `${path}: ${unknown} is not one of the model's labels`);
  const bytes = readLimited(join(dir, card.file), MAX_MODEL_BYTES);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== card.sha256)
    throw new HubError("MODEL_INVALID", `${join(dir, card.file)} has sha256 ${sha256}, its card says ${card.sha256}`);
  return { card, id: `${card.name}@${card.version}`, bytes };
}

/** @throws HubError MODEL_INVALID; a file that is too large is not read at all */
function readLimited(path: string, limit: number): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > limit) throw new HubError("MODEL_INVALID", `${path} has ${size} bytes, at most ${limit} are read`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof HubError) throw cause;
    throw new HubError("MODEL_INVALID", `${path} cannot be read`, { cause });
  }
}

/** Folders of `modelsDir` that hold a card, by name; empty when the folder does not exist. */
export function findModels(modelsDir: string): string[] {
  try {
    return readdirSync(modelsDir, { withFileTypes: true })
      .filter((e) => e.isDirectory() && readdirSync(join(modelsDir, e.name)).includes("model.yaml"))
      .map((e) => e.name)
      .sort();
  } catch {
    return [];
  }
}

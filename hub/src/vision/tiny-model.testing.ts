import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { DataType, OnnxGraph } from "../../../models/convert/onnx.ts";
import type { ModelCard } from "./card.ts";

/**
 * A network of three nodes that finds one thing in every picture: a box whose score is the mean brightness. Written field by field, so
 * that nothing of unknown origin is loaded.
 */
export function brightness(box: readonly number[]): Uint8Array {
  const g = new OnnxGraph();
  g.input("image", DataType.float, [1, 3, 64, 64]);
  g.output("out", DataType.float, [1, 5, 1]);
  g.initializer("box", DataType.float, [1, 4, 1], new Uint8Array(Float32Array.from(box).buffer));
  g.initializer("shape", DataType.int64, [3], new Uint8Array(BigInt64Array.from([1n, 1n, 1n]).buffer));
  g.node("ReduceMean", ["image"], "mean", { axes: [1, 2, 3], keepdims: 1 });
  g.node("Reshape", ["mean", "shape"], "score");
  g.node("Concat", ["box", "score"], "out", { axis: 1 });
  return g.finish("brightness", "test", 13);
}

/** A folder of the models' folder with such a network and its card. */
export function putModel(
  modelsDir: string,
  name: string,
  version: string,
  bytes: Uint8Array,
  change: Partial<ModelCard> = {},
): void {
  const to = join(modelsDir, name);
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, "model.onnx"), bytes);
  const card: ModelCard = {
    name,
    version,
    title: "brightness",
    file: "model.onnx",
    sha256: createHash("sha256").update(bytes).digest("hex"),
    licence: "Apache-2.0",
    attribution: "",
    provenance: "this test",
    input: {
      name: "image",
      width: 64,
      height: 64,
      dtype: "float32",
      layout: "nchw",
      colour: "rgb",
      mean: [0, 0, 0],
      std: [255, 255, 255],
      fit: "stretch",
      pad: 0,
    },
    decoder: {
      kind: "dense",
      output: "out",
      order: "columns",
      box: "centre",
      unit: "pixels",
      scores: "probabilities",
      nmsIou: 0.5,
      max: 10,
    },
    labels: ["light"],
    threshold: 0.2,
    thresholds: {},
    classes: {},
    measured: {},
    limits: "",
    ...change,
  };
  writeFileSync(join(to, "model.yaml"), stringify(card));
}

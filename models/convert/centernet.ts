/**
 * Converts the MobileNetV3-CenterNet of npm `@vladmandic/human` (TensorFlow.js graph, NHWC) into `general-coco/model.onnx`
 * (NCHW, opset 13). Only the raw heads are kept: peaks and boxes are taken in TypeScript (hub/src/vision/decode/centernet.ts).
 * Run from anywhere: `node models/convert/centernet.ts`. The same package gives the same bytes.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataType, OnnxGraph } from "./onnx.ts";
import { fromHalf, readTfGraph, type TfGraph, type TfNode } from "./tfjs.ts";

const SIZE = 512;
const HEADS = { keypoints: "tower_0/keypoints", wh: "tower_0/wh" };
const ACTIVATION: Readonly<Record<string, string>> = { Relu: "Relu", Sigmoid: "Sigmoid" };

interface Value {
  readonly name: string;
  readonly channels: number;
  /** height = width in this network */
  readonly size: number;
}

/** @returns the bytes of the ONNX file */
export function convertCentreNet(tf: TfGraph): Uint8Array {
  const graph = new OnnxGraph();
  const values = new Map<string, Value>();
  const fused = hardSwishes(tf);

  // uint8 HWC in: the decoder's bytes go into the session as they are, and 0..255 is what the network was trained on
  graph.input("image", DataType.uint8, [1, SIZE, SIZE, 3]);
  graph.node("Cast", ["image"], "image/float", { to: DataType.float });
  graph.node("Transpose", ["image/float"], "image/nchw", { perm: [0, 3, 1, 2] });

  /** float16 in the file, float32 when running: ONNX Runtime folds the Cast when it loads the session */
  const weight = (name: string, shape: readonly number[], half: Uint16Array): string => {
    graph.initializer(
      `${name}/f16`,
      DataType.float16,
      shape,
      new Uint8Array(half.buffer, half.byteOffset, half.byteLength),
    );
    return graph.node("Cast", [`${name}/f16`], name, { to: DataType.float });
  };
  const constant = (name: string): string => {
    const w = tf.weights.get(name);
    if (w?.half == null) throw new Error(`${name} is not a float weight`);
    if (!values.has(name)) values.set(name, { name: weight(name, w.shape, w.half), channels: 0, size: 0 });
    return name;
  };
  const value = (name: string): Value => {
    const v = values.get(name);
    if (v === undefined) throw new Error(`${name} is used before it is made`);
    return v;
  };

  const convolution = (node: TfNode): Value => {
    const x = value(node.inputs[0]);
    const w = tf.weights.get(node.inputs[1]);
    if (w?.half == null) throw new Error(`${node.name}: the kernel is not a weight`);
    const depthwise = node.op.includes("Depthwise");
    const [k, , cin, cout] = w.shape;
    const stride = node.ints("strides")[1];
    // SAME pads the odd pixel at the end (bottom, right); VALID is only used with 1x1 kernels
    const total =
      node.text("padding") === "SAME" ? Math.max(0, (Math.ceil(x.size / stride) - 1) * stride + k - x.size) : 0;
    const begin = total >> 1;
    const out = depthwise ? cin : cout;
    const kernel = weight(node.inputs[1], [out, depthwise ? 1 : cin, k, k], permute(w.half, k, cin, cout, depthwise));
    const inputs = [x.name, kernel];
    const steps = node.texts("fused_ops");
    if (steps[0] === "BiasAdd") inputs.push(constant(node.inputs[2]));
    const activation = steps.length > 1 ? ACTIVATION[steps[1]] : undefined;
    if (steps.length > 1 && activation === undefined)
      throw new Error(`${node.name}: fused ${steps[1]} is not supported`);
    const name = activation ? `${node.name}/conv` : node.name;
    graph.node("Conv", inputs, name, {
      kernel_shape: [k, k],
      strides: [stride, stride],
      pads: [begin, begin, total - begin, total - begin],
      group: depthwise ? cin : 1,
    });
    if (activation) graph.node(activation, [name], node.name);
    return { name: node.name, channels: out, size: Math.ceil(x.size / stride) };
  };

  const arithmetic = (node: TfNode): Value => {
    const inputs = node.inputs.map((i) => (tf.weights.has(i) ? { name: constant(i), channels: 0, size: 0 } : value(i)));
    const wide = inputs[0].size >= inputs[1].size ? inputs[0] : inputs[1];
    graph.node(
      node.op,
      inputs.map((i) => i.name),
      node.name,
    );
    return { ...wide, name: node.name };
  };

  for (const node of tf.ancestors(Object.values(HEADS))) {
    const swish = fused.get(node.name);
    if (swish === null) continue;
    const simple = (op: string): Value => {
      const x = value(node.inputs[0]);
      graph.node(op, [x.name], node.name);
      return { ...x, name: node.name };
    };
    let out: Value;
    if (swish !== undefined) {
      const x = value(swish);
      graph.node("HardSigmoid", [x.name], `${node.name}/gate`, { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
      graph.node("Mul", [x.name, `${node.name}/gate`], node.name);
      out = { ...x, name: node.name };
    } else if (node.op === "Placeholder") out = { name: "image/nchw", channels: 3, size: SIZE };
    else if (/Conv2D$|DepthwiseConv2dNative$/.test(node.op)) out = convolution(node);
    else if (node.op === "Add" || node.op === "Mul") out = arithmetic(node);
    else if (node.op === "Relu" || node.op === "Sigmoid") out = simple(node.op);
    else if (node.op === "Mean") out = { ...simple("GlobalAveragePool"), size: 1 };
    else if (node.op === "Relu6") {
      const zero = graph.initializer(`${node.name}/0`, DataType.float, [], floats(0));
      const six = graph.initializer(`${node.name}/6`, DataType.float, [], floats(6));
      const x = value(node.inputs[0]);
      graph.node("Clip", [x.name, zero, six], node.name);
      out = { ...x, name: node.name };
    } else if (node.op === "ResizeBilinear") {
      const x = value(node.inputs[0]);
      const to = tf.weights.get(node.inputs[1])?.ints?.[0] ?? 0;
      const scales = graph.initializer(
        `${node.name}/scales`,
        DataType.float,
        [4],
        floats(1, 1, to / x.size, to / x.size),
      );
      // align_corners = half_pixel_centers = false
      graph.node("Resize", [x.name, "", scales], node.name, {
        mode: "linear",
        coordinate_transformation_mode: "asymmetric",
      });
      out = { ...x, name: node.name, size: to };
    } else if (node.op === "ConcatV2") {
      const parts = node.inputs.slice(0, -1).map(value);
      graph.node(
        "Concat",
        parts.map((p) => p.name),
        node.name,
        { axis: 1 },
      );
      out = { name: node.name, channels: parts.reduce((a, p) => a + p.channels, 0), size: parts[0].size };
    } else if (node.op === "Identity") out = value(node.inputs[0]);
    else throw new Error(`${node.name}: operation ${node.op} is not supported`);
    values.set(node.name, out);
  }

  for (const [name, head] of Object.entries(HEADS)) {
    const v = value(head);
    graph.node("Identity", [v.name], name);
    graph.output(name, DataType.float, [1, v.channels, v.size, v.size]);
  }
  return graph.finish("general-coco", "MobileNetV3-CenterNet, 80 COCO classes, from npm @vladmandic/human (MIT)", 13);
}

/**
 * Finds `x * c * relu6(x + 3)` with c = 1/6 rounded to float16: name of the last Mul -> name of x, and null for the three nodes
 * inside that are then not needed. ONNX Runtime runs HardSigmoid + Mul in half the memory traffic of the four steps.
 */
function hardSwishes(tf: TfGraph): Map<string, string | null> {
  const byName = new Map(tf.nodes.map((n) => [n.name, n]));
  const found = new Map<string, string | null>();
  const scalar = (name: string): number => {
    const w = tf.weights.get(name);
    return w?.half?.length === 1 ? fromHalf(w.half[0]) : Number.NaN;
  };
  for (const node of tf.nodes) {
    if (node.op !== "Mul") continue;
    const [scaled, clipped] = node.inputs.map((i) => byName.get(i));
    if (scaled?.op !== "Mul" || clipped?.op !== "Relu6") continue;
    const shifted = byName.get(clipped.inputs[0]);
    const x = scaled.inputs.find((i) => !tf.weights.has(i));
    const c = scaled.inputs.find((i) => tf.weights.has(i));
    if (shifted?.op !== "Add" || x === undefined || c === undefined || !shifted.inputs.includes(x)) continue;
    if (Math.abs(scalar(c) - 1 / 6) > 1e-4 || !shifted.inputs.some((i) => scalar(i) === 3)) continue;
    found.set(node.name, x);
    for (const inner of [scaled, clipped, shifted]) found.set(inner.name, null);
  }
  return found;
}

/** TensorFlow [k, k, in, out] -> ONNX [out, in, k, k]; depthwise [k, k, channels, 1] -> [channels, 1, k, k] */
function permute(w: Uint16Array, k: number, cin: number, cout: number, depthwise: boolean): Uint16Array {
  const out = new Uint16Array(w.length);
  const area = k * k;
  for (let p = 0; p < area; p++) {
    for (let i = 0; i < cin; i++) {
      for (let o = 0; o < cout; o++) {
        const to = depthwise ? i * area + p : (o * cin + i) * area + p;
        out[to] = w[(p * cin + i) * cout + o];
      }
    }
  }
  return out;
}

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** Where the npm package keeps its models. */
export function humanModelsDir(): string {
  return join(import.meta.dirname, "../../node_modules/@vladmandic/human/models");
}

if (import.meta.main) {
  const dir = join(import.meta.dirname, "../general-coco");
  const bytes = convertCentreNet(readTfGraph(humanModelsDir(), "centernet.json"));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(dir, "model.onnx"), bytes);
  const card = readFileSync(join(dir, "model.yaml"), "utf8");
  writeFileSync(join(dir, "model.yaml"), card.replace(/^sha256: .*$/m, `sha256: ${sha256}`));
  console.log(`general-coco/model.onnx: ${bytes.length} bytes, sha256 ${sha256}`);
}

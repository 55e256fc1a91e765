import { join } from "node:path";
import "../../hub/src/vision/no-telemetry.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { type Field, readFields, writeField } from "../../hub/src/adapters/sparkplug/protobuf.ts";
import { type LoadedModel, loadModel } from "../../hub/src/vision/card.ts";
import { readPicture } from "../../hub/src/vision/picture.ts";

const SIZES = [1, 2, 4, 8] as const;
const ROUNDS = 12;
/** Frames a measurement, whatever the size of the batch. */
const FRAMES = 16;

/**
 * Whether a batch is worth it on one thread: CPU time of the thread a frame, for batches of 1, 2, 4 and 8 of the shipped models. Their files
 * have a batch of one; the bench widens it in memory. In turns, so that what else the machine does falls on all of them alike.
 */
export async function batchBench(frames: readonly Buffer[]): Promise<object> {
  const result: Record<string, object> = {};
  for (const name of ["general-coco", "fire-smoke-waste"]) {
    const model = loadModel(join(import.meta.dirname, "../../models", name));
    const runs = await Promise.all(SIZES.map((n) => batched(model, n, frames)));
    const times = SIZES.map((): number[] => []);
    for (let round = -1; round < ROUNDS; round++) {
      for (const [i, { run }] of runs.entries()) {
        const begin = process.threadCpuUsage();
        for (let done = 0; done < FRAMES; done += SIZES[i]) await run();
        const { user, system } = process.threadCpuUsage(begin);
        if (round >= 0) times[i].push((user + system) / 1000 / FRAMES);
      }
    }
    for (const { session } of runs) await session.release();
    const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1];
    const cpu = times.map(median);
    result[name] = Object.fromEntries(
      SIZES.map((n, i) => [
        `batch${n}`,
        { cpuMsAFrame: Math.round(cpu[i] * 10) / 10, against1: Math.round((cpu[0] / cpu[i]) * 100) / 100 },
      ]),
    );
  }
  return result;
}

async function batched(model: LoadedModel, n: number, frames: readonly Buffer[]) {
  const { input } = model.card;
  const session = await InferenceSession.create(widen(model.bytes, n), {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // that constants of the part that was cut off are removed is no news
    logSeverityLevel: 3,
  });
  const one = await readPicture(frames[0], input);
  if ("reason" in one) throw new Error(one.detail);
  const data = new Uint8Array(one.tensor.length * n);
  for (let i = 0; i < n; i++) data.set(one.tensor, i * one.tensor.length);
  const feed = { [input.name]: new Tensor("uint8", data, [n, ...one.dims.slice(1)]) };
  const seen = await session.run(feed);
  for (const name of session.outputNames) if (seen[name].dims[0] !== n) throw new Error(`${name} is no batch of ${n}`);
  return { session, run: () => session.run(feed) };
}

/** Field numbers of onnx.proto: ModelProto.graph; of GraphProto; of NodeProto; of ValueInfoProto and what is in it. */
const GRAPH = 7;
const [NODE, INPUT, OUTPUT] = [1, 11, 12] as const;
const [NODE_INPUT, NODE_OUTPUT, NODE_OP] = [1, 2, 4] as const;
const [NAME, TYPE, TENSOR, ELEMENT, SHAPE, DIM, VALUE] = [1, 2, 1, 1, 2, 1, 1] as const;

/**
 * The model with a batch of `n` < 128 up to where its heads are reshaped into rows: what comes after has the batch written into its
 * constants, and takes next to no time.
 */
function widen(bytes: Uint8Array, n: number): Uint8Array {
  const parts = fieldsOf(Buffer.from(bytes)).map((field) =>
    field.number === GRAPH ? writeField(GRAPH, widenGraph(field.bytes, n)) : again(field),
  );
  return Buffer.concat(parts);
}

function widenGraph(graph: Buffer, n: number): Buffer {
  const [nodes, rest]: Buffer[][] = [[], []];
  const [cut, heads] = [new Set<string>(), new Set<string>()];
  const fields = fieldsOf(graph);
  for (const field of fields) {
    if (field.number !== NODE) continue;
    const inside = fieldsOf(field.bytes);
    const texts = (number: number) => inside.flatMap((f) => (f.number === number ? [f.bytes.toString()] : []));
    const inputs = texts(NODE_INPUT);
    const isHead = texts(NODE_OP)[0] === "Reshape";
    if (isHead) heads.add(inputs[0]);
    if (isHead || inputs.some((name) => cut.has(name))) for (const name of texts(NODE_OUTPUT)) cut.add(name);
    else nodes.push(again(field));
  }
  for (const field of fields) {
    if (field.number === NODE || (field.number === OUTPUT && heads.size > 0)) continue;
    if (field.number === INPUT || field.number === OUTPUT) setBatch(field.bytes, n);
    rest.push(again(field));
  }
  // float tensors whose shape is inferred
  const float = writeField(TYPE, writeField(TENSOR, writeField(ELEMENT, 1)));
  const outputs = [...heads].map((name) => writeField(OUTPUT, Buffer.concat([writeField(NAME, name), float])));
  return Buffer.concat([...nodes, ...rest, ...outputs]);
}

/** In place: the first dimension of a tensor, a varint of one byte. */
function setBatch(info: Buffer, n: number): void {
  let at = info;
  for (const number of [TYPE, TENSOR, SHAPE, DIM]) {
    const next = fieldsOf(at).find((f) => f.number === number);
    if (next === undefined) return;
    at = next.bytes;
  }
  const [dim] = fieldsOf(at);
  if (dim?.number === VALUE && dim.varint === 1n) at[1] = n;
}

function fieldsOf(message: Buffer): Field[] {
  const fields = readFields(message);
  if (fields === null) throw new Error("not a model");
  return fields;
}

/** A field as it was read; a model has none of the fixed sizes at these places. */
function again({ number, wire, varint, bytes }: Field): Buffer {
  return writeField(number, wire === 0 ? varint : bytes);
}

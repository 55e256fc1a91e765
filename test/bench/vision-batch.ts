import { join } from "node:path";
import "../../hub/src/vision/no-telemetry.ts";
import { InferenceSession, Tensor } from "onnxruntime-node";
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

/** Field numbers of onnx.proto: ModelProto.graph; of GraphProto; of NodeProto. */
const GRAPH = 7;
const [NODE, INPUT, OUTPUT] = [1, 11, 12] as const;
const [NODE_INPUT, NODE_OUTPUT, NODE_OP] = [1, 2, 4] as const;

/**
 * The model with a batch of `n` < 128 up to where its heads are reshaped into rows: what comes after has the batch written into its
 * constants, and takes next to no time.
 */
function widen(bytes: Uint8Array, n: number): Uint8Array {
  const model = Buffer.from(bytes);
  const cut = new Set<string>();
  const heads = new Set<string>();
  const parts: Buffer[] = [];
  for (const { field, from, to, raw } of fields(model, 0, model.length)) {
    if (field !== GRAPH) {
      parts.push(raw);
      continue;
    }
    const graph: Buffer[] = [];
    const rest: { field: number; raw: Buffer; from: number; to: number }[] = [];
    for (const one of fields(model, from, to)) {
      if (one.field !== NODE) {
        rest.push(one);
        continue;
      }
      const texts = (number: number): string[] =>
        fields(model, one.from, one.to).flatMap((f) =>
          f.field === number ? [model.toString("utf8", f.from, f.to)] : [],
        );
      const inputs = texts(NODE_INPUT);
      if (texts(NODE_OP)[0] === "Reshape") heads.add(inputs[0]);
      if (texts(NODE_OP)[0] === "Reshape" || inputs.some((name) => cut.has(name)))
        for (const name of texts(NODE_OUTPUT)) cut.add(name);
      else graph.push(one.raw);
    }
    for (const one of rest) {
      if (one.field === INPUT || one.field === OUTPUT) setBatch(model, one.from, one.to, n);
      if (one.field !== OUTPUT || heads.size === 0) graph.push(one.raw);
    }
    // float tensors whose shape is inferred
    for (const name of heads)
      graph.push(message(OUTPUT, message(1, Buffer.from(name)), message(2, message(1, [8, 1]))));
    parts.push(message(GRAPH, ...graph));
  }
  return Buffer.concat(parts);
}

/** ValueInfoProto: type (2), tensor_type (1), shape (2), first dim (1), dim_value (1), a varint of one byte. */
function setBatch(model: Buffer, from: number, to: number, n: number): void {
  let at = { from, to };
  for (const number of [2, 1, 2, 1]) {
    const next = fields(model, at.from, at.to).find(({ field }) => field === number);
    if (next === undefined) return;
    at = next;
  }
  if (model[at.from] === 0x08 && model[at.from + 1] === 1) model[at.from + 1] = n;
}

function message(field: number, ...content: (Uint8Array | readonly number[])[]): Buffer {
  const body = Buffer.concat(content.map((c) => Buffer.from(c)));
  return Buffer.concat([Buffer.from(varint(field * 8 + 2)), Buffer.from(varint(body.length)), body]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 0x80, ...varint(Math.floor(value / 128))];
}

interface Field {
  readonly field: number;
  /** of its content */
  readonly from: number;
  readonly to: number;
  /** with its key */
  readonly raw: Buffer;
}

/** The fields of a message in the protobuf wire format. */
function fields(bytes: Buffer, from: number, to: number): Field[] {
  const found: Field[] = [];
  let at = from;
  const read = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < to) {
    const begin = at;
    const key = read();
    const wire = key % 8;
    const length = wire === 2 ? read() : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    const content = at;
    if (wire === 0) read();
    at += length;
    found.push({ field: Math.floor(key / 8), from: content, to: at, raw: bytes.subarray(begin, at) });
  }
  return found;
}

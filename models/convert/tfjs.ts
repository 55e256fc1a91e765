import { readFileSync } from "node:fs";
import { join } from "node:path";

interface RawAttribute {
  readonly s?: string;
  readonly b?: boolean;
  readonly i?: string;
  readonly list?: { readonly s?: readonly string[]; readonly i?: readonly string[] };
}

interface RawNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, RawAttribute>>;
}

interface RawWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  readonly quantization?: { readonly dtype: string };
}

/** A weight as stored: float16 bits where the file is quantised to float16, else int32. TensorFlow's own layout. */
export interface Weight {
  readonly shape: readonly number[];
  readonly half: Uint16Array | null;
  readonly ints: Int32Array | null;
}

export interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  text(attr: string): string;
  texts(attr: string): readonly string[];
  ints(attr: string): readonly number[];
}

/** A TensorFlow.js graph model read from `<name>.json` and its one weights file, nodes in topological order. */
export class TfGraph {
  readonly nodes: readonly TfNode[];
  readonly weights: ReadonlyMap<string, Weight>;

  constructor(nodes: readonly TfNode[], weights: ReadonlyMap<string, Weight>) {
    this.nodes = nodes;
    this.weights = weights;
  }

  /** Nodes that `outputs` need, in topological order, constants left out. */
  ancestors(outputs: readonly string[]): TfNode[] {
    const byName = new Map(this.nodes.map((n) => [n.name, n]));
    const done = new Set<string>();
    const order: TfNode[] = [];
    const visit = (name: string): void => {
      const node = byName.get(name.split(":")[0]);
      if (node === undefined || done.has(node.name) || node.op === "Const") return;
      done.add(node.name);
      for (const input of node.inputs) visit(input);
      order.push(node);
    };
    for (const name of outputs) visit(name);
    return order;
  }
}

export function readTfGraph(dir: string, file: string): TfGraph {
  const model = JSON.parse(readFileSync(join(dir, file), "utf8")) as {
    modelTopology: { node: RawNode[] };
    weightsManifest: { paths: string[]; weights: RawWeight[] }[];
  };
  const weights = new Map<string, Weight>();
  for (const group of model.weightsManifest) {
    const data = Buffer.concat(group.paths.map((p) => readFileSync(join(dir, p))));
    let offset = 0;
    for (const w of group.weights) {
      const count = w.shape.reduce((a, b) => a * b, 1);
      const half = w.dtype === "float32" && w.quantization?.dtype === "float16";
      if (!half && w.dtype !== "int32") throw new Error(`weight ${w.name}: only float16 and int32 are supported`);
      const bytes = data.subarray(offset, (offset += count * (half ? 2 : 4)));
      const copy = new Uint8Array(bytes).buffer;
      weights.set(w.name, {
        shape: w.shape,
        half: half ? new Uint16Array(copy) : null,
        ints: half ? null : new Int32Array(copy),
      });
    }
    if (offset !== data.length) throw new Error(`${data.length - offset} bytes of weights are left over`);
  }
  return new TfGraph(model.modelTopology.node.map(wrap), weights);
}

function wrap(raw: RawNode): TfNode {
  const decode = (s: string): string => Buffer.from(s, "base64").toString();
  return {
    name: raw.name,
    op: raw.op,
    inputs: raw.input ?? [],
    text: (attr) => decode(raw.attr?.[attr]?.s ?? ""),
    texts: (attr) => (raw.attr?.[attr]?.list?.s ?? []).map(decode),
    ints: (attr) => (raw.attr?.[attr]?.list?.i ?? []).map(Number),
  };
}

/** IEEE 754 binary16 bits -> number */
export function fromHalf(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return exponent === 31
    ? fraction
      ? Number.NaN
      : sign * Infinity
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

import { ProtoWriter } from "./protobuf.ts";

/** TensorProto.DataType */
export const DataType = { float: 1, uint8: 2, int64: 7, float16: 10 } as const;
export type Attribute = number | string | readonly number[] | { readonly float: number };

/**
 * Collects nodes and initializers of one ONNX graph and writes it as a ModelProto. Field numbers are those of onnx.proto
 * (IR version 8).
 */
export class OnnxGraph {
  private readonly nodes: ProtoWriter[] = [];
  private readonly initializers: ProtoWriter[] = [];
  private readonly inputs: ProtoWriter[] = [];
  private readonly outputs: ProtoWriter[] = [];

  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const node = new ProtoWriter();
    for (const input of inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, op);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    this.nodes.push(node);
    return output;
  }

  initializer(name: string, type: number, shape: readonly number[], raw: Uint8Array): string {
    const tensor = new ProtoWriter();
    for (const d of shape) tensor.int(1, d);
    this.initializers.push(tensor.int(2, type).text(8, name).bytes(9, raw));
    return name;
  }

  input(name: string, type: number, shape: readonly number[]): void {
    this.inputs.push(valueInfo(name, type, shape));
  }

  output(name: string, type: number, shape: readonly number[]): void {
    this.outputs.push(valueInfo(name, type, shape));
  }

  /** @returns the bytes of the .onnx file */
  finish(name: string, doc: string, opset: number): Uint8Array {
    const graph = new ProtoWriter();
    for (const node of this.nodes) graph.message(1, node);
    graph.text(2, name);
    for (const tensor of this.initializers) graph.message(5, tensor);
    for (const info of this.inputs) graph.message(11, info);
    for (const info of this.outputs) graph.message(12, info);
    return new ProtoWriter()
      .int(1, 8)
      .text(2, "gridhub models/convert")
      .text(6, doc)
      .message(7, graph)
      .message(8, new ProtoWriter().text(1, "").int(2, opset))
      .finish();
  }
}

function attribute(name: string, value: Attribute): ProtoWriter {
  const out = new ProtoWriter().text(1, name);
  // AttributeProto.type: FLOAT 1, INT 2, STRING 3, INTS 7
  if (typeof value === "number") return out.int(3, value).int(20, 2);
  if (typeof value === "string") return out.bytes(4, new TextEncoder().encode(value)).int(20, 3);
  if ("float" in value) return out.float(2, value.float).int(20, 1);
  for (const v of value) out.int(8, v);
  return out.int(20, 7);
}

function valueInfo(name: string, type: number, shape: readonly number[]): ProtoWriter {
  const dims = new ProtoWriter();
  for (const d of shape) dims.message(1, new ProtoWriter().int(1, d));
  return new ProtoWriter()
    .text(1, name)
    .message(2, new ProtoWriter().message(1, new ProtoWriter().int(1, type).message(2, dims)));
}

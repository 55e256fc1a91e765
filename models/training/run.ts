// Runs an ONNX file on one picture in the runtime that the hub uses, so that torch's answer can be held against it.
// usage: node run.ts MODEL.onnx PICTURE.u8 SIDE OUT_DIR -> OUT_DIR/0.f32, ... and their names and shapes on stdout
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [model, picture, side, out] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: node run.ts MODEL.onnx PICTURE.u8 SIDE OUT_DIR");
const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
const n = Number(side);
const pixels = new Tensor("uint8", new Uint8Array(readFileSync(picture)), [1, n, n, 3]);
const answer = await session.run({ [session.inputNames[0]]: pixels });
const made = session.outputNames.map((name, i) => {
  const { data, dims } = answer[name];
  if (!(data instanceof Float32Array)) throw new Error(`${name} is not float32`);
  writeFileSync(join(out, `${i}.f32`), data);
  return { name, dims };
});
await session.release();
process.stdout.write(`${JSON.stringify(made)}\n`);

import { newQuickJSWASMModule, type QuickJSHandle } from "quickjs-emscripten";
import { loadText } from "../../device-profiles/src/load.ts";
import { RecordBuffer } from "../../device-profiles/src/reading.ts";
import { loadScriptEngine } from "../../device-profiles/src/script/engine.ts";

const COUNT = 10_000;
const ROUNDS = 5;

const DECODER = `function decodeUplink(input) {
  var b = input.bytes;
  var t = (b[2] << 8) | b[3];
  return { data: { pressure: ((b[0] << 8) | b[1]) / 1000, tilt: (t > 32767 ? t - 65536 : t) / 10, cap_open: b[4] & 1, battery: b[5] / 50 } };
}`;

/**
 * The script technique against a bare QuickJS, unmetered, that calls the same function for the same frame and gives back its result as
 * JSON; `share` = through the profile / bare. Both in the same run, rounds alternating.
 */
export async function scriptBench(): Promise<object> {
  await loadScriptEngine();
  const { profile, problems } = loadText(
    `profile: v1
id: bench/script@1.0.0
kind: hydrant
title: {zh: 脚本, en: script}
transport: {uplink: raw}
codec:
  script:
    source: ${JSON.stringify(DECODER)}
    map: [{n: pressure}, {n: tilt}, {n: cap_open}, {n: battery}]
vectors: [{hex: "011800b40140", out: {pressure: 0.28, tilt: 18, cap_open: true, battery: 1.28}}]
`,
    "bench",
  );
  if (profile === null) throw new Error(problems.map((p) => p.message).join("; "));
  const { compiled } = profile;
  const out = new RecordBuffer();
  const frame = Uint8Array.of(1, 0x18, 0, 0xb4, 1, 0x40);

  const context = (await newQuickJSWASMModule()).newContext();
  const call = context.unwrapResult(
    context.evalCode(`${DECODER}; (hex) => {
      const bytes = [];
      for (let i = 0; i < hex.length; i += 2) bytes.push(parseInt(hex.slice(i, i + 2), 16));
      return JSON.stringify(decodeUplink({bytes, fPort: 1}));
    }`),
  );
  const bare = (): void => {
    const hex = context.newString(Buffer.from(frame).toString("hex"));
    const result: QuickJSHandle = context.unwrapResult(context.callFunction(call, context.undefined, hex));
    JSON.parse(context.getString(result));
    result.dispose();
    hex.dispose();
  };
  const sandboxed = (): void => {
    if (compiled.decodeFrame(frame, 1, out, 1_763_776_800_000) !== null) throw new Error("the frame was refused");
  };

  let [best, bestBare] = [0, 0];
  for (let i = 0; i < ROUNDS; i++) {
    best = Math.max(best, rate(sandboxed));
    bestBare = Math.max(bestBare, rate(bare));
  }
  call.dispose();
  context.dispose();
  return {
    decodes_per_s: Math.round(best),
    bare_quickjs_per_s: Math.round(bestBare),
    share: Number((best / bestBare).toFixed(2)),
  };
}

function rate(work: () => void): number {
  const began = process.threadCpuUsage();
  for (let i = 0; i < COUNT; i++) work();
  const { user, system } = process.threadCpuUsage(began);
  return (COUNT * 1e6) / (user + system);
}

import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import type { Path, Report } from "../problem.ts";
import type { RecordBuffer } from "../reading.ts";
import { reject } from "../rejection.ts";
import { currentEngine } from "../script/engine.ts";
import { MAX_SOURCE, type Outcome, Sandbox } from "../script/sandbox.ts";
import type { FrameDecoder } from "./frame.ts";
import { compileJson, type JsonDecoder } from "./json.ts";
import { MAX_PAST } from "./past-schema.ts";
import type { Script } from "./result-schema.ts";
import { plausible } from "./time.ts";
import type { CompileContext } from "./value.ts";

type Decoded = Extract<Outcome, { kind: "data" }>;

/**
 * A JavaScript decoder as TTN, ChirpStack and others publish them, in a sandbox (script/README.md). `map` says what its result means;
 * errors that it returns or throws, and every excess, refuse the frame.
 *
 * @param file the profile's own file; a script's file must lie in its folder
 */
export function compileScript(script: Script, path: Path, ctx: CompileContext, file: string): FrameDecoder {
  const values = compileJson({ fields: script.map, time: script.time }, path, ctx, { texts: true, key: "map" });
  const source = readSource(script, path, ctx.report, file);
  const sandbox = new Sandbox(source ?? "", {
    entry: script.entry,
    normalize: script.use === "normalized",
    strict: (script.short ?? "reject") === "reject",
    variables: script.variables ?? {},
  });
  if (currentEngine() === null) ctx.report(path, "a script needs its engine: await loadScriptEngine() before loading");
  else if (source !== null) {
    const problem = sandbox.check();
    if (problem !== null) ctx.report([...path, script.file === undefined ? "source" : "file"], `the script ${problem}`);
  }
  const ports = script.ports === undefined ? null : new Set(script.ports);
  const assumed = script.port ?? 0;

  return (b, port, out, at = Date.now()) => {
    out.reset();
    if (b.length === 0) return reject("frame_short", "an empty frame");
    if (ports !== null && port !== 0 && !ports.has(port)) return reject("frame_selector", `no layout for port ${port}`);
    const outcome = sandbox.run(b, port === 0 ? assumed : port, at);
    switch (outcome.kind) {
      case "short":
        return reject("frame_short", `the script reads byte ${outcome.byte}, the frame has ${b.length}`);
      case "failed":
        return reject("script_failed", outcome.message);
      case "data":
        if (Array.isArray(outcome.data)) return reject("script_failed", "the script returned a list, not an object");
        return values(outcome.data as Readonly<Record<string, unknown>>, out) ?? emitPast(values, outcome, out);
    }
  };
}

/** Samples of other times than the frame's; one that shows no metric of the profile is none. */
function emitPast(values: JsonDecoder, { past, at }: Decoded, out: RecordBuffer): null {
  if (at > 0 && out.ts === 0) out.ts = plausible(at) || 0;
  for (const sample of past) {
    if (out.pasts === MAX_PAST) break;
    const buffer = out.nextPast();
    if (typeof sample.data !== "object" || sample.data === null || plausible(sample.at) !== sample.at) out.pasts--;
    else if (values(sample.data as Readonly<Record<string, unknown>>, buffer) !== null || buffer.n === 0) out.pasts--;
    else buffer.ts = sample.at;
  }
  return null;
}

function readSource(script: Script, path: Path, report: Report, profile: string): string | null {
  if ((script.file === undefined) === (script.source === undefined)) {
    report(path, "expected either file or source");
    return null;
  }
  if (script.source !== undefined) return script.source;
  const at = [...path, "file"];
  try {
    // resolved through links: neither ".." nor a link leads out of the folder
    const folder = realpathSync(dirname(realpathSync(profile)));
    const file = realpathSync(join(folder, script.file ?? ""));
    if (!file.startsWith(folder + sep)) report(at, "expected a file in the profile's own folder");
    else if (statSync(file).size > MAX_SOURCE) report(at, `a script has at most ${MAX_SOURCE} bytes`);
    else return readFileSync(file, "utf8");
  } catch (error) {
    report(at, `cannot be read: ${error instanceof Error ? error.message.replace(/ '.*/, "") : "unknown"}`);
  }
  return null;
}

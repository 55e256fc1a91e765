import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten";
import type { Engine } from "./engine.ts";
import { hostWords } from "./host-words.ts";
import { ENTRIES, type Entry, OTHER_ENTRIES, PRELUDE } from "./prelude.ts";
import { type Form, formed, standing } from "./source-form.ts";

/** Work for one call and for reading the script, in loop turns and calls of the engine itself; ordinary decoders need 2,000 to 50,000. */
export const FUEL = 10_000_000;
/** Below this the script is interrupted where the engine can stop cleanly; at 0 it traps. */
export const RESERVE = 2_000_000;
const MEMORY_BYTES = 4 * 1024 * 1024;
const STACK_BYTES = 128 * 1024;
const RESULT_CHARACTERS = 65_536;

export interface SandboxOptions {
  /** which of the script's functions decodes; the first of {@link ENTRIES} that it defines unless said */
  readonly entry?: Entry;
  /** run normalizeUplink over the decoded data */
  readonly normalize: boolean;
  /** refuse a frame whose missing bytes the script reads */
  readonly strict: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

/** Why a script cannot run anew in a context that served it before. */
export const KEEPS_REALM = "changes the language for good when it starts";

/** A QuickJS runtime and context with the driver and one script in it. */
export interface ScriptContext {
  readonly engine: Engine;
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  /** the driver's `run(buffer, port, at)` */
  readonly run: QuickJSHandle;
  calls: number;
}

/** A context for one script; what keeps it from being usable is given in words. */
export function openContext(
  engine: Engine,
  source: string,
  form: Form | { readonly standing: readonly string[] },
  options: SandboxOptions,
): ScriptContext | string {
  const runtime = engine.quickjs.newRuntime();
  runtime.setMemoryLimit(MEMORY_BYTES);
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setInterruptHandler(() => engine.fuel.value < RESERVE);
  const context = runtime.newContext();
  const prepared =
    typeof form === "string"
      ? prepare(engine, context, source, form, options)
      : prepareStanding(context, source, form.standing, options);
  if (typeof prepared !== "string") return { engine, runtime, context, run: prepared, calls: 0 };
  context.dispose();
  runtime.dispose();
  return prepared;
}

export function closeContext({ run, context, runtime }: ScriptContext): void {
  run.dispose();
  context.dispose();
  runtime.dispose();
}

function driverOf(context: QuickJSContext, source: string): QuickJSHandle {
  const driver = context.unwrapResult(context.evalCode(PRELUDE, "prelude.js"));
  const words = hostWords(source);
  if (words !== "") context.unwrapResult(context.evalCode(words, "words.js")).dispose();
  return driver;
}

function settings(context: QuickJSContext, options: SandboxOptions): QuickJSHandle {
  const { entry, normalize, strict, variables } = options;
  return context.newString(
    JSON.stringify({
      ...{ variables: JSON.stringify(variables), strict, most: RESULT_CHARACTERS, normalizes: normalize },
      names: entry === undefined ? [...ENTRIES, ...OTHER_ENTRIES] : [entry],
    }),
  );
}

/** The script whose start serves every frame; a text = it is none, and runs the careful way. */
function prepareStanding(
  context: QuickJSContext,
  source: string,
  names: readonly string[],
  options: SandboxOptions,
): QuickJSHandle | string {
  const driver = driverOf(context, source);
  const made = evaluate(context, standing(source, names), "decoder.js");
  if (typeof made === "string") {
    driver.dispose();
    return made;
  }
  const text = settings(context, options);
  const run = context.getProp(driver, "run");
  const stand = context.getProp(driver, "stand");
  const answer = context.callFunction(stand, context.undefined, made, text);
  for (const handle of [stand, driver, text, made]) handle.dispose();
  const problem = answer.error !== undefined ? describe(context, answer.error) : null;
  const found = answer.error === undefined ? context.getString(answer.value) : "";
  if (answer.error === undefined) answer.value.dispose();
  if (problem === null && found !== "") return run;
  run.dispose();
  return problem ?? "its decoder is no function of the top level";
}

function prepare(
  engine: Engine,
  context: QuickJSContext,
  source: string,
  form: Form,
  options: SandboxOptions,
): QuickJSHandle | string {
  const driver = driverOf(context, source);
  // a context of the other form serves one frame
  if (form === "function") callMethod(context, driver, "prepared").dispose();
  // that was work of our own
  engine.fuel.value = FUEL;
  const made = evaluate(context, formed(source, form), "decoder.js");
  if (typeof made === "string") {
    driver.dispose();
    return made;
  }
  const factory = form === "function" ? made : context.null;
  const text = settings(context, options);
  const run = context.getProp(driver, "run");
  const bind = context.getProp(driver, "bind");
  const bound = context.callFunction(bind, context.undefined, factory, text);
  const answer = bound.error === undefined ? context.getString(bound.value) : describe(context, bound.error);
  if (bound.error === undefined) bound.value.dispose();
  if (form === "function" && bound.error === undefined && answer[0] === "=" && !options.normalize)
    lean(context, driver, source, answer.slice(1));
  for (const handle of [bind, driver, text, made]) handle.dispose();
  const problem =
    bound.error !== undefined
      ? answer
      : answer === ""
        ? `defines none of ${options.entry ?? ENTRIES.join(", ")}`
        : answer === "?"
          ? "defines no normalizeUplink"
          : answer === "!"
            ? KEEPS_REALM
            : null;
  if (problem === null) return run;
  run.dispose();
  return problem;
}

/** Most scripts have their decoder at the top level: then each frame asks for that name alone. */
function lean(context: QuickJSContext, driver: QuickJSHandle, source: string, entry: string): void {
  const made = evaluate(context, formed(source, "function", entry), "decoder.js");
  if (typeof made === "string") return;
  const method = context.getProp(driver, "lean");
  context.unwrapResult(context.callFunction(method, context.undefined, made)).dispose();
  method.dispose();
  made.dispose();
}

function callMethod(context: QuickJSContext, object: QuickJSHandle, name: string): QuickJSHandle {
  const method = context.getProp(object, name);
  const result = context.unwrapResult(context.callFunction(method, context.undefined));
  method.dispose();
  return result;
}

/** Evaluates the script's text. @returns its value, or its error with the line */
function evaluate(context: QuickJSContext, source: string, name: string): QuickJSHandle | string {
  const result = context.evalCode(source, name, { type: "global" });
  return result.error === undefined ? result.value : describe(context, result.error);
}

/** An error of the script in words, with the line; the handle is given back. */
function describe(context: QuickJSContext, handle: QuickJSHandle): string {
  const error: unknown = context.dump(handle);
  handle.dispose();
  if (typeof error !== "object" || error === null) return String(error).slice(0, 300);
  const { name: kind, message, stack } = error as { name?: unknown; message?: unknown; stack?: unknown };
  const line = typeof stack === "string" ? /decoder\.js:(\d+)/.exec(stack)?.[1] : undefined;
  return `${String(kind)}: ${String(message).slice(0, 200)}${line === undefined ? "" : ` (line ${line})`}`;
}

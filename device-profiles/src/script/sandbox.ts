import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten";
import { currentEngine, discard, type Engine, hasReserve } from "./engine.ts";
import { hostWords } from "./host-words.ts";
import { ENTRIES, type Entry, OTHER_ENTRIES, PRELUDE } from "./prelude.ts";
import { type Form, formed } from "./source-form.ts";

/** Work for one call and for reading the script, in loop turns and calls of the engine itself; ordinary decoders need 2,000 to 50,000. */
const FUEL = 10_000_000;
/** Below this the script is interrupted where the engine can stop cleanly; at 0 it traps. */
const RESERVE = 2_000_000;
const MEMORY_BYTES = 4 * 1024 * 1024;
const STACK_BYTES = 128 * 1024;
const RESULT_CHARACTERS = 65_536;
export const MAX_SOURCE = 262_144;
/** A script keeps its globals from call to call; a fresh start now and then bounds what it can pile up. */
const CALLS_PER_CONTEXT = 10_000;

export type Outcome =
  | {
      readonly kind: "data";
      readonly data: unknown;
      readonly warnings: readonly string[];
      /** earlier samples that the script gave with times of their own */
      readonly past: readonly PastSample[];
      /** ms UTC that the script gave the present sample in a list of timed ones; 0 = none */
      readonly at: number;
    }
  | { readonly kind: "failed"; readonly message: string }
  /** the script read this byte, which the frame does not have */
  | { readonly kind: "short"; readonly byte: number };

export interface PastSample {
  /** ms UTC */
  readonly at: number;
  readonly data: unknown;
}

export interface SandboxOptions {
  /** which of the script's functions decodes; the first of {@link ENTRIES} that it defines unless said */
  readonly entry?: Entry;
  /** run normalizeUplink over the decoded data */
  readonly normalize: boolean;
  /** refuse a frame whose missing bytes the script reads */
  readonly strict: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

interface Live {
  readonly engine: Engine;
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly run: QuickJSHandle;
  calls: number;
}

/**
 * One script in a QuickJS of its own: no host functions, memory, stack, work and result bounded; nothing it does reaches another script.
 * Whatever goes wrong is an outcome; the context is then thrown away and made anew for the next call.
 */
export class Sandbox {
  private readonly source: string;
  private readonly options: SandboxOptions;
  private live: Live | null = null;
  /** a script that once brought its engine down runs only while another engine stands by */
  private trapped = false;
  private form: Form = "function";
  /** failures of the form "function" after which the other one was tried */
  private retries = 0;

  constructor(source: string, options: SandboxOptions) {
    this.source = source;
    this.options = options;
  }

  /** @returns what keeps the script from being usable (syntax, no entry), or null */
  check(): string | null {
    const live = this.guard(() => this.open());
    return typeof live === "string" ? live : null;
  }

  /** @param at the frame's time, ms UTC: the script's clock */
  run(frame: Uint8Array, port: number, at: number): Outcome {
    let outcome = this.guard(() => this.call(frame, port, at));
    if (this.form === "function" && typeof outcome !== "string" && outcome.kind === "failed" && this.retries < 3)
      if (GLOBAL_NEEDED.test(outcome.message)) outcome = this.retry(outcome, frame, port, at);
    return typeof outcome === "string" ? { kind: "failed", message: outcome } : outcome;
  }

  /** A script whose functions find each other through the global object needs its top level there. */
  private retry(first: Outcome, frame: Uint8Array, port: number, at: number): Outcome | string {
    this.retries++;
    this.close();
    this.form = "global";
    const second = this.guard(() => this.call(frame, port, at));
    if (typeof second !== "string" && second.kind !== "failed") return second;
    this.close();
    this.form = "function";
    return first;
  }

  close(): void {
    const { live } = this;
    this.live = null;
    if (live === null || live.engine !== currentEngine()) return;
    try {
      live.engine.fuel.value = FUEL;
      live.run.dispose();
      live.context.dispose();
      live.runtime.dispose();
    } catch {
      discard(live.engine);
    }
  }

  /** A trap, an abort or a stack overflow of the engine is an exception of the host: that engine is given up. */
  private guard<T>(work: () => T | string): T | string {
    const engine = currentEngine();
    if (engine === null) return "the script engine is not ready";
    if (this.trapped && !hasReserve()) return "the script brought its engine down; the next one is being made";
    try {
      engine.fuel.value = FUEL;
      return work();
    } catch (error) {
      this.trapped = true;
      this.live = null;
      const spent = engine.fuel.value < 0;
      discard(engine);
      if (spent) return `exceeded its budget of ${FUEL} steps`;
      return `brought the engine down (${error instanceof Error ? error.message.slice(0, 100) : "unknown"})`;
    }
  }

  private call(frame: Uint8Array, port: number, at: number): Outcome | string {
    let { live } = this;
    if (live === null || live.engine !== currentEngine() || live.calls >= CALLS_PER_CONTEXT) {
      this.close();
      const opened = this.open();
      if (typeof opened === "string") return opened;
      live = opened;
    }
    live.calls++;
    const { context, engine } = live;
    const bytes = context.newArrayBuffer(Uint8Array.from(frame).buffer);
    const size = context.newNumber(frame.length);
    const portHandle = context.newNumber(port);
    const time = context.newNumber(at);
    const result = context.callFunction(live.run, context.undefined, bytes, size, portHandle, time);
    bytes.dispose();
    size.dispose();
    portHandle.dispose();
    time.dispose();
    if (result.error !== undefined) {
      result.error.dispose();
      const spent = engine.fuel.value < RESERVE;
      this.close();
      return spent ? `exceeded its budget of ${FUEL} steps` : "ran out of memory or stack";
    }
    const answer = context.getString(result.value);
    result.value.dispose();
    return this.read(answer);
  }

  private read(answer: string): Outcome {
    const left = answer[0] === "*";
    const text = left ? answer.slice(1) : answer;
    const rest = text.slice(1);
    if (left) this.close();
    if (text[0] === "+") {
      const [data, warnings, past, at] = JSON.parse(rest) as [unknown, string[], [number, unknown][], number];
      return { kind: "data", data, warnings, past: past.map(([ms, sample]) => ({ at: ms, data: sample })), at };
    }
    if (text[0] === "<") return { kind: "short", byte: Number(rest) };
    // a context at its limits serves no further frame
    if (/memory|stack/i.test(rest)) this.close();
    return { kind: "failed", message: rest };
  }

  private open(): Live | string {
    const opened = this.openAs(this.form);
    if (typeof opened !== "string" || this.form === "global" || !/^SyntaxError/.test(opened)) return opened;
    // a top level that is none inside a function; its own problem is the one to tell
    const other = this.openAs("global");
    if (typeof other !== "string") this.form = "global";
    return other;
  }

  private openAs(form: Form): Live | string {
    const engine = currentEngine();
    if (engine === null) return "the script engine is not ready";
    const runtime = engine.quickjs.newRuntime();
    runtime.setMemoryLimit(MEMORY_BYTES);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => engine.fuel.value < RESERVE);
    const context = runtime.newContext();
    const prepared = this.prepare(context, form);
    if (typeof prepared === "string") {
      context.dispose();
      runtime.dispose();
      return prepared;
    }
    this.live = { engine, runtime, context, run: prepared, calls: 0 };
    return this.live;
  }

  /** Most scripts have their decoder at the top level: then each frame asks for that name alone. */
  private lean(context: QuickJSContext, driver: QuickJSHandle, entry: string): void {
    if (this.options.normalize) return;
    const made = evaluate(context, formed(this.source, "function", entry), "decoder.js");
    if (typeof made === "string") return;
    const method = context.getProp(driver, "lean");
    context.unwrapResult(context.callFunction(method, context.undefined, made)).dispose();
    method.dispose();
    made.dispose();
  }

  private prepare(context: QuickJSContext, form: Form): QuickJSHandle | string {
    const { entry, normalize, strict, variables } = this.options;
    const driver = context.unwrapResult(context.evalCode(PRELUDE, "prelude.js"));
    const words = hostWords(this.source);
    if (words !== "") context.unwrapResult(context.evalCode(words, "words.js")).dispose();
    callMethod(context, driver, "prepared").dispose();
    const made = evaluate(context, formed(this.source, form), "decoder.js");
    if (typeof made === "string") {
      driver.dispose();
      return made;
    }
    const names = entry === undefined ? [...ENTRIES, ...OTHER_ENTRIES] : [entry];
    const settings = {
      ...{ variables: JSON.stringify(variables), strict, most: RESULT_CHARACTERS, names, normalizes: normalize },
      // only such words reach what every frame of the script shares
      watches: /prototype|__proto__|constructor|PrototypeOf|defineProper|Object\.assign\(|Math\.\w+\s*=[^=]/.test(
        this.source,
      ),
    };
    const factory = form === "function" ? made : context.null;
    const text = context.newString(JSON.stringify(settings));
    const bind = context.getProp(driver, "bind");
    const bound = context.callFunction(bind, context.undefined, factory, text);
    const run = context.getProp(driver, "run");
    const entryFound = bound.error === undefined ? context.getString(bound.value) : "";
    if (form === "function" && entryFound[0] === "=") this.lean(context, driver, entryFound.slice(1));
    for (const handle of [bind, driver, text, made]) handle.dispose();
    const answer = bound.error === undefined ? context.getString(bound.value) : describe(context, bound.error);
    if (bound.error === undefined) bound.value.dispose();
    const problem =
      bound.error !== undefined
        ? answer
        : answer === ""
          ? `defines none of ${entry ?? ENTRIES.join(", ")}`
          : answer === "?"
            ? "defines no normalizeUplink"
            : null;
    if (problem === null) return run;
    run.dispose();
    return problem;
  }
}

/** What a script says that expects its functions among the properties of the global object. */
const GLOBAL_NEEDED = /not a function|is not defined|cannot read propert|undefined/i;

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

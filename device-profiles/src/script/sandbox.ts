import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten";
import { currentEngine, discard, type Engine, hasReserve } from "./engine.ts";
import { ENTRIES, type Entry, lookUp, PRELUDE } from "./prelude.ts";

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
  | { readonly kind: "data"; readonly data: unknown; readonly warnings: readonly string[] }
  | { readonly kind: "failed"; readonly message: string }
  /** the script read this byte, which the frame does not have */
  | { readonly kind: "short"; readonly byte: number };

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
    const outcome = this.guard(() => this.call(frame, port, at));
    return typeof outcome === "string" ? { kind: "failed", message: outcome } : outcome;
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
    const rest = answer.slice(1);
    if (answer[0] === "+") {
      const [data, warnings] = JSON.parse(rest) as [unknown, string[]];
      return { kind: "data", data, warnings };
    }
    // what the script left half done must not reach the next frame
    this.close();
    return answer[0] === "<" ? { kind: "short", byte: Number(rest) } : { kind: "failed", message: rest };
  }

  private open(): Live | string {
    const engine = currentEngine();
    if (engine === null) return "the script engine is not ready";
    const runtime = engine.quickjs.newRuntime();
    runtime.setMemoryLimit(MEMORY_BYTES);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => engine.fuel.value < RESERVE);
    const context = runtime.newContext();
    const prepared = this.prepare(context);
    if (typeof prepared === "string") {
      context.dispose();
      runtime.dispose();
      return prepared;
    }
    this.live = { engine, runtime, context, run: prepared, calls: 0 };
    return this.live;
  }

  private prepare(context: QuickJSContext): QuickJSHandle | string {
    const { entry, normalize, strict, variables } = this.options;
    const driver = context.unwrapResult(context.evalCode(PRELUDE, "prelude.js"));
    const failed = evaluate(context, this.source, "decoder.js");
    const name = failed === null ? this.findEntry(context, entry) : null;
    const problem =
      failed ??
      (name === null ? `defines none of ${entry ?? ENTRIES.join(", ")}` : null) ??
      (normalize && !isFound(context, "normalizeUplink") ? "defines no normalizeUplink" : null);
    if (problem !== null) {
      driver.dispose();
      return problem;
    }
    const found = context.unwrapResult(
      context.evalCode(
        `({decode: ${lookUp(name ?? "")}, normalize: ${normalize ? lookUp("normalizeUplink") : "null"}})`,
      ),
    );
    const settings = JSON.stringify({ variables: JSON.stringify(variables), strict, most: RESULT_CHARACTERS });
    const args = [context.newString(name ?? ""), found, context.newString(settings)];
    const bind = context.getProp(driver, "bind");
    context.unwrapResult(context.callFunction(bind, context.undefined, ...args)).dispose();
    const run = context.getProp(driver, "run");
    for (const handle of [bind, driver, ...args]) handle.dispose();
    return run;
  }

  private findEntry(context: QuickJSContext, wanted: Entry | undefined): Entry | null {
    return (wanted === undefined ? ENTRIES : [wanted]).find((name) => isFound(context, name)) ?? null;
  }
}

function isFound(context: QuickJSContext, name: string): boolean {
  const result = context.evalCode(`${lookUp(name)} !== null`);
  if (result.error !== undefined) {
    result.error.dispose();
    return false;
  }
  const found = context.dump(result.value) === true;
  result.value.dispose();
  return found;
}

/** Runs the script's top level. @returns its error, with the line, or null */
function evaluate(context: QuickJSContext, source: string, name: string): string | null {
  const result = context.evalCode(source, name, { type: "global" });
  if (result.error === undefined) {
    result.value.dispose();
    return null;
  }
  const error: unknown = context.dump(result.error);
  result.error.dispose();
  if (typeof error !== "object" || error === null) return String(error).slice(0, 300);
  const { name: kind, message, stack } = error as { name?: unknown; message?: unknown; stack?: unknown };
  const line = typeof stack === "string" ? /decoder\.js:(\d+)/.exec(stack)?.[1] : undefined;
  return `${String(kind)}: ${String(message).slice(0, 200)}${line === undefined ? "" : ` (line ${line})`}`;
}

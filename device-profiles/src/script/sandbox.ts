import { constantStart } from "./constant-start.ts";
import { currentEngine, discard, hasReserve } from "./engine.ts";
import {
  closeContext,
  FUEL,
  KEEPS_REALM,
  openContext,
  RESERVE,
  type SandboxOptions,
  type ScriptContext,
} from "./script-context.ts";
import type { Form } from "./source-form.ts";

export const MAX_SOURCE = 262_144;
/** A fresh start now and then bounds what a script can pile up. */
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

/**
 * One script in a QuickJS of its own: no host functions, memory, stack, work and result bounded; nothing it does reaches another script.
 * Whatever goes wrong is an outcome; the context is then thrown away and made anew for the next call.
 */
export class Sandbox {
  private readonly source: string;
  private readonly options: SandboxOptions;
  private live: ScriptContext | null = null;
  /** names of a top level that was shown to serve every frame; undefined = not looked at, null = it runs for each */
  private constant: readonly string[] | null | undefined;
  /** the context of such a script */
  private standing: ScriptContext | null = null;
  /** frames that failed there and not the careful way */
  private differences = 0;
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

  /** Whether the script's top level runs once, not for each frame. */
  get runsOnce(): boolean {
    return this.constant !== null && this.standing !== null;
  }

  /** @param at the frame's time, ms UTC: the script's clock */
  run(frame: Uint8Array, port: number, at: number): Outcome {
    if (this.constant !== null) {
      const outcome = this.runStanding(frame, port, at);
      if (outcome !== null) return outcome;
    }
    let outcome = this.guard(() => this.call(frame, port, at));
    if (this.form === "function" && typeof outcome !== "string" && outcome.kind === "failed" && this.retries < 3)
      if (GLOBAL_NEEDED.test(outcome.message)) outcome = this.retry(outcome, frame, port, at);
    if (typeof outcome === "string") return { kind: "failed", message: outcome };
    if (outcome.kind !== "failed" && this.constant !== null && ++this.differences === MOST_DIFFERENCES) {
      this.constant = null;
      this.closeStanding();
    }
    return outcome;
  }

  /** The frame through the script whose start serves every frame; null = there is none such, or it failed: the careful way says why. */
  private runStanding(frame: Uint8Array, port: number, at: number): Outcome | null {
    const { trapped } = this;
    const outcome = this.guard(() => {
      const live = this.stand();
      return live === null ? "no standing start" : this.callIn(live, frame, port, at);
    });
    if (typeof outcome !== "string") return outcome.kind === "failed" ? null : outcome;
    // what ran out of work, or trapped, would do so again
    if (this.constant === null || (trapped === this.trapped && outcome !== OUT_OF_WORK)) return null;
    return { kind: "failed", message: outcome };
  }

  private stand(): ScriptContext | null {
    const engine = currentEngine();
    if (engine === null) return null;
    const { standing } = this;
    if (standing !== null && standing.engine === engine && standing.calls < CALLS_PER_CONTEXT) return standing;
    this.closeStanding();
    this.constant ??= constantStart(this.source);
    if (this.constant === null) return null;
    const opened = openContext(engine, this.source, { standing: this.constant }, this.options);
    if (typeof opened === "string") this.constant = null;
    else this.standing = opened;
    return this.standing;
  }

  /** A script whose functions find each other through the global object needs its top level there. */
  private retry(first: Outcome, frame: Uint8Array, port: number, at: number): Outcome | string {
    this.retries++;
    this.closeLive();
    this.form = "global";
    const second = this.guard(() => this.call(frame, port, at));
    if (typeof second !== "string" && second.kind !== "failed") return second;
    this.closeLive();
    this.form = "function";
    return first;
  }

  close(): void {
    this.closeLive();
    this.closeStanding();
  }

  private closeLive(): void {
    const { live } = this;
    this.live = null;
    if (live !== null) disposeOf(live);
  }

  private closeStanding(): void {
    const { standing } = this;
    this.standing = null;
    if (standing !== null) disposeOf(standing);
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
      this.standing = null;
      const spent = engine.fuel.value < 0;
      discard(engine);
      if (spent) return OUT_OF_WORK;
      return `brought the engine down (${error instanceof Error ? error.message.slice(0, 100) : "unknown"})`;
    }
  }

  private call(frame: Uint8Array, port: number, at: number): Outcome | string {
    let { live } = this;
    if (live === null || live.engine !== currentEngine() || live.calls >= CALLS_PER_CONTEXT) {
      this.closeLive();
      const opened = this.open();
      if (typeof opened === "string") return opened;
      live = opened;
    }
    return this.callIn(live, frame, port, at);
  }

  private callIn(live: ScriptContext, frame: Uint8Array, port: number, at: number): Outcome | string {
    live.calls++;
    const { context, engine } = live;
    const bytes = context.newArrayBuffer(new Uint8Array(frame).buffer);
    const portHandle = context.newNumber(port);
    const time = context.newNumber(at);
    const result = context.callFunction(live.run, context.undefined, bytes, portHandle, time);
    bytes.dispose();
    portHandle.dispose();
    time.dispose();
    if (result.error !== undefined) {
      result.error.dispose();
      const spent = engine.fuel.value < RESERVE;
      this.drop(live);
      return spent ? OUT_OF_WORK : "ran out of memory or stack";
    }
    const answer = context.getString(result.value);
    result.value.dispose();
    const outcome = this.read(live, answer);
    if (outcome.kind !== "failed" || engine.fuel.value >= RESERVE) return outcome;
    // an interruption inside a generator reaches the driver as an exception like others
    this.drop(live);
    return OUT_OF_WORK;
  }

  private read(live: ScriptContext, answer: string): Outcome {
    const left = answer[0] === "*";
    const text = left ? answer.slice(1) : answer;
    const rest = text.slice(1);
    if (left) this.drop(live);
    if (text[0] === "+") {
      const [data, warnings, past, at] = JSON.parse(rest) as [unknown, string[], [number, unknown][], number];
      return { kind: "data", data, warnings, past: past.map(([ms, sample]) => ({ at: ms, data: sample })), at };
    }
    if (text[0] === "<") return { kind: "short", byte: Number(rest) };
    // a context at its limits serves no further frame
    if (!left && /memory|stack/i.test(rest)) this.drop(live);
    return { kind: "failed", message: rest };
  }

  private drop(live: ScriptContext): void {
    if (live === this.standing) this.closeStanding();
    else this.closeLive();
  }

  private open(): ScriptContext | string {
    const opened = this.openAs(this.form);
    if (typeof opened !== "string" || this.form === "global") return opened;
    if (opened !== KEEPS_REALM && !/^SyntaxError/.test(opened)) return opened;
    // a top level that is none inside a function; its own problem is the one to tell
    const other = this.openAs("global");
    if (typeof other !== "string") this.form = "global";
    return other;
  }

  private openAs(form: Form): ScriptContext | string {
    const engine = currentEngine();
    if (engine === null) return "the script engine is not ready";
    const opened = openContext(engine, this.source, form, this.options);
    if (typeof opened !== "string") this.live = opened;
    return opened;
  }
}

const OUT_OF_WORK = `exceeded its budget of ${FUEL} steps`;
/** After so many the shortcut costs more than it spares. */
const MOST_DIFFERENCES = 3;

/** What a script says that expects its functions among the properties of the global object. */
const GLOBAL_NEEDED = /not a function|is not defined|cannot read propert|undefined/i;

function disposeOf(live: ScriptContext): void {
  if (live.engine !== currentEngine()) return;
  try {
    live.engine.fuel.value = FUEL;
    closeContext(live);
  } catch {
    discard(live.engine);
  }
}

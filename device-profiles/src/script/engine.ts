import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { newQuickJSWASMModule, newVariant, type QuickJSWASMModule, RELEASE_SYNC } from "quickjs-emscripten";
import { FUEL, meterModule } from "./meter.ts";

/** One metered QuickJS. After a trap its memory is in an unknown state: it must be given to {@link discard} and not be touched again. */
export interface Engine {
  readonly quickjs: QuickJSWASMModule;
  /** work left, in units of meter.ts; whoever runs a script fills it */
  readonly fuel: { value: number };
}

type Module = object;
interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
}
// Node has it; the types of Node and of the language do not.
const wasm = (
  globalThis as unknown as {
    WebAssembly: {
      compile(binary: Uint8Array): Promise<Module>;
      Instance: new (module: Module, imports: object) => Instance;
    };
  }
).WebAssembly;

/** Engines that stand by, so that decoding, which is synchronous, goes on at once after a trap. */
const STANDBY = 2;

// Like a shared library, the compiled module exists once in a process, whatever the number of profile sets.
let compiled: Promise<Module> | null = null;
let loading: Promise<void> | null = null;
const engines: Engine[] = [];

/**
 * Makes `script` codecs work: await it once before profiles are loaded (about 0.1 s). Profiles with a script do not load before.
 */
export function loadScriptEngine(): Promise<void> {
  loading ??= refill();
  return loading;
}

/** The engine to use now; null = not loaded yet, or every engine of the reserve trapped and the next one is still being made. */
export function currentEngine(): Engine | null {
  return engines[0] ?? null;
}

/** Whether a trap now would leave another engine to go on with. */
export function hasReserve(): boolean {
  return engines.length > 1;
}

/** Gives up an engine after a trap; the next one takes over and a new one is made behind it. */
export function discard(engine: Engine): void {
  const at = engines.indexOf(engine);
  if (at < 0) return;
  engines.splice(at, 1);
  loading = refill();
}

async function refill(): Promise<void> {
  compiled ??= compile();
  const module = await compiled;
  while (engines.length < STANDBY + 1) {
    const engine = await instantiate(module);
    if (engines.length < STANDBY + 1) engines.push(engine);
  }
}

async function compile(): Promise<Module> {
  // the .wasm belongs to a dependency of quickjs-emscripten and is found from there
  const from = createRequire(createRequire(import.meta.url).resolve("quickjs-emscripten"));
  const binary = await readFile(from.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"));
  return wasm.compile(meterModule(binary));
}

async function instantiate(module: Module): Promise<Engine> {
  let fuel: Engine["fuel"] | undefined;
  const loader = {
    // an abort of the engine is reported by the trap that follows it
    printErr: () => undefined,
    instantiateWasm(imports: object, done: (instance: Instance) => void) {
      const instance = new wasm.Instance(module, imports);
      fuel = instance.exports[FUEL] as Engine["fuel"];
      done(instance);
      return instance.exports;
    },
  };
  const quickjs = await newQuickJSWASMModule(newVariant(RELEASE_SYNC, { emscriptenModule: loader }));
  if (fuel === undefined) throw new Error("the script engine came up without its meter");
  return { quickjs, fuel };
}

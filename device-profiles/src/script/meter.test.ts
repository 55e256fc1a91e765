import { describe, expect, it } from "vitest";
import { FUEL, meterModule } from "./meter.ts";

interface Wasm {
  Module: new (binary: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { f(x: number): number; [FUEL]: { value: number } } };
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;

/** A module of one imported function, one global and one exported `f` of type [i32] -> [i32] with this body. */
function module(...body: number[]): Uint8Array {
  const code = [body.length + 1, 0, ...body];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
    ...[2, 7, 1, 1, 0x61, 1, 0x62, 0, 0],
    ...[3, 2, 1, 0],
    ...[5, 3, 1, 0, 1],
    ...[6, 6, 1, 0x7f, 0, 0x41, 0, 0x0b],
    ...[7, 5, 1, 1, 0x66, 0, 1],
    ...[10, code.length + 1, 1, ...code],
  ]);
}

function run(body: number[], fuel: number): { result: number | string; used: number } {
  const { exports } = new wasm.Instance(new wasm.Module(meterModule(module(...body))), { a: { b: (x: number) => x } });
  exports[FUEL].value = fuel;
  let result: number | string;
  try {
    result = exports.f(7);
  } catch (error) {
    result = (error as Error).message;
  }
  return { result, used: fuel - exports[FUEL].value };
}

describe("a metered module", () => {
  it("counts entries", () => {
    expect(run([0x20, 0, 0x0b], 10)).toEqual({ result: 7, used: 1 });
  });

  it("counts the turns of a loop", () => {
    // loop: x = x - 1; br_if x != 0
    const countdown = [0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b];
    expect(run(countdown, 10)).toEqual({ result: 0, used: 8 });
  });

  it("traps an endless loop", () => {
    expect(run([0x03, 0x40, 0x0c, 0, 0x0b, 0x20, 0, 0x0b], 1000)).toEqual({ result: "unreachable", used: 1001 });
  });

  it("charges bulk memory by its length", () => {
    // memory.fill(0, 0, 65536)
    const fill = [0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 0x04, 0xfc, 11, 0, 0x20, 0, 0x0b];
    expect(run(fill, 10_000)).toEqual({ result: 7, used: 1 + 1024 });
    expect(run(fill, 100).result).toBe("unreachable");
  });

  it("refuses what it does not know rather than running it unmetered", () => {
    expect(() => meterModule(module(0xfd, 0x0c, 0x0b))).toThrow("unknown instruction 0xfd");
  });
});

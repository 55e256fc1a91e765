import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireOrSkip, SHARED_DATA } from "../../../test/support/require.ts";
import { isRejection, REJECTION_REASONS } from "../rejection.ts";
import type { FieldProtocol } from "./field-protocol.ts";

const DATA = join(SHARED_DATA, "codecs", "cn-frames");

/** Why tests on the published frames are skipped; "" when the frames are there. */
export const whyNoFrames = () =>
  requireOrSkip("the published frames (../shared/data/codecs/cn-frames)", { path: DATA });

export function publishedFrames<T>(file: string): T {
  return JSON.parse(readFileSync(join(DATA, file), "utf8")) as T;
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));
}

/**
 * Every truncation, every frame one byte longer, and `count` seeded mutations, raw and with their checksum made right again: each
 * must end in samples or a known reason.
 */
export function unsoundness(
  protocol: FieldProtocol,
  frame: Uint8Array,
  count: number,
  reseal: (mutated: Uint8Array) => Uint8Array,
): string[] {
  const wrong: string[] = [];
  const check = (b: Uint8Array, how: string) => {
    try {
      const result = protocol.read(b);
      if (isRejection(result)) {
        if (!Object.hasOwn(REJECTION_REASONS, result.reason)) wrong.push(`${how}: unknown reason ${result.reason}`);
      } else {
        if (result.length === 0) wrong.push(`${how}: no sample`);
        for (const [metric, value] of result.flatMap((sample) => sample.values)) {
          if (!protocol.yields.has(metric)) wrong.push(`${how}: ${metric} is not announced`);
          if (typeof value === "number" && !Number.isFinite(value)) wrong.push(`${how}: ${metric} is ${value}`);
        }
      }
    } catch (error) {
      wrong.push(`${how}: threw ${String(error)}`);
    }
  };
  for (let n = 0; n < frame.length; n++) check(frame.subarray(0, n), `cut to ${n}`);
  check(Uint8Array.of(...frame, 0), "one byte longer");
  let seed = 20141;
  const random = (n: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n;
  for (let i = 0; i < count; i++) {
    const copy = Uint8Array.from(frame);
    for (let k = 0; k <= i % 3; k++) copy[random(copy.length)] = random(256);
    check(copy, `mutation ${i}`);
    check(reseal(copy), `resealed mutation ${i}`);
  }
  return wrong;
}

import { expect, it } from "vitest";
import { causedAt } from "./caused-at.ts";

it.each([
  ["a sample with milliseconds", 1_763_776_800_123, 1_763_776_800_200, 1_763_776_800_123],
  ["a sample cut off to its second", 1_763_776_800_000, 1_763_776_800_900, 1_763_776_800_900],
  ["a clock that is ahead", 1_763_776_805_001, 1_763_776_800_200, 1_763_776_800_200],
])("latency of %s", (_, ts, rx, from) => {
  expect(causedAt(ts, rx)).toBe(from);
});

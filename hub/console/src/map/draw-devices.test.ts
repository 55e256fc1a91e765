import { expect, it } from "vitest";
import { markScale } from "./draw-devices.ts";

it("draws devices larger the closer one looks, within limits", () => {
  const levels = [8, 10, 11, 12, 13, 14, 15, 16, 17, 18].map(markScale);
  expect(levels).toEqual(levels.toSorted((a, b) => a - b));
  expect(markScale(12)).toBe(1);
  expect(markScale(8)).toBe(0.75);
  expect(markScale(15)).toBeGreaterThan(1.5);
  expect(markScale(18)).toBeLessThanOrEqual(2.4);
});

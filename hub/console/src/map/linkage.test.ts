import { expect, it } from "vitest";
import { linkage } from "./linkage.ts";

it("joins what is near by way of others, and leaves far groups apart, the largest first", () => {
  const chain: [number, number][] = [[100, 0], [0, 0], [9, 0], [18, 0], [104, 3]]; // prettier-ignore
  expect(linkage(chain, 10).map((group) => group.length)).toEqual([3, 2]);
  expect(linkage(chain, 200).length).toBe(1);
  expect(linkage([], 10)).toEqual([]);
});

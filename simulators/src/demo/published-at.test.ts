import { expect, it } from "vitest";
import { publishedAt } from "./published-at.ts";

it("finds the report that was made in the second of the event", () => {
  const sent = [10_250, 12_260, 14_270];
  expect(publishedAt(12_000, sent)).toBe(12_260);
  expect(publishedAt(12_260, sent)).toBe(12_260);
  expect(publishedAt(13_000, sent)).toBeNull();
  expect(publishedAt(13_000, [])).toBeNull();
});

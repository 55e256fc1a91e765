import { expect, it } from "vitest";
import { sideBySide } from "./side-by-side.ts";

it("does everything once, never more at a time than asked", async () => {
  const done: number[] = [];
  let [now, most] = [0, 0];
  await sideBySide([1, 2, 3, 4, 5, 6, 7], 3, async (n) => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
    done.push(n);
  });
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it("ends with the first failure", async () => {
  const failing = sideBySide([1, 2], 2, (n) => (n === 2 ? Promise.reject(new Error("no")) : Promise.resolve()));
  await expect(failing).rejects.toThrow("no");
});

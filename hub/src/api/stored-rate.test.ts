import { expect, it } from "vitest";
import { StoredRate } from "./stored-rate.ts";

it("is the mean of the last ten seconds", () => {
  const rate = new StoredRate();
  expect(rate.perSecond).toBe(0);
  for (let i = 0; i <= 10; i++) rate.sample(i * 2000, i * 2000);
  expect(rate.perSecond).toBe(1000);
  for (let i = 11; i <= 15; i++) rate.sample(i * 2000, 20_000);
  expect(rate.perSecond).toBe(0);
  rate.sample(1000, 20_000);
  expect(rate.perSecond).toBe(0);
});

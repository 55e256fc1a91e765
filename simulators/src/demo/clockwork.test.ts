import { afterEach, expect, it, vi } from "vitest";
import { Clockwork } from "./clockwork.ts";

afterEach(() => void vi.useRealTimers());

it("keeps to the wall clock, and stops", () => {
  vi.useFakeTimers({ now: 1_000_300 });
  const clockwork = new Clockwork();
  const calls: number[] = [];
  clockwork.aligned(2000, 1003, () => calls.push(Date.now()));
  vi.advanceTimersByTime(5000);
  expect(calls).toEqual([1_001_003, 1_003_003, 1_005_003]);
  vi.setSystemTime(1_006_900); // the wall clock was set
  vi.advanceTimersByTime(4000);
  expect(calls.slice(3).every((at, i) => i === 0 || at % 2000 === 1003)).toBe(true);
  clockwork.stop();
  vi.advanceTimersByTime(10_000);
  expect(calls.length).toBeLessThanOrEqual(6);
});

import { expect, it } from "vitest";
import { ListeningClock } from "./listening-clock.ts";

it("counts only time between ticks that follow each other", () => {
  const clock = new ListeningClock(60_000);
  expect(clock.advance(1_000_000)).toBe(0);
  clock.advance(1_010_000);
  expect(clock.listened).toBe(10_000);
  clock.advance(5_000_000); // a jump or a stop
  expect(clock.listened).toBe(10_000);
  clock.advance(5_001_000);
  expect(clock.listened).toBe(11_000);
});

it("tells by how much the wall clock was set back, and takes no notice of slewing", () => {
  const clock = new ListeningClock(60_000);
  clock.advance(1_000_000);
  expect(clock.advance(999_000)).toBe(0);
  expect(clock.now).toBe(1_000_000);
  expect(clock.advance(900_000)).toBe(-100_000);
  expect(clock.now).toBe(900_000);
  expect(clock.listened).toBe(0);
});

it("places a moment between two ticks", () => {
  const clock = new ListeningClock(60_000);
  clock.advance(1_000_000);
  expect(clock.at(1_000_500)).toBe(500);
  expect(clock.at(999_000)).toBe(0);
  expect(clock.at(9_000_000)).toBe(0);
});

import { expect, it } from "vitest";
import { FrameTallies } from "./frame-tally.ts";

const T = 1_763_776_800_000;
const MINUTE = 60_000;

it("counts a camera's frames by kind of sample over ten minutes, and its part of all that was looked at", () => {
  const tallies = new FrameTallies();
  tallies.looked("a", "patrol", T, 300);
  for (let i = 0; i < 10; i++) {
    tallies.offered("a", "patrol", T + i * MINUTE);
    tallies.offered("b", "motion", T + i * MINUTE);
    tallies.looked("b", "motion", T + i * MINUTE, 10 * i);
  }
  tallies.offered("a", "candidate", T + 9 * MINUTE);
  const now = T + 9 * MINUTE;
  const nothing = { offered: 0, looked: 0 };
  expect(tallies.of("a", now)).toEqual({
    spanMs: 9 * MINUTE,
    samples: { candidate: { offered: 1, looked: 0 }, motion: nothing, patrol: { offered: 10, looked: 1 } },
    share: 0.0909,
    ageMs: { p50: 300, p95: 300, max: 300 },
  });
  expect(tallies.of("b", now)).toMatchObject({ share: 0.9091, ageMs: { p50: 50, p95: 90, max: 90 } });
  // five minutes on, half of it is out of the window
  expect(tallies.of("a", now + 5 * MINUTE).samples.patrol).toEqual({ offered: 5, looked: 0 });
  expect(tallies.of("a", now + 5 * MINUTE).spanMs).toBe(10 * MINUTE);
  expect(tallies.of("nobody", now)).toEqual({
    spanMs: 0,
    samples: { candidate: nothing, motion: nothing, patrol: nothing },
    share: 0,
    ageMs: null,
  });
});

it("forgets cameras that are gone, and takes a clock set back", () => {
  const tallies = new FrameTallies();
  tallies.offered("a", "patrol", T);
  tallies.offered("a", "patrol", T - 5 * MINUTE);
  expect(tallies.of("a", T).samples.patrol.offered).toBe(2);
  tallies.sweep(T + 10 * MINUTE);
  expect(tallies.of("a", T).spanMs).toBe(0);
  tallies.offered("a", "patrol", T);
  tallies.sweep(T + 11 * MINUTE);
  expect(tallies.of("a", T).samples.patrol.offered).toBe(0);
});

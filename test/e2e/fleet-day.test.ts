import { beforeAll, describe, expect, it } from "vitest";
import { type DayScore, type PlayedDay, playDay, scoreDay } from "./fleet-day.ts";

// Ten hours of 1,168 vessels on a virtual clock, from sentences to findings, with the incidents of the script and every fault of
// radio. GRIDHUB_FLEET_DAY=full reports as often as ITU-R M.1371 asks; else a third of that, at least every three minutes.
// Other seeds, with and without restarts: npm run bench -- fleet-day.
const FULL = process.env.GRIDHUB_FLEET_DAY === "full";
const SEA = { scale: 1, maxMs: Infinity, staticMs: 360_000 };
const THIRD = { scale: 3, maxMs: 180_000, staticMs: 1_200_000 };
const DAY = { startMs: Date.UTC(2025, 10, 21, 20), hours: 10, cadence: FULL ? SEA : THIRD };
const TOLERATED = 0.01; // findings nobody wrote into the script, a vessel-day

// so there is a start of the hub in the middle of every incident
const RESTARTED = {
  what: "ten hours with a hub that is started again every ten minutes",
  options: { ...DAY, restartHours: 1 / 6 },
};
const PLAIN = { what: "ten hours at sea", options: DAY };

describe.each(FULL ? [PLAIN, RESTARTED] : [RESTARTED])("$what", { timeout: 900_000 }, ({ options }) => {
  let played: PlayedDay;
  let score: DayScore;

  beforeAll(() => {
    played = playDay(options);
    score = scoreDay(played);
    console.info(JSON.stringify({ ...played.numbers, ...score }));
  }, 900_000);

  it("is heard by both stations, with losses and doubles", () => {
    expect(played.numbers.positions).toBeGreaterThan(300_000);
    expect(played.numbers.refused).toBe(0);
    expect(played.numbers.duplicates).toBeGreaterThan(10_000);
    expect(played.day.jumps).toBeGreaterThan(50);
  });

  it("finds every incident of the script exactly once, in time, on the right grid, and its end", () => {
    expect(score.incidents).toBe(26);
    expect(score.wrong).toEqual({});
  });

  it(`reports nothing else: less than ${TOLERATED} a vessel-day`, () => {
    expect(score.noiseAVesselDay, score.told.join("\n")).toBeLessThan(TOLERATED);
  });
});

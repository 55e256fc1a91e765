import { playDay, scoreDay } from "../e2e/fleet-day.ts";

/** four days of one world, and a day of each of five others; the first is the one of the tests */
const SEEDS: readonly (readonly [world: string | undefined, day: string | undefined])[] = [
  [undefined, undefined],
  [undefined, "day 2"],
  [undefined, "day 3"],
  [undefined, "day 4"],
  ["north", "day 1"],
  ["south", "day 2"],
  ["east", "day 3"],
  ["west", "day 4"],
  ["islands", "day 5"],
];
const CADENCE = { scale: 3, maxMs: 180_000, staticMs: 1_200_000 };

/**
 * The ten hours of the fleet on many seeds, other worlds and other days: incidents found, what is wrong with each that was not,
 * and everything else that was found, by kind. `--quick`: three of them. Progress goes to stderr.
 */
export function fleetDayBench(quick: boolean): object {
  const days = (quick ? [SEEDS[0], SEEDS[1], SEEDS[4]] : SEEDS).map(([world, seed], i) => {
    // by turns with a hub that is started again every ten minutes
    const restartHours = i % 2 === 0 ? undefined : 1 / 6;
    const options = { world, seed, cadence: CADENCE, startMs: Date.UTC(2025, 10, 21, 20), hours: 10, restartHours };
    const { incidents, wrong, noise, noiseAVesselDay, told } = scoreDay(playDay(options));
    const right = incidents - Object.keys(wrong).length;
    const day = {
      world: world ?? "shengsi",
      day: seed ?? "day",
      restarts: restartHours !== undefined,
      incidents,
      right,
    };
    console.error(`${day.world} / ${day.day}: ${right} of ${incidents}, ${told.length} other findings`);
    return { ...day, wrong, noise, noiseAVesselDay: Math.round(noiseAVesselDay * 1e4) / 1e4, told: told.slice(0, 20) };
  });
  return {
    days,
    incidents: days.reduce((sum, day) => sum + day.incidents, 0),
    right: days.reduce((sum, day) => sum + day.right, 0),
    worstNoiseAVesselDay: Math.max(...days.map((day) => day.noiseAVesselDay)),
  };
}

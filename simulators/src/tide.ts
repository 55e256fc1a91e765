import type { Random } from "./random.ts";

/** Tidal constituents: amplitude (m), period (h). Semi-diurnal with a spring-neap beat, as at Shengsi; phases are seeded. */
const CONSTITUENTS = [
  { name: "M2", amplitude: 1.25, hours: 12.4206 },
  { name: "S2", amplitude: 0.5, hours: 12 },
  { name: "K1", amplitude: 0.27, hours: 23.9345 },
  { name: "O1", amplitude: 0.17, hours: 25.8193 },
] as const;

/** Highest level that the constituents can reach together, metres above mean sea level. */
export const HIGHEST_TIDE = CONSTITUENTS.reduce((sum, c) => sum + c.amplitude, 0);

/** Sea level over time, metres above mean sea level; a pure function of time, so every gauge sees the same sea. */
export interface Tide {
  levelAt(ms: number): number;
}

export function createTide(random: Random): Tide {
  const parts = CONSTITUENTS.map(({ amplitude, hours }) => ({
    amplitude,
    omega: (2 * Math.PI) / (hours * 3_600_000),
    phase: random.between(0, 2 * Math.PI),
  }));
  return {
    levelAt: (ms) => parts.reduce((sum, p) => sum + p.amplitude * Math.cos(p.omega * ms + p.phase), 0),
  };
}

import { describe, expect, it } from "vitest";
import { FleetDay } from "./fleet-day.ts";
import { SEA_CADENCE } from "./fleet/cadence.ts";
import { AisFeed } from "./fleet/feed.ts";
import { fixAt } from "./fleet/motion.ts";
import { multipliedFleet } from "./fleet/multiply.ts";
import { journey, withRests } from "./fleet/track.ts";
import { createRandom } from "./random.ts";
import { buildWorld } from "./world.ts";

const START = Date.UTC(2025, 10, 21, 20);
const HOUR = 3_600_000;
const world = buildWorld();
const SLOW = { scale: 6, maxMs: 180_000, staticMs: HOUR };

describe("a day of the fleet", () => {
  it("is the same for the same seed, whatever the steps, and another for another", () => {
    const lines = (seed: string, stepMs: number) => {
      const day = new FleetDay(world, { startMs: START, seed, cadence: SLOW });
      const out: string[] = [];
      for (let ms = START; ms <= START + HOUR / 4; ms += stepMs)
        for (const { receiver, message, rx } of day.heard(ms)) out.push(`${rx} ${receiver.name} ${message.lines[0]}`);
      return out;
    };
    const once = lines("day", 5000);
    expect(once.length).toBeGreaterThan(2000);
    expect(lines("day", 45_000)).toEqual(once);
    expect(lines("other", 5000)).not.toEqual(once);
  });

  it("has boats that leave in the morning and come home, at the speed of boats", () => {
    const day = new FleetDay(world, { startMs: START });
    expect(day.outings.length).toBeGreaterThan(3);
    for (const { formation, leaves, returns, wayMs } of day.outings) {
      const boats = [...day.boats.values()].filter((boat) => boat.vessel.formation === formation);
      const midnight = Math.floor(START / (24 * HOUR)) * 24 * HOUR;
      for (const boat of boats) {
        const at = (ms: number) => fixAt(boat, midnight + ms);
        expect(at(leaves - HOUR).sog).toBeLessThan(0.3);
        expect(at(leaves + wayMs / 2).sog).toBeGreaterThan(7);
        expect(at(leaves + wayMs / 2).sog).toBeLessThan(11);
        expect(at((leaves + returns) / 2).sog).toBeLessThan(2);
        expect(Math.abs(at(returns + 60_000).lon - at(leaves - 60_000).lon)).toBeLessThan(0.001);
      }
    }
  });

  it("names a grid of the world for every incident, and gives each a formation of its own", () => {
    const day = new FleetDay(world, { startMs: START });
    expect(day.incidents).toHaveLength(26);
    for (const { name, grid } of day.incidents)
      expect(day.areas.some(({ id }) => id === grid) || world.feature.has(grid), `${name}: ${grid}`).toBe(true);
    const called = day.recalls.map(({ grid }) => grid);
    const formations = day.incidents
      .map(({ grid }) => grid)
      .filter((grid) => grid.startsWith("m-form") && !called.includes(grid));
    expect(new Set(formations).size).toBe(formations.length);
  });
});

describe("tracks", () => {
  it("go from stop to stop and wait at the ends", () => {
    const track = journey([
      { ms: 1000, east: 0, north: 0 },
      { ms: 3000, east: 20, north: -10 },
    ]);
    expect([0, 2000, 9000].map(track)).toEqual([
      { east: 0, north: 0 },
      { east: 10, north: -5 },
      { east: 20, north: -10 },
    ]);
  });

  it("rest without a jump at a quarter of the speed", () => {
    const track = withRests((ms) => ({ east: ms, north: 0 }), 100, 40, 0);
    const steps = Array.from({ length: 300 }, (_, i) => track(i + 1).east - track(i).east);
    expect(steps.slice(0, 60).every((s) => Math.abs(s - 1) < 1e-9)).toBe(true);
    expect(steps.slice(60, 100).every((s) => Math.abs(s - 0.25) < 1e-9)).toBe(true);
    expect(Math.max(...steps)).toBeLessThan(1.001);
  });
});

describe("the fleet for load", { timeout: 120_000 }, () => {
  it("is a hundred thousand vessels with numbers and formations of their own", () => {
    const { boats, formationOf } = multipliedFleet(world, 100_000, createRandom("load"));
    expect(boats).toHaveLength(100_000);
    expect(formationOf.size).toBe(100_000);
    expect(Math.max(...formationOf.keys())).toBeLessThan(1_000_000_000);
    for (const { group } of boats) expect(Math.abs(group.home[0]) <= 180 && Math.abs(group.home[1]) < 60).toBe(true);
    const feed = new AisFeed(boats, START, SEA_CADENCE, createRandom("slots"));
    const messages = [...feed.upTo(START + 500)];
    expect(messages.length).toBeGreaterThan(500);
  });
});

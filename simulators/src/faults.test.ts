import { describe, expect, it } from "vitest";
import { FaultyLink, FaultySensor } from "./faults.ts";
import { createRandom } from "./random.ts";

const numbers = Array.from({ length: 2000 }, (_, i) => i);
const through = (link: FaultyLink<number>): number[] => [...numbers.flatMap((n) => link.push(n)), ...link.flush()];

describe("a faulty link", () => {
  it("without faults changes nothing", () => {
    expect(through(new FaultyLink({}, createRandom("x")))).toEqual(numbers);
  });

  it("drops and counts", () => {
    const link = new FaultyLink<number>({ drop: 0.1 }, createRandom("x"));
    const out = through(link);
    expect(out.length).toBe(numbers.length - link.counts.dropped);
    expect(link.counts.dropped).toBeGreaterThan(120);
    expect(new Set(out).size).toBe(out.length);
  });

  it("doubles and swaps but loses nothing", () => {
    const link = new FaultyLink<number>({ duplicate: 0.1, reorder: 0.1 }, createRandom("x"));
    const out = through(link);
    expect(out.length).toBe(numbers.length + link.counts.duplicated);
    expect(new Set(out).size).toBe(numbers.length);
    const swapped = out.filter((n, i) => i > 0 && n < out[i - 1]).length;
    expect(swapped).toBe(link.counts.reordered);
    expect(swapped).toBeGreaterThan(80);
  });

  it("does the same again with the same seed", () => {
    const faults = { drop: 0.05, duplicate: 0.05, reorder: 0.05 };
    const run = (seed: string): number[] => through(new FaultyLink(faults, createRandom(seed)));
    expect(run("a")).toEqual(run("a"));
    expect(run("a")).not.toEqual(run("b"));
  });
});

describe("a faulty sensor", () => {
  it("repeats its last value when stuck, with a new time, and its clock is off", () => {
    let n = 0;
    const sensor = new FaultySensor(
      (now) => ({ ts: now, value: n++ }),
      { stuck: 0.5, clockSkewMs: -7000 },
      createRandom("s"),
    );
    const samples = Array.from({ length: 200 }, (_, i) => sensor.sample(10_000 + i * 1000));
    expect(samples[0]).toEqual({ ts: 3000, value: 0 });
    expect(samples.map((s) => s.ts)).toEqual(samples.map((_, i) => 3000 + i * 1000));
    expect(new Set(samples.map((s) => s.value)).size).toBe(200 - sensor.counts.stuck);
    expect(sensor.counts.stuck).toBeGreaterThan(50);
  });
});

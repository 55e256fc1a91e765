import { describe, expect, it } from "vitest";
import type { Envelope } from "./envelope.ts";
import { SimulatedFaults } from "./simulated-faults.ts";

const envelope = (q: number): Envelope => ({ v: 1, b: 1, q, r: [{ ts: q * 1000, m: { pressure: q } }] });

function run(kinds: readonly string[], rate: number, seed: number, count = 400): Envelope[] {
  const faults = new SimulatedFaults(kinds, rate, seed);
  const sent: Envelope[] = [];
  for (let q = 1; q <= count; q++) sent.push(...faults.send(envelope(q), faults.next()));
  sent.push(...faults.end());
  return sent;
}

const numbers = (sent: readonly Envelope[]) => sent.map(({ q }) => q ?? 0);
const plain = Array.from({ length: 400 }, (_, i) => envelope(i + 1));

describe("faults of a simulated device", () => {
  it("none without a rate; with one, the same for the same seed and others for another", () => {
    const all = ["drop", "duplicate", "reorder", "stuck", "clock_skew", "silent"];
    expect(run(all, 0, 1)).toEqual(plain);
    expect(run(all, 0.2, 1)).toEqual(run(all, 0.2, 1));
    expect(run(all, 0.2, 1)).not.toEqual(run(all, 0.2, 2));
  });

  it("drop leaves holes, duplicate repeats word by word, reorder keeps everything", () => {
    const dropped = run(["drop"], 0.1, 3);
    expect(dropped.length).toBeLessThan(400);
    expect(new Set(numbers(dropped)).size).toBe(dropped.length);
    const doubled = run(["duplicate"], 0.1, 3);
    expect(doubled.length).toBeGreaterThan(400);
    expect(doubled.every((e) => JSON.stringify(e) === JSON.stringify(envelope(e.q ?? 0)))).toBe(true);
    const mixed = numbers(run(["reorder"], 0.1, 3));
    expect(mixed).not.toEqual(numbers(plain));
    expect([...mixed].sort((a, b) => a - b)).toEqual(numbers(plain));
  });

  it("stuck repeats values with new times, a wrong clock moves times only, silence lasts ten messages", () => {
    const stuck = run(["stuck"], 0.02, 5);
    const still = stuck.filter(({ q, r: [{ m }] }) => m?.pressure !== q);
    expect(still.length).toBeGreaterThan(3);
    expect(stuck.every(({ q, r: [{ ts }] }) => ts === (q ?? 0) * 1000)).toBe(true);
    const skewed = run(["clock_skew"], 0.02, 5);
    expect(skewed.some(({ q, r: [{ ts }] }) => Math.abs(ts - (q ?? 0) * 1000) > 60_000)).toBe(true);
    expect(skewed.every(({ q, r: [{ m }] }) => m?.pressure === q)).toBe(true);
    const faults = new SimulatedFaults(["silent"], 1, 1);
    expect(faults.send(envelope(1), "silent")).toEqual([]);
    for (let q = 2; q <= 10; q++) expect(faults.send(envelope(q), null)).toEqual([]);
    expect(numbers(faults.send(envelope(11), null))).toEqual([11]);
  });
});

import { describe, expect, it } from "vitest";
import { Metrics } from "./metrics.ts";

const GAUGES = [
  { name: "t_waiting", help: "w" },
  { name: "t_parked", help: "p" },
];

describe("Metrics", () => {
  it("asks once a scrape for gauges that share a question, and forgets what is gone", async () => {
    const metrics = new Metrics();
    const answers = [new Map([["a", [1, 2]] as const, ["b", [3, 4]] as const]), new Map([["b", [5, 6]] as const])];
    let asked = 0;
    metrics.observeTogether(GAUGES, "target", () => Promise.resolve(answers[asked++]));
    const first = await metrics.registry.metrics();
    for (const line of ['t_waiting{target="a"} 1', 't_parked{target="a"} 2', 't_waiting{target="b"} 3'])
      expect(first).toContain(`${line}\n`);
    expect(asked).toBe(1);
    const second = await metrics.registry.metrics();
    expect(second).toContain('t_parked{target="b"} 6\n');
    expect(second).not.toContain('target="a"');
  });

  it("has no values, and the others theirs, while the question fails or hangs", async () => {
    const metrics = new Metrics();
    let asked = 0;
    const read = () => {
      asked++;
      if (asked === 1) return Promise.reject(new Error("no database"));
      return asked === 2 ? new Promise<never>(() => {}) : Promise.resolve([["a", [7, 8]]] as const);
    };
    metrics.observeTogether(GAUGES, "target", read, 1);
    metrics.observe("t_two", "two labels", "counter", () => [[["x", "y"], 9]], "target", "outcome");
    for (let i = 0; i < 2; i++) {
      const text = await metrics.registry.metrics();
      expect(text).not.toMatch(/^t_waiting/m);
      expect(text).toContain('t_two{target="x",outcome="y"} 9\n');
    }
    expect(await metrics.registry.metrics()).toContain('t_waiting{target="a"} 7\n');
  });
});

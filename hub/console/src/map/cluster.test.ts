import { describe, expect, it } from "vitest";
import type { EventInfo } from "../../../src/api/schema.ts";
import { clusters, ring, type Spot } from "./cluster.ts";

const at = (id: string, x: number, y: number): Spot => ({ event: { id } as EventInfo, x, y });
const read = (spots: Spot[], selected: string | null = null) =>
  clusters(spots, 24, selected).map(({ first, others }) => [first, ...others].map((s) => s.event.id).join(""));

describe("event clusters", () => {
  it("gather what is near around the most urgent, which comes first", () => {
    expect(read([at("a", 0, 0), at("b", 100, 0), at("c", 10, 10), at("d", 20, 0), at("e", 0, 23.9)])).toEqual([
      "acde",
      "b",
    ]);
  });

  it("do not chain: what is near a hidden one only stands by itself", () => {
    expect(read([at("a", 0, 0), at("b", 20, 0), at("c", 40, 0)])).toEqual(["ab", "c"]);
  });

  it("never hide the selected event: what is near gathers around it", () => {
    expect(read([at("a", 0, 0), at("b", 5, 0), at("c", 30, 0)], "b")).toEqual(["ba", "c"]);
    expect(read([at("a", 0, 0), at("b", 100, 0)], "gone")).toEqual(["a", "b"]);
  });
});

describe("marks of one place, laid out", () => {
  it.each([2, 5, 9, 10, 40])("do not overlap, %i of them", (n) => {
    const marks = ring(n, 34);
    expect(marks).toHaveLength(n);
    for (const [i, [x, y]] of marks.entries())
      for (const [u, v] of marks.slice(i + 1)) expect(Math.hypot(x - u, y - v)).toBeGreaterThan(26);
  });
});

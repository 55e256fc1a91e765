import { describe, expect, it } from "vitest";
import { layWall } from "./wall-layout.ts";

const COUNTY = [260, 103, 88, 50, 41, 39, 19];

describe("health wall", () => {
  it.each([
    [930, 740],
    [1410, 900],
    [2400, 1300],
  ])("fills %i x %i: every card once, no row too wide, little of a row empty", (width, height) => {
    const { tile, rows } = layWall(COUNTY, width, height);
    expect(rows.flatMap(({ from, to }) => COUNTY.slice(from, to))).toEqual(COUNTY);
    let used = 0;
    for (const { from, to, columns } of rows) {
      expect(columns.reduce((sum, n) => sum + n * (tile + 3) + 26, 12 * (to - from - 1))).toBeLessThanOrEqual(width);
      const lines = Math.max(...columns.map((n, i) => Math.ceil((COUNTY[from + i] ?? 0) / n)));
      used += 54 + 12 + lines * (tile + 3);
    }
    expect(used).toBeLessThanOrEqual(height);
    expect(tile).toBeGreaterThan(18);
  });

  it("makes tiles small before it scrolls, and never smaller than one can hit", () => {
    expect(layWall([4000], 900, 600).tile).toBeLessThan(layWall([400], 900, 600).tile);
    expect(layWall([40_000], 900, 600).tile).toBe(12);
    expect(layWall([], 900, 600).rows).toEqual([]);
    expect(layWall([5, 3], 100, 600).rows).toHaveLength(2);
  });
});

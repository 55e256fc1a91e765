import { describe, expect, it } from "vitest";
import type { GridDiff } from "../../../../src/api/grid-schema.ts";
import { changeFigures, shapesOf } from "./change-figures.ts";

const change = (id: string, what: "added" | "removed" | "changed", fields: string[] = []) => ({ change: what, id, name: id, level: "grid", fields, areaBefore: null, areaAfter: null }); // prettier-ignore
const diff = (...changes: GridDiff["changes"]): GridDiff => ({ counts: { added: 0, removed: 0, changed: 0 }, changes, devices: { total: 0, items: [] } }); // prettier-ignore

describe("changes on the map", () => {
  const now = new Map([["old", 1], ["moved", 2], ["named", 3]]); // prettier-ignore
  const then = new Map([["new", 4], ["moved", 5]]); // prettier-ignore

  it("shows what comes, what goes, and both borders of what moves", () => {
    const figures = changeFigures(diff(change("old", "removed"), change("new", "added"), change("moved", "changed", ["geometry"]), change("named", "changed", ["name"])), now, then); // prettier-ignore
    expect(figures.map(({ id, tone, geometry }) => [id, tone, geometry])).toEqual([
      ["old before", "removed", 1],
      ["new", "added", 4],
      ["moved before", "removed", 2],
      ["moved", "changed", 5],
      ["named", "changed", 3],
    ]);
  });
  it("leaves out what has no shape", () => {
    expect(changeFigures(diff(change("f", "added"), change("g", "removed")), now, then)).toEqual([]);
    expect([...shapesOf({ features: [{ geometry: null, properties: { id: "f" } }, { geometry: 7, properties: { id: "g" } }, null, { geometry: 1 }] })]).toEqual([["g", 7]]); // prettier-ignore
    expect(shapesOf(null).size).toBe(0);
  });
});

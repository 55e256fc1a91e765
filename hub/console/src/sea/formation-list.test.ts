import { describe, expect, it } from "vitest";
import type { FormationInfo } from "../../../src/api/schema.ts";
import { has, nextOrder, sorted, troublesOf } from "./formation-list.ts";

const formation = (gridId: string, more: Partial<FormationInfo> = {}): FormationInfo => ({
  gridId, name: gridId, parentName: "", members: 5, fresh: 5, lon: 122, lat: 30, spreadNm: 0.5, farthestNm: 1,
  stragglers: [], split: false, outage: false, dark: [], inHarbour: 0, ...more }); // prettier-ignore
const ids = (list: readonly FormationInfo[]) => list.map(({ gridId }) => gridId).join("");

describe("list of formations", () => {
  const calm = formation("a");
  const far = formation("b", { stragglers: [1], farthestNm: 4 });
  const dark = formation("c", { dark: [1, 2], fresh: 3 });
  const out = formation("d", { outage: true, fresh: 0, spreadNm: null, farthestNm: null });
  const port = formation("e", { inHarbour: 4, fresh: 4 });
  const all = [calm, far, dark, out, port];

  it("has trouble first, and of equals the name", () => {
    expect(ids(sorted(all, { by: "trouble", descending: true }))).toBe("cbdea");
    expect(ids(sorted([formation("z"), formation("y")], { by: "spread", descending: true }))).toBe("yz");
  });
  it("sorts by what is unknown as the least, in both directions", () => {
    expect(ids(sorted(all, { by: "farthest", descending: true }))).toBe("baced");
    expect(ids(sorted(all, { by: "heard", descending: false }))).toBe("dceab");
  });
  it("turns a column round when it is asked for again", () => {
    const order = nextOrder({ by: "trouble", descending: true }, "heard");
    expect(order).toEqual({ by: "heard", descending: false });
    expect(nextOrder(order, "heard").descending).toBe(true);
  });
  it("names what is wrong, the gravest first", () => {
    expect(troublesOf({ ...far, split: true, dark: [7] }).map(({ kind }) => kind)).toEqual([
      "dark",
      "split",
      "stragglers",
    ]);
    expect(troublesOf(calm)).toEqual([]);
    expect(all.filter((f) => has(f, "unheard")).length).toBe(3);
  });
});

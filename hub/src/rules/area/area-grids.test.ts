import { RecordBuffer } from "@gridhub/device-profiles/reading.ts";
import { describe, expect, it } from "vitest";
import type { Device } from "../../device.ts";
import type { Finding } from "../../finding.ts";
import type { FoldStateRow } from "../../store/batch.ts";
import { RuleCounters } from "../rule-counts.ts";
import { brief, device, MINUTE, profile, T0 } from "../rule-scene.ts";
import { loadAreaRules } from "./area-rule.ts";
import { AreaRules } from "./area-rules.ts";

// Other grids while rules of areas hold, wait and are due.

const RULE = `rules: v1
area:
  spread:
    title: {zh: 多点积水, en: Flooding spreads}
    event: flood.spread
    severity: 2
    each: village
    for: 5m
    clear_for: 10m
    all:
      - {sensors: hydrant, when: "pressure > 3", at_least: 2, within: 30m}
`;
type Tree = Readonly<Record<string, readonly [parent: string | null, level: string]>>;
const TREE: Tree = { town: [null, "town"], a: ["town", "village"], b: ["town", "village"], a1: ["a", "grid"], a2: ["a", "grid"] }; // prettier-ignore
const gridsOf = (tree: Tree) => ({
  path(id: string) {
    const path: { id: string; level: string }[] = [];
    for (let at: string | null = id; at !== null && at in tree; at = tree[at][0]) path.unshift({ id: at, level: tree[at][1] }); // prettier-ignore
    return path;
  },
  locate: () => ({ gridId: null }),
  get: (id: string) => tree[id],
});

function scene(text = RULE) {
  const { rules, problems } = loadAreaRules(text, "rules.yaml", (id) => id in TREE);
  expect(problems).toEqual([]);
  const area = new AreaRules({ rules, grids: gridsOf(TREE), durationScale: 1, allowedLatenessMs: 2 * MINUTE, counters: new RuleCounters() }); // prettier-ignore
  area.load([]);
  const of = profile([]);
  const devices = new Map([1, 2, 3].map((id): [number, Device] => [id, { ...device(of, id), gridId: "a1" }]));
  const tick = (minute: number) => {
    const out: Finding[] = [];
    area.tick(T0 + minute * MINUTE, out);
    return brief(out);
  };
  const read = (minute: number, id: number, pressure: number) => {
    const out: Finding[] = [];
    area.tick(T0 + minute * MINUTE, out);
    const record = new RecordBuffer();
    record.push(0, pressure, 0);
    area.observe(devices.get(id)!, T0 + minute * MINUTE, record, false, out);
    return brief(out);
  };
  const swap = (minute: number, tree: Tree, moves: Readonly<Record<number, string>> = {}) => {
    const out: Finding[] = [];
    for (const [id, gridId] of Object.entries(moves)) devices.get(Number(id))!.gridId = gridId;
    area.setGrids(gridsOf(tree), T0 + minute * MINUTE, out);
    return brief(out);
  };
  tick(0);
  return { area, tick, read, swap };
}

describe("rules of areas when the grids change", () => {
  it("go on with their timers where the same devices stand in the same area", () => {
    const { tick, read, swap } = scene();
    read(0, 1, 5);
    read(1, 2, 5);
    // devices move between cells of one village, and the village gets another parent
    const other: Tree = { ...TREE, county: [null, "county"], town: ["county", "town"], a3: ["a", "grid"] };
    expect(swap(4, other, { 1: "a2", 2: "a3" })).toEqual([]);
    expect(tick(5)).toEqual([]);
    expect(tick(6)).toEqual([`raise@${6 * MINUTE}/2`]);
    expect(swap(7, TREE, { 1: "a1", 2: "a1" })).toEqual([]);
    read(8, 1, 1);
    expect(swap(12, other)).toEqual([]);
    expect(tick(18)).toEqual([`clear@${18 * MINUTE}/2`]);
  });

  it("let go of a device that stands in another area now", () => {
    const { tick, read, swap } = scene();
    read(0, 1, 5);
    read(1, 2, 5);
    expect(tick(6)).toEqual([`raise@${6 * MINUTE}/2`]);
    expect(swap(8, TREE, { 2: "b" })).toEqual([]);
    expect(tick(18)).toEqual([`clear@${18 * MINUTE}/2`]);
    // there it counts with what it says next
    read(19, 2, 5);
    expect(tick(40)).toEqual([]);
  });

  it("end in an area that is no more, at once and after a restart", () => {
    const { area, tick, read, swap } = scene();
    read(0, 1, 5);
    read(1, 2, 5);
    expect(tick(6)).toEqual([`raise@${6 * MINUTE}/2`]);
    const rows: FoldStateRow[] = [];
    area.drain(rows);
    const { a: _, ...gone } = TREE;
    swap(7, gone, { 1: "b", 2: "b" });
    expect(tick(7)).toEqual([`clear@${7 * MINUTE}/4`]);
    const after: FoldStateRow[] = [];
    area.drain(after);
    expect(after.filter(({ key }) => key === "@area spread|a").at(-1)).toMatchObject({ state: null });

    // the hub stopped between the version and the turn that would have told the rules
    const { rules } = loadAreaRules(RULE, "rules.yaml", (id) => id in TREE);
    const again = new AreaRules({ rules, grids: gridsOf(gone), durationScale: 1, allowedLatenessMs: 2 * MINUTE, counters: new RuleCounters() }); // prettier-ignore
    again.load(rows);
    const out: Finding[] = [];
    again.tick(T0 + 8 * MINUTE, out);
    expect(brief(out)).toEqual([`clear@${8 * MINUTE}/4`]);
  });

  it("of one grid end with it, and stand ready when it is back", () => {
    const { area, tick, read, swap } = scene(RULE.replace("each: village", "grid: a"));
    read(0, 1, 5);
    read(1, 2, 5);
    expect(tick(6)).toEqual([`raise@${6 * MINUTE}/2`]);
    const { a: _, ...gone } = TREE;
    swap(7, { ...gone, a1: ["b", "grid"] });
    expect(tick(7)).toEqual([`clear@${7 * MINUTE}/4`]);
    read(8, 1, 5);
    read(8, 2, 5);
    expect(tick(30)).toEqual([]);
    expect(swap(31, TREE)).toEqual([]);
    read(32, 1, 5);
    read(32, 2, 5);
    expect(tick(37)).toEqual([`raise@${37 * MINUTE}/2`]);
    expect(area.activeOf(area.rules[0])).toEqual(["a"]);
  });
});

import { describe, expect, it } from "vitest";
import { GridSet } from "./grid-set.ts";
import { readMemberships, tableText } from "./members-csv.ts";

const formation = (id: string, members: object[] = []) => ({
  type: "Feature",
  properties: { id, name: id, level: "formation", category: "maritime", parent: null, members },
  geometry: null,
});
const JUNE = Date.parse("2025-06-01");

describe("memberships", () => {
  it("reads names in Chinese, quotes, dates, semicolons and GB18030", () => {
    const text = '\uFEFF识别码;编组;起始;截止;船名;渔具\r\n412000001;f1;2025-01-01;2025-06-01;"浙嵊渔;1";trawl\r\n\r\n';
    const { lines, problems } = readMemberships(text, "m.csv");
    expect(problems).toEqual([]);
    expect(lines).toEqual([
      {
        line: 2,
        formation: "f1",
        member: {
          mmsi: 412_000_001,
          name: "浙嵊渔;1",
          role: "",
          gear: "trawl",
          from: Date.parse("2025-01-01"),
          to: JUNE,
        },
      },
    ]);
    // 船 in GB18030 is no UTF-8
    expect(tableText(Uint8Array.from([0xb4, 0xac]))).toBe("船");
  });

  it("names every fault by its line and keeps the others", () => {
    const text = [
      "mmsi,formation,from,to",
      "abc,f1,,",
      "412000001,,,",
      "412000001,f1,soon,",
      "412000001,f1,2025-06-01,2025-01-01",
      "412000001,f1,,2025-06-01",
      "412000001,f2,2025-05-01,",
      "412000001,f2,2025-06-01,",
    ].join("\n");
    const { lines, problems } = readMemberships(text, "m.csv");
    expect(problems.map((p) => [p.field, p.code])).toEqual([
      ["line 2 mmsi", "bad_field"],
      ["line 3 formation", "bad_field"],
      ["line 4 from", "bad_field"],
      ["line 5 to", "bad_field"],
      ["line 7 from", "duplicate_member"],
    ]);
    expect(lines.map((l) => l.line)).toEqual([6, 8]);
    expect(readMemberships("a,b\n1,2", "m.csv").problems.map((p) => p.field)).toEqual([
      "line 1 mmsi",
      "line 1 formation",
    ]);
  });

  it("changes who is where at the moment it says, and replaces what the features say", () => {
    const { lines } = readMemberships(
      "mmsi,formation,from,to,gear\n412000001,f1,,2025-06-01,trawl\n412000001,f2,2025-06-01,,gillnet\n412000009,nowhere,,,",
      "m.csv",
    );
    const features = [formation("f1", [{ mmsi: 412_000_001 }, { mmsi: 412_000_002 }]), formation("f2")];
    const { set, problems } = GridSet.build(features, 1, {}, [{ file: "m.csv", lines }]);
    expect(problems).toMatchObject([{ field: "line 4 formation", code: "orphan" }]);
    const before = set.at(JUNE - 1);
    expect([before.formationOf(412_000_001), before.gearOf(412_000_001)]).toEqual(["f1", "trawl"]);
    expect(before.until).toBe(JUNE);
    const after = before.at(before.until);
    expect([after.formationOf(412_000_001), after.gearOf(412_000_001)]).toEqual(["f2", "gillnet"]);
    expect(after.members("f1")).toEqual([412_000_002]);
    expect(after.until).toBe(Infinity);
    expect(set.formationOf(412_000_001)).toBe("f2");
  });

  it("checks what a grid says about the sea, field by field", () => {
    const cell = (sea: unknown, category = "maritime") => ({
      type: "Feature",
      properties: { id: "a", name: "a", level: "area", category, parent: null, sea },
      geometry: { type: "Polygon", coordinates: [[[1, 1], [2, 1], [2, 2], [1, 1]]] }, // prettier-ignore
    });
    const problems = (sea: unknown, category?: string) =>
      GridSet.build([cell(sea, category)], 1).problems.map((p) => p.field);
    expect(
      problems({ rule: "no_go", hours: [{ from: "22:00", to: "04:00" }], thresholds: { straggler_nm: 3 } }),
    ).toEqual([]);
    expect(problems({ thresholds: { straggler_nm: -1 } })).toEqual(["properties.sea.thresholds.straggler_nm"]);
    expect(problems({ thresholds: { straggler: 1 } })).toEqual(["properties.sea.thresholds"]);
    expect(problems({ rule: "no_go", dates: [{ from: "13-01", to: "02-01" }] })).toEqual([
      "properties.sea.dates.0.from",
    ]);
    expect(problems({ rule: "no_go" }, "integrated")).toEqual(["properties.sea.rule"]);
    const { set } = GridSet.build([cell({ rule: "no_go" })], 1);
    expect(set.at(0).areas()).toMatchObject([{ id: "a", rule: "no_go" }]);
    expect(set.hash).not.toBe(GridSet.build([cell({ rule: "closed_season" })], 1).set.hash);
  });
});

import { describe, expect, it } from "vitest";
import type { CodeInfo } from "../../../src/api/event-policy-schema.ts";
import { catalogueRows } from "../../../src/events/code-book.ts";
import { DEFAULT_SETTINGS } from "../../../src/events/event-policy.ts";
import { LadderRules } from "../../../src/events/ladder.ts";
import { meaning, patternsOf, speaking } from "./kinds.ts";
import { groupsOf, untilTown, withGroup } from "./ladder-groups.ts";
import { join, spanText, split } from "./span.ts";

const { ladder } = DEFAULT_SETTINGS;

describe("spans of time", () => {
  it.each<[number, string]>([
    [0, "0 minutes"],
    [45, "45 seconds"],
    [300, "5 minutes"],
    [5400, "90 minutes"],
    [7200, "2 hours"],
    [86_400, "1 days"],
    [90_000, "25 hours"],
  ])("%d s are %s, and back", (seconds, text) => {
    const [n, unit] = split(seconds);
    expect(`${n} ${unit}`).toBe(text);
    expect(join(n, unit)).toBe(seconds);
  });

  it("are told without rounding", () => {
    expect([100_800, 86_400, 5400, 0].map((n) => spanText(n, "zh"))).toEqual([
      "1 天 4 小时",
      "1 天",
      "1 小时 30 分",
      "0 秒",
    ]);
  });

  it("are whole seconds, and none where there is no number", () => {
    expect([join(1.5, "minutes"), join(null, "hours"), join(-1, "days")]).toEqual([90, 0, 0]);
  });
});

describe("kinds", () => {
  it("are read as people type them", () => {
    expect(patternsOf(" fire.alarm, smoke.*;bin.fire\nfire.alarm、 * ")).toEqual(["fire.alarm", "smoke.*", "bin.fire", "*"]); // prettier-ignore
  });

  it("have the rule that the hub takes", () => {
    const hub = new LadderRules(ladder);
    for (const kind of ["device.silent", "fire.alarm", "device", "vessel.sos"])
      for (const severity of [1, 2, 3, 4] as const)
        expect(speaking(ladder.filter((r) => r.severity === severity), kind)).toEqual(hub.of(kind, severity)); // prettier-ignore
    expect(speaking([], "x")).toBeNull();
  });

  it("of a pattern are named, the first of many", () => {
    const codes = catalogueRows() as unknown as CodeInfo[];
    expect(meaning("flood.warning", codes, "zh")).toBe("水位超过警戒水位");
    expect(meaning("smoke.*", codes, "en")).toBe("Smoke alarm");
    expect(meaning("device.*", codes, "zh")).toMatch(/^设备.*…\s\(\d+\)$/u);
    expect(meaning("nothing.here", codes, "zh")).toBe("");
  });
});

describe("the ladder", () => {
  it("is grouped by pattern, and a group is replaced, renamed or removed as a whole", () => {
    const groups = groupsOf(ladder);
    expect(groups.map(({ kind, rules }) => `${kind} ${rules.map((r) => r.severity).join("")}`)).toEqual(["* 1234", "device.* 23"]); // prettier-ignore
    const one = { kind: "fire.*", severity: 1, village_s: 60, town_s: 60 } as const;
    const renamed = withGroup(ladder, "device.*", { kind: "fire.*", rules: [one] });
    expect(groupsOf(renamed).map(({ kind }) => kind)).toEqual(["*", "fire.*"]);
    expect(withGroup(renamed, "fire.*", { kind: "fire.*", rules: [] })).toEqual(groups[0]?.rules);
    expect([untilTown(one), untilTown({ ...one, town_s: 0 })]).toEqual([120, null]);
  });
});

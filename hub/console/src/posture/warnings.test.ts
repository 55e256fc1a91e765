import { describe, expect, it } from "vitest";
import type { TownPostureInfo, WarningInfo } from "../../../src/api/posture-schema.ts";
import { coloursOf, dismiss, holding, isDismissed, townsText } from "./warnings.ts";

const NOW = 1_800_000_000_000;
const warning = (id: string, w: Partial<WarningInfo> = {}): WarningInfo => ({
  ...{ id, sender: "s", status: "actual", action: "alert", event: "台风", colour: "blue", headline: id },
  ...{ description: "", instruction: "", sentAt: NOW, from: NOW - 1, until: NOW + 1, receivedAt: NOW, endedAt: null },
  ...{ towns: ["a"], ...w },
});
const towns = ["a", "b", "c"].map((town) => ({ town, name: town.toUpperCase() }) as TownPostureInfo);

describe("warnings that hold", () => {
  it("are real ones first, the gravest before the newest", () => {
    const all = [
      warning("drill", { status: "exercise", colour: "red" }),
      warning("old", { colour: "yellow", sentAt: NOW - 9 }),
      warning("new", { colour: "yellow" }),
      warning("grave", { colour: "orange", sentAt: NOW - 99 }),
      warning("later", { from: NOW + 1 }),
      warning("over", { until: NOW }),
      warning("ended", { endedAt: NOW - 1 }),
      warning("cancelled", { action: "cancel" }),
    ];
    expect(holding(all, NOW).map(({ id }) => id)).toEqual(["grave", "new", "old", "drill"]);
  });

  it("colour their towns by the gravest; an exercise colours nothing", () => {
    const held = holding(
      [
        warning("x", { towns: ["a", "b"] }),
        warning("y", { colour: "red", towns: ["b"] }),
        warning("z", { colour: "red", status: "exercise", towns: ["c"] }),
      ],
      NOW,
    );
    expect(Object.fromEntries(coloursOf(held))).toEqual({ a: "blue", b: "red" });
  });
});

describe("a dismissed warning", () => {
  it("stays away until something of it that matters is another", () => {
    const w = warning("x");
    const dismissed = dismiss(w, {}, [w]);
    expect(isDismissed({ ...w, receivedAt: NOW + 5, towns: [...w.towns] }, dismissed)).toBe(true);
    for (const change of [{ colour: "red" }, { until: NOW + 9 }, { headline: "y" }, { towns: ["a", "b"] }] as const)
      expect(isDismissed({ ...w, ...(change as Partial<WarningInfo>) }, dismissed)).toBe(false);
    expect(isDismissed(warning("x", { sender: "other" }), dismissed)).toBe(false);
  });

  it("is forgotten once the hub no longer tells of it", () => {
    const [w, other] = [warning("x"), warning("y")];
    const both = dismiss(other, dismiss(w, {}, [w, other]), [w, other]);
    expect(Object.keys(both)).toHaveLength(2);
    expect(Object.keys(dismiss(other, both, [other]))).toEqual(["s y"]);
  });
});

it("names the towns, all of them as a number", () => {
  expect(townsText(warning("x", { towns: ["a", "c"] }), towns, "zh")).toBe("A、C");
  expect(townsText(warning("x", { towns: ["a", "b", "c"] }), towns, "en")).toBe("all 3 towns");
  expect(townsText(warning("x", { towns: [] }), towns, "en")).toBe("none of your towns");
  expect(townsText(warning("x", { towns: ["a"] }), towns.slice(0, 1), "zh")).toBe("A");
});

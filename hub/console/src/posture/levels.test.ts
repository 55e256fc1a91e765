import { describe, expect, it } from "vitest";
import type { TownPostureInfo } from "../../../src/api/posture-schema.ts";
import { DEFAULT_EFFECTS, NORMAL_EFFECTS, POSTURE_LEVELS } from "../../../src/posture/posture-level.ts";
import { byGravity, effectLines, endOf, gravest, LEVELS, presets, problemOf } from "./levels.ts";
import type { Level } from "./posture-api.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 7, 1, 3, 0, 30);
const town = (name: string, level: Level): TownPostureInfo => ({
  ...{ town: name, name, level, change: null, suggestion: null },
  edges: { total: 0, confirmed: 0, pending: 0, refused: 0 },
});

describe("levels", () => {
  it("are those of the hub, in its order", () => {
    expect(LEVELS).toEqual([...POSTURE_LEVELS]);
  });

  it("are told by the gravest, with the towns in which it holds", () => {
    expect(gravest([])).toEqual({ level: "normal", towns: [] });
    expect(gravest([town("a", "normal")])).toEqual({ level: "normal", towns: [] });
    const towns = [town("a", "alert"), town("b", "II"), town("c", "IV"), town("d", "II")];
    expect(gravest(towns)).toMatchObject({ level: "II", towns: [{ town: "b" }, { town: "d" }] });
    expect(byGravity(towns).map((t) => t.town)).toEqual(["b", "d", "c", "a"]);
  });
});

describe("the end of a level", () => {
  it("is offered within what the hub allows", () => {
    expect(presets(72)).toEqual([2, 6, 12, 24]);
    expect(presets(8)).toEqual([2, 6]);
    expect(presets(1.5)).toEqual([1.5]);
  });

  it("is a whole minute and never beyond the bound", () => {
    expect(endOf(2, 72, NOW)).toBe(NOW + 2 * HOUR - 30_000);
    expect(endOf(24, 6, NOW)).toBeLessThanOrEqual(NOW + 6 * HOUR);
  });

  it.each([
    ["normal", null, "", null],
    ["II", null, "x", "UNTIL_NEEDED"],
    ["II", NOW, "x", "UNTIL_PAST"],
    ["II", NOW + 6 * HOUR + 1, "x", "UNTIL_TOO_LATE"],
    ["II", NOW + 6 * HOUR, " ", "REASON_NEEDED"],
    ["II", NOW + 6 * HOUR, "x", null],
  ] as const)("%s until %s for %j is refused with %s", (level, until, reason, code) => {
    expect(problemOf({ level, until, reason }, 6, NOW)).toBe(code);
  });
});

describe("what a level changes", () => {
  it("is said in sentences, and nothing of what stays", () => {
    expect(effectLines(NORMAL_EFFECTS, "zh")).toEqual([]);
    expect(effectLines(DEFAULT_EFFECTS.III, "en")).toEqual([
      "Detectors are more sensitive: score thresholds at 90% of normal",
      "What is seen becomes an event after 50% of the normal time",
      "Cameras are sampled at 50% of the normal interval",
      "Unhandled events escalate after 50% of the normal time",
      "A heartbeat of each gateway every 10 s",
    ]);
  });

  it("names paces below a second and the limits of alarms", () => {
    const effects = {
      ...NORMAL_EFFECTS,
      threshold: 1.2,
      interval_ms: 500,
      patrol_ms: 90_000,
      limits: { min_pressure: 0.12 },
    };
    expect(effectLines(effects, "zh")).toEqual([
      "画面识别更严格：识别阈值升为平时的 120%",
      "摄像头每 0.5 秒上传一张画面",
      "摄像头每 90 秒上传一张巡检画面",
      "告警限值「最低水压」改用 0.12",
    ]);
  });
});

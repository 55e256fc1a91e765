import { describe, expect, it } from "vitest";
import { batteryOutlook } from "./battery.ts";

describe("battery outlook", () => {
  it.each([
    ["battery_percent", 60, -1, undefined, 50, "soon"],
    ["battery_percent", 60, -5, undefined, 10, "replace"],
    ["battery_percent", 95, -0.05, undefined, 1700, "fine"],
    ["battery_percent", 10, null, undefined, 0, "replace"],
    ["battery_percent", 80, null, undefined, null, "unknown"],
    ["battery_percent", 80, 0.2, undefined, null, "fine"],
    ["battery", 3.1, -0.01, 3, 10, "replace"],
    ["battery", 3.6, -0.03, undefined, 30, "soon"],
    ["battery", 2.6, 0, undefined, 0, "replace"],
    ["battery", 7.2, -0.01, undefined, 180, "fine"],
    ["battery", 12.4, -0.16, undefined, 10, "replace"],
  ] as const)("%s %d, %s a day, limit %s: %s days", (metric, value, perDay, min, days, state) => {
    const outlook = batteryOutlook(metric, value, perDay, min);
    expect(outlook.state).toBe(state);
    if (days === null) expect(outlook.daysLeft).toBeNull();
    else expect(outlook.daysLeft).toBeCloseTo(days, 6);
  });
});

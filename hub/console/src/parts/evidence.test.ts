import { describe, expect, it } from "vitest";
import { framesOf, limitOf, metricOf } from "./evidence.ts";

describe("evidence", () => {
  it("names the metric to chart, and its limit", () => {
    const rule = { metric: "pressure", value: 0.08, limit: 0.14, unit: "MPa" };
    expect([metricOf(rule), limitOf(rule)]).toEqual(["pressure", 0.14]);
    expect([metricOf({}), limitOf({})]).toEqual([null, null]);
  });

  it("keeps a limit of time off the metric's axis", () => {
    expect(limitOf({ metric: "pressure", limit: 7_200_000, unit: "ms" })).toBeNull();
  });

  it("takes only frames that can be drawn", () => {
    const frame = { hash: "a", w: 640, h: 480, ts: 1 };
    expect(framesOf({ frames: [frame, { hash: "b" }, null] })).toEqual([{ ...frame, boxes: [] }]);
    expect(framesOf({ frames: "no" })).toEqual([]);
  });
});

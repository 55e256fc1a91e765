import { describe, expect, it } from "vitest";
import { factsOf, framesOf, limitOf, metricOf } from "./evidence.ts";

describe("evidence", () => {
  it("reads a rule's comparison as one fact with its operator", () => {
    const rule = {
      metric: "pressure",
      value: 0.08,
      limit: 0.14,
      unit: "MPa",
      since: Date.UTC(2026, 10, 22, 3, 0, 0),
      heldMs: 90_000,
      trace: [{ step: "compare", op: "<" }],
    };
    expect(factsOf(rule, "zh")).toEqual([
      ["measured", "0.08 MPa (< 0.14)"],
      ["since", "2026-11-22 11:00:00"],
      ["heldMs", "1 分钟"],
    ]);
    expect([metricOf(rule), limitOf(rule)]).toEqual(["pressure", 0.14]);
  });

  it("keeps a limit of time off the metric's axis", () => {
    const silent = { metric: "pressure", limit: 7_200_000, unit: "ms", lastSeen: null };
    expect(limitOf(silent)).toBeNull();
    expect(factsOf(silent, "en")).toEqual([["limit", "2 h"]]);
  });

  it("takes only frames that can be drawn", () => {
    const frame = { hash: "a", w: 640, h: 480, ts: 1 };
    expect(framesOf({ frames: [frame, { hash: "b" }, null] })).toEqual([{ ...frame, boxes: [] }]);
    expect(framesOf({ frames: "no" })).toEqual([]);
  });

  it("shows what it does not know as it is, cut short", () => {
    const [fact] = factsOf({ other: { long: "x".repeat(300) } }, "zh");
    expect(fact?.[1]).toHaveLength(121);
  });
});

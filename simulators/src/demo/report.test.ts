import { describe, expect, it } from "vitest";
import type { Expectation } from "../scenario.ts";
import { judge, ofThisRun, others, type SeenEvent } from "./report.ts";

const hydrant: Expectation & { name: string } = {
  name: "hydrant",
  kind: "hydrant.low_pressure",
  subject: "device:t/h1",
  gridId: "g1",
  expect: "active",
};
const edge: Expectation & { name: string } = {
  name: "edge",
  kind: "edge.offline",
  subject: "edge:t/e",
  gridId: null,
  expect: "active",
  quiet: ["t/h2"],
};
const seen = (over: Partial<SeenEvent> = {}): SeenEvent => ({
  id: "1",
  kind: "hydrant.low_pressure",
  subject: "device:t/h1",
  gridId: "g1",
  sensing: "active",
  deviceUid: "t/h1",
  openedAt: 0,
  updatedAt: 0,
  ...over,
});
const only = (scenario: Expectation & { name: string }, events: SeenEvent[]) => judge([scenario], events)[0];

describe("the report", () => {
  it("is content with exactly the expected event", () => {
    const result = only(hydrant, [seen()]);
    expect(result.ok).toBe(true);
    expect(result.actual).toEqual([
      { kind: "hydrant.low_pressure", subject: "device:t/h1", grid: "g1", state: "active" },
    ]);
  });

  it.each([
    ["no event", []],
    ["another grid", [seen({ gridId: "g2" })]],
    ["no grid", [seen({ gridId: null })]],
    ["another state", [seen({ sensing: "cleared" as const })]],
    ["another subject", [seen({ subject: "device:t/h9" })]],
    ["another kind", [seen({ kind: "hydrant.burst" })]],
    ["two events", [seen(), seen({ id: "2" })]],
    ["an earlier, cleared one as well", [seen(), seen({ id: "2", sensing: "cleared" as const })]],
  ])("fails on %s", (_, events) => {
    const result = only(hydrant, events);
    expect(result.ok).toBe(false);
    expect(result.problems.length).toBeGreaterThan(0);
  });

  it("takes any subject on the grid where none is named", () => {
    const stall = { ...hydrant, kind: "vision.stall", subject: null };
    expect(only(stall, [seen({ kind: "vision.stall", subject: "place:7" })]).ok).toBe(true);
    expect(only(stall, [seen({ kind: "vision.stall", subject: "place:7", gridId: "g2" })]).ok).toBe(false);
  });

  it("wants one event of an edge and none of its devices", () => {
    const offline = seen({ kind: "edge.offline", subject: "edge:t/e", gridId: null, deviceUid: null });
    expect(only(edge, [offline]).ok).toBe(true);
    const loud = seen({ id: "2", kind: "device.silent", subject: "device:t/h2", deviceUid: "t/h2" });
    const result = only(edge, [offline, loud]);
    expect(result.ok).toBe(false);
    expect(result.problems.join()).toContain("device.silent of t/h2");
  });

  it("names what the subject did instead", () => {
    const result = only(hydrant, [seen({ kind: "hydrant.burst" })]);
    expect(result.actual[0].kind).toBe("hydrant.burst");
  });

  it("says of every other event what explains it", () => {
    const close = seen({ id: "2", kind: "vessel.close_approach", subject: "mmsi:1" });
    const burst = seen({ id: "3", kind: "hydrant.burst" });
    const fault = seen({ id: "4", kind: "device.fault", subject: "device:t/h9" });
    const known = [{ kind: "device.fault", subject: "device:t/h9", why: "does not answer" }];
    const found = others([{ ...hydrant, alongside: ["hydrant.burst"] }], known, [seen(), close, burst, fault]);
    expect(found.map(({ id, why }) => [id, why])).toEqual([
      ["2", null],
      ["3", "hydrant"],
      ["4", "does not answer"],
    ]);
  });

  it("counts an event of an earlier run only when this one found it again", () => {
    const events = [
      seen({ id: "old, over", updatedAt: 5 }),
      seen({ id: "old, goes on", openedAt: 5, updatedAt: 15 }),
      seen({ id: "old, ended now", openedAt: 5, updatedAt: 15, sensing: "cleared" }),
      seen({ id: "new", openedAt: 12, updatedAt: 12, sensing: "cleared" }),
    ];
    expect(ofThisRun(events, 10).map((e) => e.id)).toEqual(["old, goes on", "new"]);
  });
});

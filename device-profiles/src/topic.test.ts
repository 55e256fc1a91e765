import { describe, expect, it } from "vitest";
import { DEFAULT_ROOT, parseUplink, topics } from "./topic.ts";

describe("parseUplink", () => {
  it.each([
    [topics.state("caiyuan", "edge-1"), "state", ""],
    [topics.meta("caiyuan", "edge-1"), "meta", ""],
    [topics.backfill("caiyuan", "edge-1"), "backfill", ""],
    [topics.heartbeat("caiyuan", "edge-1"), "heartbeat", ""],
    [topics.reported("caiyuan", "edge-1"), "twin", ""],
    [topics.telemetry("caiyuan", "edge-1", "h.1:a"), "telemetry", "h.1:a"],
    [topics.raw("caiyuan", "edge-1", "h1"), "raw", "h1"],
    [topics.event("caiyuan", "edge-1", "h1"), "event", "h1"],
    [topics.frame("caiyuan", "edge-1", "h1"), "frame", "h1"],
    [`${topics.prefix("caiyuan", "edge-1")}/cmd/42/res`, "result", ""],
  ])("%s", (topic, lane, device) => {
    expect(parseUplink(topic)).toEqual({ site: "caiyuan", edge: "edge-1", lane, device });
  });

  it.each([
    ["", "empty"],
    [DEFAULT_ROOT, "the root alone"],
    [`${DEFAULT_ROOT}/`, "nothing below the root"],
    [`${DEFAULT_ROOT}/site`, "no edge"],
    [`${DEFAULT_ROOT}/site/edge`, "no lane"],
    [`${DEFAULT_ROOT}x/site/edge/state`, "another root that begins alike"],
    [`other/v1/site/edge/state`, "another root"],
    [`${DEFAULT_ROOT}//edge/state`, "an empty site"],
    [`${DEFAULT_ROOT}/site/+/state`, "a wildcard"],
    [`${DEFAULT_ROOT}/../edge/state`, "dots first"],
    [`${DEFAULT_ROOT}/site/edge/state/`, "a trailing level"],
    [`${DEFAULT_ROOT}/site/edge/ack`, "a downlink"],
    [`${DEFAULT_ROOT}/site/edge/twin/desired`, "a downlink"],
    [`${DEFAULT_ROOT}/site/edge/cmd/42`, "a downlink"],
    [`${DEFAULT_ROOT}/site/edge/d/dev/constructor`, "a lane that objects inherit"],
    [`${DEFAULT_ROOT}/site/edge/d/dev/x`, "an unknown lane"],
    [`${DEFAULT_ROOT}/site/edge/d//t`, "no device"],
    [`${DEFAULT_ROOT}/site/${"e".repeat(65)}/state`, "a long name"],
    [`${DEFAULT_ROOT}/site/edge/d/${"x/".repeat(200)}t`, "a long topic"],
  ])("refuses %s (%s)", (topic) => {
    expect(parseUplink(topic)).toBeNull();
  });

  it("follows another root", () => {
    expect(parseUplink(topics.state("s", "e", "city/grid"), "city/grid")?.lane).toBe("state");
    expect(parseUplink(topics.state("s", "e"), "city/grid")).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import type { DeviceInfo, EdgeInfo } from "../../../src/api/schema.ts";
import { needsAttention } from "./needs-attention.ts";

const device = (uid: string, over: Partial<DeviceInfo>): DeviceInfo => ({
  uid,
  title: uid,
  kind: "hydrant",
  profile: "",
  site: "s",
  edge: "s/e1",
  gridId: null,
  gridPath: [],
  lon: null,
  lat: null,
  health: "online",
  healthReason: "",
  healthSince: 1000,
  lastSeen: null,
  ...over,
});
const edge = (key: string, health: EdgeInfo["health"]): EdgeInfo => ({
  key,
  title: key,
  health,
  healthReason: "",
  healthSince: 0,
  devices: 2,
  agent: "",
  queue: 0,
  oldest: null,
  lostRecords: 0,
});

describe("needs attention", () => {
  it("shows an edge that is down once instead of every device under it", () => {
    const devices = [
      device("a", { edge: "s/e2", health: "unknown" }),
      device("b", { edge: "s/e2", health: "offline" }),
      device("c", { health: "late" }),
    ];
    const list = needsAttention(devices, [edge("s/e1", "online"), edge("s/e2", "offline")]);
    expect(list.map((a) => [a.uid, a.under])).toEqual([
      [null, 2],
      ["c", 0],
    ]);
  });

  it("sorts by state, then by what depends on it, then the longest first", () => {
    const devices = [
      device("late gauge", { kind: "flood_gauge", health: "late" }),
      device("dead hydrant", { health: "offline", healthSince: 5 }),
      device("dead longer", { health: "offline", healthSince: 2 }),
      device("dead camera", { kind: "camera", health: "offline" }),
      device("fine", {}),
    ];
    expect(needsAttention(devices, []).map((a) => a.uid)).toEqual([
      "dead camera",
      "dead longer",
      "dead hydrant",
      "late gauge",
    ]);
  });

  it("names a device with a modem of its own once", () => {
    const devices = [device("a", { edge: "s/a", health: "flapping" }), device("b", { health: "late" })];
    const list = needsAttention(devices, [{ ...edge("s/a", "flapping"), devices: 1 }, edge("s/e1", "late")]);
    expect(list.map((a) => a.key)).toEqual(["edge s/e1", "a", "b"]);
  });
});

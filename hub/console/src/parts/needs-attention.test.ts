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
  solo: false,
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
    const devices = [
      device("s/a", { edge: "s/a", health: "flapping" }),
      device("s/sleeps", { edge: "s/sleeps" }),
      device("s/gone", { edge: "s/gone", health: "offline" }),
      device("b", { health: "late" }),
    ];
    const solo = (key: string, health: EdgeInfo["health"]) => ({ ...edge(key, health), devices: 1, solo: true });
    const edges = [
      solo("s/a", "flapping"),
      solo("s/sleeps", "offline"),
      solo("s/gone", "offline"),
      edge("s/e1", "late"),
    ];
    expect(needsAttention(devices, edges).map((a) => a.key)).toEqual(["edge s/e1", "s/gone", "s/a", "b"]);
  });
});

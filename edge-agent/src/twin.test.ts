import { describe, expect, it } from "vitest";
import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { Twin } from "./twin.ts";

const FILE = {
  heartbeat_ms: 30_000,
  cameras: new Map([
    ["cam-1", { interval_ms: 500, patrol_ms: 20_000 }],
    ["cam-2", { interval_ms: 1000, patrol_ms: 60_000 }],
  ]),
};

describe("twin", () => {
  it("runs the settings file until something is desired", () => {
    expect(new Twin(FILE).report(7)).toEqual({
      version: 0,
      ts: 7,
      heartbeat_ms: 30_000,
      devices: Object.fromEntries(FILE.cameras),
      refused: [],
    });
  });

  it("lets a device's own value win over the one for all, and that over the file", () => {
    const twin = new Twin(FILE);
    twin.apply({ version: 3, heartbeat_ms: 5000, patrol_ms: 9000, devices: { "cam-1": { patrol_ms: 2000 } } });
    expect(twin.report(0)).toMatchObject({
      version: 3,
      heartbeat_ms: 5000,
      devices: { "cam-1": { interval_ms: 500, patrol_ms: 2000 }, "cam-2": { interval_ms: 1000, patrol_ms: 9000 } },
      refused: [],
    });
  });

  it("goes back to the file for what is no longer named", () => {
    const twin = new Twin(FILE);
    twin.apply({ version: 1, heartbeat_ms: 5000, devices: { "cam-1": { interval_ms: 100 } } });
    twin.apply({ version: 2 });
    expect(twin.report(0)).toMatchObject({
      version: 2,
      heartbeat_ms: 30_000,
      devices: Object.fromEntries(FILE.cameras),
    });
  });

  it("refuses one wrong value by its path and takes the others", () => {
    const twin = new Twin(FILE);
    twin.apply({
      version: 4,
      heartbeat_ms: 1,
      interval_ms: "fast",
      patrol_ms: 5000,
      devices: { "cam-1": { interval_ms: 2.5 }, "cam-2": 7, ghost: { patrol_ms: 1000 } },
    });
    const { refused, devices, heartbeat_ms } = twin.report(0);
    expect(refused.map(({ path }) => path).sort()).toEqual([
      "devices.cam-1.interval_ms",
      "devices.cam-2",
      "devices.ghost",
      "heartbeat_ms",
      "interval_ms",
    ]);
    expect(heartbeat_ms).toBe(30_000);
    expect(devices["cam-1"]).toEqual({ interval_ms: 500, patrol_ms: 5000 });
  });

  it.each([[42], ["x"], [[]], [{ devices: [] }], [{ devices: { __proto__: null, constructor: 1 } }]])(
    "survives %j",
    (desired) => {
      const twin = new Twin(FILE);
      twin.apply(desired);
      const { devices, refused } = twin.report(0);
      expect(devices).toEqual(Object.fromEntries(FILE.cameras));
      expect(refused.length).toBeGreaterThan(0);
    },
  );

  it("reports within the contract's size, however many cameras and faults there are", () => {
    const cameras = new Map(
      Array.from({ length: 1000 }, (_, i) => [`cam-${i}`.padEnd(64, "x"), { interval_ms: 500, patrol_ms: 20_000 }]),
    );
    const twin = new Twin({ heartbeat_ms: 1000, cameras });
    twin.apply({
      devices: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`ghost-${i}`.padEnd(300, "y"), 1])),
    });
    expect(Buffer.byteLength(JSON.stringify(twin.report(0)))).toBeLessThan(LANE_LIMIT.twin);
  });
});

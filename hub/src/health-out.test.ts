import { beforeEach, describe, expect, it } from "vitest";
import type { Device } from "./device.ts";
import { HealthOut } from "./health-out.ts";
import type { HealthChange } from "./store/batch.ts";

const gauge = { id: 7, uid: "caiyuan/gauge-1", site: "caiyuan", name: "gauge-1" } as Device;
const change = (more: Partial<HealthChange>): HealthChange => ({
  subject: "device:caiyuan/gauge-1",
  deviceId: 7,
  ts: 1000,
  from: "online",
  to: "late",
  reason: "expected",
  ...more,
});

describe("health for integrators", () => {
  let sent: { topic: string; body: unknown; options: object }[];
  let out: HealthOut;
  beforeEach(() => {
    sent = [];
    out = new HealthOut({
      root: "gridhub/v1",
      device: (id) => (id === 7 ? gauge : null),
      publish: (topic, payload, options) => sent.push({ topic, body: JSON.parse(payload), options }),
    });
  });

  it("is one retained message a device and commit, with its newest state", () => {
    out.committed({ health: [change({}), change({ from: "late", to: "offline", ts: 2000 })] });
    expect(sent).toEqual([
      {
        topic: "gridhub/v1/caiyuan/out/health/gauge-1",
        body: { v: 1, device: "caiyuan/gauge-1", state: "offline", reason: "expected", ts: 2000 },
        options: { qos: 1, retain: true },
      },
    ]);
  });

  it("is told of every device at the start", () => {
    const other = { ...gauge, uid: "caiyuan/gauge-2", name: "gauge-2" };
    const known = { state: "online", reason: "heard", since: 500 } as const;
    out.tellAll([gauge, other], ({ name }) => (name === "gauge-1" ? known : undefined));
    expect(sent.map(({ topic, body }) => [topic, body])).toEqual([
      [
        "gridhub/v1/caiyuan/out/health/gauge-1",
        { v: 1, device: "caiyuan/gauge-1", state: "online", reason: "heard", ts: 500 },
      ],
    ]);
  });

  it("says nothing of edges, of devices that are gone, and of commits without a change", () => {
    out.committed({ health: [change({ subject: "edge:caiyuan/e1", deviceId: null }), change({ deviceId: 8 })] });
    out.committed({ health: [] });
    expect(sent).toEqual([]);
  });
});

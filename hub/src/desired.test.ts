import { expect, it } from "vitest";
import { Desired } from "./desired.ts";
import type { Device, Edge } from "./device.ts";

const EDGE: Edge = { id: 1, key: "port/e", site: "port", name: "e", title: "" };
const device = (name: string) => ({ name, edge: EDGE }) as unknown as Device;

function make() {
  const said: { topic: string; payload: unknown; retain?: boolean }[] = [];
  let now = 1000;
  const desired = new Desired(
    {
      publish: (topic, payload, options) =>
        void said.push({ topic, payload: JSON.parse(String(payload)) as unknown, retain: options?.retain }),
    },
    { root: "gridhub/v1", rooms: ["vision", "posture"], clock: () => now, intervalMs: 1_000_000 },
  );
  return { desired, said, tick: (ms: number) => (now += ms) };
}

it("publishes one retained document an edge, the heavier room wins, and versions grow", () => {
  const { desired, said, tick } = make();
  desired.wishDevice("posture", device("cam-1"), { patrol_ms: 2000 });
  desired.wishDevice("vision", device("cam-1"), { patrol_ms: 60_000, interval_ms: 4000 });
  desired.wishDevice("vision", device("cam-2"), { patrol_ms: 30_000 });
  desired.flush();
  tick(-500);
  desired.wishEdge("posture", EDGE, { heartbeat_ms: 5000 });
  desired.flush();
  expect(said).toEqual([
    {
      topic: "gridhub/v1/port/e/twin/desired",
      retain: true,
      payload: {
        version: 1000,
        devices: { "cam-1": { patrol_ms: 2000, interval_ms: 4000 }, "cam-2": { patrol_ms: 30_000 } },
      },
    },
    expect.objectContaining({ payload: expect.objectContaining({ version: 1001, heartbeat_ms: 5000 }) as unknown }),
  ]);
  desired.close();
});

it("says nothing twice, takes wishes back, and tells an edge that it meets for the first time that nothing is wished", () => {
  const { desired, said } = make();
  desired.wishDevice("vision", device("cam-1"), { patrol_ms: 2000 });
  desired.flush();
  desired.wishDevice("vision", device("cam-1"), { patrol_ms: 2000 });
  desired.flush();
  expect(said).toHaveLength(1);
  desired.wishDevice("vision", device("cam-1"), null);
  desired.flush();
  desired.announced(EDGE);
  desired.announced({ ...EDGE, id: 2, name: "f" });
  desired.flush();
  expect(said.map((s) => (s.payload as { devices: object }).devices)).toEqual([
    { "cam-1": { patrol_ms: 2000 } },
    {},
    {},
  ]);
  expect(said[2].topic).toBe("gridhub/v1/port/f/twin/desired");
  expect(() => desired.wishEdge("kitchen", EDGE, {})).toThrow(/kitchen/);
  desired.close();
});

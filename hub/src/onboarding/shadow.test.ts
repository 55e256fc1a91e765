import { expect, it } from "vitest";
import { deviceOf, frame, lowPressure, probe } from "./probe.testing.ts";
import { shadow, type ShadowRecord } from "./shadow.ts";
import { shadowAlarms } from "./shadow-alarms.ts";

const V1 = probe("1.0.0", { scale: 0.001 });
const V2 = probe("2.0.0", {
  scale: 0.0005,
  metrics: ["pressure", "state", "humidity"],
  states: { o: "ajar" },
  least: 5,
});
const T0 = Date.UTC(2025, 10, 22);
const at = (minute: number, payload: ShadowRecord["payload"], deviceId = 1): ShadowRecord => ({
  deviceId,
  ts: T0 + minute * 60_000,
  port: 0,
  payload,
});
const of = (report: ReturnType<typeof shadow>, metric: string) => report.metrics.find((m) => m.metric === metric);

it("compares numbers, words, earlier samples and records of values, with counts and examples", () => {
  const report = shadow(V1, V2, [at(0, frame(100, 20, "o", 90, 80)), at(9, frame(0, 20, "x", 0)), at(12, { p: 70 })]);
  expect(report).toMatchObject({ frames: 3, records: 1, past: 3, bothRefused: 0 });
  expect(of(report, "pressure")).toMatchObject({ equal: 2, changed: 4, lost: 0, gained: 0 });
  expect(of(report, "pressure")?.examples).toContainEqual({ deviceId: 1, ts: T0 - 60_000, from: 0.09, to: 0.045 });
  expect(of(report, "pressure")?.examples).toContainEqual({ deviceId: 1, ts: T0 + 720_000, from: 0.07, to: 0.035 });
  expect(of(report, "state")).toMatchObject({ equal: 1, changed: 1, examples: [{ from: "open", to: "ajar" }] });
  expect(of(report, "temperature")).toMatchObject({ lost: 2, gained: 0 });
  expect(of(report, "humidity")).toMatchObject({ lost: 0, gained: 2, examples: [{ from: null, to: 10 }, {}] });
});

it("says which frames are newly refused and accepted", () => {
  const records = [at(0, frame(100)), at(1, Buffer.from("00", "hex")), at(2, { q: 1 })];
  const report = shadow(V1, V2, records);
  expect(report.newlyRefused).toMatchObject({ count: 1, examples: [{ reason: "frame_short", detail: "4 bytes" }] });
  expect(report).toMatchObject({ bothRefused: 2, newlyAccepted: { count: 0 } });
  expect(shadow(V2, V1, records).newlyAccepted).toMatchObject({ count: 1, examples: [{ detail: "4 bytes" }] });
});

it("says which alarms would differ: raised by one version when the other has it not", () => {
  const values = [300, 150, 300, 80, 300];
  // newest first, as they come from the database; earlier samples are part of it
  const records = values.map((raw, i) => at(i * 10, frame(raw, 20, "o", raw))).reverse();
  const devices = [deviceOf(1, V1)];
  const find = (id: number) => devices.find((device) => device.id === id);
  const gone = at(0, frame(10, 20, "o", 10), 2);
  expect(shadowAlarms(V1, V2, [...records, gone], find, { rules: lowPressure })).toEqual([
    {
      kind: "hydrant.low_pressure",
      from: 1,
      to: 2,
      lost: 0,
      gained: 1,
      examples: [{ deviceId: 1, ts: T0 + 9 * 60_000, what: "gained" }],
    },
  ]);
  expect(shadowAlarms(V1, V1, records, find, { rules: lowPressure })).toMatchObject([
    { from: 1, to: 1, lost: 0, gained: 0 },
  ]);
});

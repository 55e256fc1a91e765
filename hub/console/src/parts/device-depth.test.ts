import { describe, expect, it } from "vitest";
import type { DeviceHealthReport } from "../../../src/api/reports-schema.ts";
import { depthRows } from "./device-depth.ts";

const DAY = 86_400_000;
const NOTHING: DeviceHealthReport = {
  ...{ from: 0, to: 7 * DAY, timeZone: "Asia/Shanghai", metrics: [], battery: null, radio: [], frames: null },
  ...{ expected: null, duplicates: 0, firmware: [], firmwareDrift: null },
  clock: { lagMs: null, behindMs: null, ahead: 0, late: 0 },
  availability: {
    ...{
      key: "t/h1",
      title: "",
      place: "",
      subjects: 1,
      judged: 0,
      availability: null,
      reach: null,
      upMs: 0,
      downMs: 0,
    },
    ...{ edgeMs: 0, flappingMs: 0, outages: 0, flaps: 0, mtbfMs: null, mttrMs: null, longestMs: 0, health: "unknown" },
  },
};
const told = (change: Partial<DeviceHealthReport>, lang: "zh" | "en" = "zh") =>
  depthRows({ ...NOTHING, ...change }, [], lang).map(({ key, text, note, tone }) => [key, text, note, tone].join("|"));

describe("the depth of a device's health", () => {
  it("says nothing of what is not known", () => {
    expect(told({})).toEqual([]);
  });

  it("tells battery and radio with their trend, and how loud they are", () => {
    const battery = { uid: "", title: "", place: "", metric: "battery", unit: "V", value: 3.31, ts: 0, perDay: -0.02, empty: 3.1, daysLeft: 10.5, state: "replace" }; // prettier-ignore
    const report: DeviceHealthReport = { ...NOTHING, battery, radio: [[0, -90, 7.25], [DAY, -101.4, null], [2 * DAY, null, null]] }; // prettier-ignore
    const [charge, radio] = depthRows(report, [3.5, 3.4, 3.3], "zh");
    expect(charge).toMatchObject({ text: "3.31 V", note: "约剩 10 天 · 每 30 天 -0.6 V", tone: "offline", trend: [3.5, 3.4, 3.3] }); // prettier-ignore
    expect(radio).toMatchObject({ text: "-101 dBm", note: "", trend: [-90, -101.4] });
    expect(told({ battery: { ...battery, metric: "battery_percent", unit: "1", value: 88, perDay: null, daysLeft: null, state: "unknown" } })).toEqual(["battery|88 %|历史不足|"]); // prettier-ignore
  });

  it("tells loss, samples, clock, doubtful readings and firmware that drifts", () => {
    const said = told(
      {
        availability: { ...NOTHING.availability, availability: 0.85, outages: 2, downMs: DAY, flaps: 3 },
        frames: { received: 900, lost: 100, resets: 1, share: 0.1 },
        expected: { samples: 999, expected: 1000, share: 0.999 },
        clock: { lagMs: 120_000, behindMs: null, ahead: 2, late: 5 },
        metrics: [{ metric: "pressure", readings: 9, outOfRange: 0, invalid: 1, jumps: 2, stuck: 0, last: 1 }],
        duplicates: 4,
        firmware: [
          { version: "1.0", since: 0 },
          { version: "1.1", since: DAY },
        ],
        firmwareDrift: "1.2",
      },
      "en",
    );
    expect(said).toEqual([
      "availability|85.0 %||offline",
      "outages|2, 1 d in all||late",
      "flaps|3×||late",
      "loss|10.0 %|100 lost, 900 received · counter reset 1×|late",
      "samples|99.9 %|999 of 1,000 expected|",
      "late|5|clock ahead 2 · clock off by 2 min|late",
      "quality|Pressure|1 invalid · 2 jumps|late",
      "duplicates|4||",
      "firmware|1.1|most others have 1.2|late",
    ]);
  });
});

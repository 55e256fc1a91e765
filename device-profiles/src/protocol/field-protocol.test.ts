import { describe, expect, it } from "vitest";
import { loadText } from "../load.ts";
import { Quality, RecordBuffer } from "../reading.ts";
import { toReadings } from "../vector.ts";
import { encodeSl651, type Sl651Report } from "./sl651/encode.ts";

const at = Date.parse("2026-08-01T04:00:00Z");
const report: Sl651Report = {
  ...{ centre: 1, station: "3309220001", password: "0000", function: 0x34, serial: 7, sentAt: at, observedAt: at },
  elements: [{ id: 0x38, length: 2, decimals: 2, value: 12.41 }],
  hourly: new Map([[0xf4, [0.1, 0.2, 0.3]]]),
};

function profile(metrics: string) {
  return loadText(
    `profile: v1
id: test/station@1.0.0
kind: flood_gauge
title: {zh: 站, en: Station}
transport: {uplink: raw}
codec: {protocol: sl651}
metrics: ${metrics}
vectors:
  - {hex: "7E7E01001234567812342F0008020003591011155111036BCA", out: {}}
`,
    "station.yaml",
  );
}

describe("a profile of a field protocol", () => {
  const { compiled } = profile("{rain: {}, battery: {range: [10, 12]}}").profile!;
  const out = new RecordBuffer();
  const read = (port: number) => {
    const rejection = compiled.decodeFrame(encodeSl651(report), port, out);
    return rejection ?? toReadings(compiled, out).map((r) => [r.metric, r.value, r.quality]);
  };

  it("gives the newest sample as the record and the others as its past", () => {
    expect(read(0)).toEqual([
      ["rain", null, Quality.invalid],
      ["battery", 12.41, Quality.out_of_range],
    ]);
    expect([out.ts - at, out.pasts]).toEqual([55 * 60_000, 11]);
    expect(out.past.slice(0, 3).map((p) => [p.ts - at, p.num[0]])).toEqual([
      [0, 0.1],
      [300_000, 0.2],
      [600_000, 0.3],
    ]);
  });

  it("gives one sample by its number", () => {
    expect(read(2)).toEqual([["rain", 0.2, Quality.good]]);
    expect([out.ts - at, out.pasts]).toEqual([300_000, 0]);
    expect(read(13)).toMatchObject({ reason: "frame_selector" });
  });

  it("keeps values whose time is nonsense, marked, under the time of the envelope", () => {
    const frame = encodeSl651({ ...report, function: 0x32, hourly: undefined, observedAt: 4_102_444_800_000 });
    expect(compiled.decodeFrame(frame, 0, out)).toBeNull();
    expect([out.n, out.ts, out.quality[0] & Quality.clock]).toEqual([1, expect.any(Number), expect.any(Number)]);
  });

  it("says what the protocol gives where a metric is none of it, or none is listed", () => {
    const messages = (metrics: string) => profile(metrics).problems.map((p) => p.message);
    expect(messages("{rain_totl: {unit: mm, title: {zh: 雨, en: Rain}}}")[0]).toMatch(/did you mean "rain_total"/);
    expect(messages("{}")[0]).toMatch(/list the metrics that you want of sl651: /);
  });
});

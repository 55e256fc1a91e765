import { describe, expect, it } from "vitest";
import {
  ago,
  clock,
  count,
  day,
  distance,
  duration,
  exact,
  latency,
  megabytes,
  moment,
  share,
  unit,
  value,
  measure,
} from "./format.ts";

const MIN = 60_000;
const HOUR = 60 * MIN;
/** 2026-11-22 03:04:36 UTC = 11:04:36 in Shanghai */
const NOW = Date.UTC(2026, 10, 22, 3, 4, 36);

describe("times", () => {
  it("are shown in Shanghai wherever the browser stands", () => {
    expect(clock(NOW)).toBe("11:04:36");
    expect(exact(NOW)).toBe("2026-11-22 11:04:36");
    expect(exact(Date.UTC(2026, 10, 21, 16, 0, 0))).toBe("2026-11-22 00:00:00");
  });

  it("name the day in both languages", () => {
    expect(day(NOW, "zh")).toBe("11月22日 周日");
    expect(day(NOW, "en")).toBe("Sun 22 Nov");
  });

  it("carry the date only when it is not today in Shanghai", () => {
    expect(moment(NOW - 2 * HOUR, NOW)).toBe("09:04:36");
    expect(moment(NOW - 12 * HOUR, NOW)).toBe("11/21 23:04");
  });

  it.each([
    [1_000, "刚刚", "now"],
    [-60_000, "刚刚", "now"],
    [42_000, "42 秒", "42 s"],
    [3 * MIN, "3 分钟", "3 min"],
    [5 * HOUR + 50 * MIN, "5 小时", "5 h"],
  ])("ago %i ms", (age, zh, en) => {
    expect(ago(NOW - age, NOW, "zh")).toBe(zh);
    expect(ago(NOW - age, NOW, "en")).toBe(en);
  });

  it("ago turns into a date after a day", () => {
    expect(ago(NOW - 30 * HOUR, NOW, "zh")).toBe("11/21");
    expect(ago(NOW - 30 * HOUR, NOW, "en")).toBe("21 Nov");
  });

  it.each([
    [0, "0 秒"],
    [59_999, "59 秒"],
    [HOUR, "1 小时"],
    [3 * HOUR + 12 * MIN, "3 小时 12 分"],
    [51 * HOUR, "2 天"],
  ])("duration %i ms", (ms, text) => {
    expect(duration(ms, "zh")).toBe(text);
  });
});

describe("numbers", () => {
  it("group thousands and mark what is absent", () => {
    expect(count(1284)).toBe("1,284");
    expect(count(null)).toBe("–");
    expect(value(0.28349, 2)).toBe("0.28");
    expect(value(Number.NaN)).toBe("–");
  });

  it("never claim 100 % while something is missing", () => {
    expect(share(9999, 10_000)).toBe("99.9%");
    expect(share(10, 10)).toBe("100%");
    expect(share(0, 0)).toBe("–");
    expect(share(976, 1000)).toBe("97.6%");
  });

  it("write distances and UCUM units as people do", () => {
    expect(distance(140.4)).toBe("140 m");
    expect(distance(1830)).toBe("1.8 km");
    expect(unit("Cel")).toBe("°C");
    expect(unit("MPa")).toBe("MPa");
    expect(["uS/cm", "m3/h", "[NTU]", "[pH]", "ug/m3", "1"].map(unit)).toEqual([
      "μS/cm",
      "m³/h",
      "NTU",
      "",
      "μg/m³",
      "",
    ]);
    expect([measure(0.08, "MPa"), measure(30, "deg"), measure(3, "1")]).toEqual(["0.08 MPa", "30°", "3"]);
  });
});

it("tells sizes and short times with the digits that matter", () => {
  expect([megabytes(0), megabytes(430_000), megabytes(12e6)]).toEqual(["0.0 MB", "0.4 MB", "12 MB"]);
  expect([latency(411.6, "zh"), latency(2000, "en")]).toEqual(["412 ms", "2 s"]);
});

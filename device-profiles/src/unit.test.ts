import { describe, expect, it } from "vitest";
import { METRICS } from "./metric.ts";
import { convert, isUnit } from "./unit.ts";
import { parseDuration } from "./duration.ts";

describe("convert", () => {
  it.each([
    ["bar", "MPa", 2.5, 0.25],
    ["kPa", "MPa", 280, 0.28],
    ["mm", "m", 4232, 4.232],
    ["[degF]", "Cel", 212, 100],
    ["K", "Cel", 273.15, 0],
    ["m3/h", "L/s", 36, 10],
    ["km/h", "m/s", 36, 10],
    ["mV", "V", 3168, 3.168],
  ])("%s -> %s", (from, to, value, expected) => {
    const c = convert(from, to);
    expect(value * (c?.factor ?? 0) + (c?.shift ?? 0)).toBeCloseTo(expected, 9);
  });

  it("refuses units of different kinds and unknown ones", () => {
    expect(convert("bar", "m")).toBeNull();
    expect(convert("dBm", "dB")).toBeNull();
    expect(convert("BAR", "MPa")).toBeNull();
    expect(isUnit("toString")).toBe(false);
  });
});

describe("the metric registry", () => {
  it("has one entry a name, known units, sound ranges and both titles", () => {
    expect(new Set(METRICS.map((m) => m.name)).size).toBe(METRICS.length);
    for (const m of METRICS) {
      expect(isUnit(m.unit), `${m.name} ${m.unit}`).toBe(true);
      expect(m.name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(m.zh.length * m.en.length * m.meaning.length).toBeGreaterThan(0);
      if (m.range !== null) expect(m.range[0]).toBeLessThan(m.range[1]);
    }
  });
});

describe("parseDuration", () => {
  it.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["48h", 172_800_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["2d", 172_800_000],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "10", "m", "-5m", "5 m", "5w"])("refuses %j", (text) => expect(parseDuration(text)).toBeNull());
});

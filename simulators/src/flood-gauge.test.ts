import { describe, expect, it } from "vitest";
import { GAUGE } from "./demo/devices.ts";
import { FloodGauge } from "./flood-gauge.ts";
import { createRandom } from "./random.ts";
import { createTide, HIGHEST_TIDE } from "./tide.ts";

const tide = createTide(createRandom("tide"));
const HOUR = 3_600_000;

describe("the tide", () => {
  it("rises and falls twice a day within its constituents", () => {
    const levels = Array.from({ length: 24 * 6 }, (_, i) => tide.levelAt((i * HOUR) / 6));
    expect(Math.max(...levels.map(Math.abs))).toBeLessThanOrEqual(HIGHEST_TIDE);
    const highs = levels.filter((x, i) => i > 0 && i < levels.length - 1 && x > levels[i - 1] && x >= levels[i + 1]);
    expect(highs.length).toBeGreaterThanOrEqual(1);
    expect(highs.length).toBeLessThanOrEqual(2);
  });
});

describe("a flood gauge", () => {
  it("never warns by the tide alone", () => {
    const gauge = new FloodGauge(tide, GAUGE, createRandom("g"));
    for (let day = 0; day < 29; day++)
      for (let h = 0; h < 24; h++) expect(gauge.sample((day * 24 + h) * HOUR).level).toBeLessThan(GAUGE.warning - 0.3);
  });

  it("rises above the warning level within seconds of a surge and falls again", () => {
    const gauge = new FloodGauge(tide, GAUGE, createRandom("g"));
    gauge.sample(0);
    gauge.surgeTarget = GAUGE.surge;
    gauge.rainRate = 36;
    const rising = Array.from({ length: 8 }, (_, i) => gauge.sample((i + 1) * 1000));
    expect(rising[0].level).toBeLessThan(GAUGE.warning);
    expect(rising[7].level).toBeGreaterThan(GAUGE.warning);
    expect(rising[7].level).toBeLessThan(GAUGE.guarantee);
    expect(rising[7].rain).toBeCloseTo(0.01, 5); // 36 mm/h over one second
    gauge.surgeTarget = 0;
    expect(gauge.sample(16_000).level).toBeLessThan(GAUGE.warning - 0.3);
  });
});

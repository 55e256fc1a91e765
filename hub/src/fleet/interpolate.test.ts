import { describe, expect, it } from "vitest";
import { between, placeAt, simplified } from "./interpolate.ts";
import { mmsiFault } from "./mmsi.ts";

describe("positions between and after fixes", () => {
  const fixes = [
    { ts: 0, lon: 179.9, lat: 30, sog: 10, cog: 90 },
    { ts: 60_000, lon: -179.9, lat: 30.2, sog: 10, cog: 0 },
  ];

  it("goes straight, across the date line too", () => {
    expect(between(fixes[0], fixes[1], 30_000).lat).toBeCloseTo(30.1, 9);
    expect(Math.abs(between(fixes[0], fixes[1], 30_000).lon)).toBeCloseTo(180, 9);
  });

  it("knows nothing before the first fix, in long pauses and long after the last", () => {
    expect(placeAt(fixes, -1, 60_000, 60_000)).toBeNull();
    expect(placeAt(fixes, 30_000, 59_000, 60_000)).toBeNull();
    expect(placeAt(fixes, 180_001, 60_000, 120_000)).toBeNull();
    // 10 kn north for a minute: a sixth of a mile
    expect(placeAt(fixes, 120_000, 60_000, 120_000)?.lat).toBeCloseTo(30.2 + 1 / 6 / 60.0405, 6);
  });

  it("keeps the corners of a line and no point that the line does not need", () => {
    const lons = Array.from({ length: 201 }, (_, i) => 122 + Math.min(i, 100) * 1e-4);
    const lats = Array.from({ length: 201 }, (_, i) => 30 + Math.max(0, i - 100) * 1e-4);
    expect(simplified(lons, lats, 5)).toEqual([0, 100, 200]);
    expect(simplified(lons, lats, 1e6)).toEqual([0, 200]);
    expect(simplified([1], [1], 5)).toEqual([0]);
  });

  it.each([
    [412_345_601, null],
    [970_012_345, null],
    [111_412_001, null],
    [998_412_001, "no_country"],
    [100_900_001, "no_country"],
    [800_000_123, "no_country"],
    [123_456_789, "placeholder"],
    [1234, "not_nine_digits"],
  ])("the number %i: %s", (mmsi, fault) => expect(mmsiFault(mmsi)).toBe(fault));
});

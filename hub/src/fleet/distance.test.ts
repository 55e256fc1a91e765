import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadReckon, distanceNm, median } from "./distance.ts";

describe("distanceNm", () => {
  it.each([
    // geodesic on WGS84 (Vincenty), NM
    ["a minute of latitude", 122, 30, 122, 30 + 1 / 60, 0.9978],
    ["a degree of longitude on the equator", 0, 0, 1, 0, 60.1077],
    ["across the date line", 179.5, 0, -179.5, 0, 60.1077],
    ["JFK to LHR", -73.7789, 40.6397, -0.4614, 51.4775, 2999],
  ])("%s within 0.6 %%", (_, lon1, lat1, lon2, lat2, nm) => {
    expect(Math.abs(distanceNm(lon1, lat1, lon2, lat2) / nm - 1)).toBeLessThan(0.006);
  });

  it("a reckoned place is as far as the vessel sails", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.double({ min: -70, max: 70, noNaN: true }),
        fc.double({ min: 0.5, max: 30, noNaN: true }),
        fc.double({ min: 0, max: 360, noNaN: true }),
        (lon, lat, sog, cog) => {
          const there = deadReckon({ lon, lat }, sog, cog, 600_000);
          expect(distanceNm(lon, lat, there.lon, there.lat)).toBeCloseTo(sog / 6, 1);
        },
      ),
    );
  });
});

describe("median", () => {
  it("is the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bd09ToGcj02, gcj02ToBd09, gcj02ToWgs84, toWgs84, wgs84ToGcj02 } from "./datum.ts";

const METRES_PER_DEGREE = 111_195;
const china = { lon: fc.double({ min: 74, max: 134, noNaN: true }), lat: fc.double({ min: 18, max: 53, noNaN: true }) };

describe("datum shift", () => {
  it("shifts WGS84 by some 409 m east and 245 m south at Shengsi", () => {
    const [lon, lat] = wgs84ToGcj02(122.4673, 30.7141);
    const east = (lon - 122.4673) * METRES_PER_DEGREE * Math.cos((30.7141 * Math.PI) / 180);
    const north = (lat - 30.7141) * METRES_PER_DEGREE;
    expect(Math.abs(east - 409)).toBeLessThan(15);
    expect(Math.abs(north + 245)).toBeLessThan(15);
  });

  it("agrees with published values in Beijing", () => {
    const [glon, glat] = wgs84ToGcj02(116.404, 39.915);
    expect(glon).toBeCloseTo(116.41024449916938, 8);
    expect(glat).toBeCloseTo(39.91640428150164, 8);
    const [blon, blat] = gcj02ToBd09(116.404, 39.915);
    expect(blon).toBeCloseTo(116.41036949371029, 8);
    expect(blat).toBeCloseTo(39.92133699351021, 8);
  });

  it("is inverted to a tenth of a millimetre", () => {
    fc.assert(
      fc.property(china.lon, china.lat, (lon, lat) => {
        const g = wgs84ToGcj02(lon, lat);
        const back = gcj02ToWgs84(g[0], g[1]);
        expect(Math.abs(back[0] - lon)).toBeLessThan(1e-9);
        expect(Math.abs(back[1] - lat)).toBeLessThan(1e-9);
        const b = gcj02ToBd09(g[0], g[1]);
        const g2 = bd09ToGcj02(b[0], b[1]);
        expect(Math.abs(g2[0] - g[0])).toBeLessThan(1e-9);
        expect(Math.abs(g2[1] - g[1])).toBeLessThan(1e-9);
        const w = toWgs84("bd09", b[0], b[1]);
        expect(Math.abs(w[0] - lon)).toBeLessThan(2e-9);
        expect(Math.abs(w[1] - lat)).toBeLessThan(2e-9);
      }),
    );
  });

  it("leaves the world outside the box alone", () => {
    expect(wgs84ToGcj02(2.35, 48.85)).toEqual([2.35, 48.85]);
    expect(toWgs84("gcj02", 139.7, 35.7)).toEqual([139.7, 35.7]);
    expect(toWgs84("wgs84", 122, 30)).toEqual([122, 30]);
  });
});

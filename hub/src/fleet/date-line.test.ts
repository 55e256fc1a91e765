import type { Position } from "@gridhub/device-profiles/reading.ts";
import { describe, expect, it } from "vitest";
import { AreaIndex } from "./area-index.ts";
import type { AreaPolygon, SeaArea } from "./membership.ts";
import { Shelters } from "./recall/shelters.ts";
import { type SceneOptions, scene, told } from "./scene.testing.ts";
import { at, CREW, MINUTE, type Sea } from "./sea.testing.ts";

const rect = (west: number, south: number, east: number, north: number): AreaPolygon => [
  [[west, south], [east, south], [east, north], [west, north], [west, south]], // prettier-ignore
];
const area = (id: string, rule: SeaArea["rule"], ...polygons: AreaPolygon[]): SeaArea => ({
  id,
  name: id,
  rule,
  polygons,
  sea: {},
});
/** 12 NM wide at 60 degrees north, half of it on either side */
const across = [rect(179.8, 60, 180, 60.2), rect(-180, 60, -179.8, 60.2)];
const crew: SceneOptions = { formations: { f1: CREW }, minutes: 60 };
/** eastwards over the meridian at 8 knots: 0.267 degrees of longitude an hour */
const sail = (sea: Sea, ms: number, from: number, lat = 60.1, more: Partial<Position> = {}) => {
  const lon = from + ((8 / 60.0405 / 0.5) * ms) / 3_600_000;
  sea.hear({ ...at(CREW[0], sea.now, 0, { sog: 8, cog: 90, ...more }), lon: lon > 180 ? lon - 360 : lon, lat });
};

describe("at the 180th meridian", () => {
  it("an area in two parts is one area, entered and left once", () => {
    const sea = scene(
      { ...crew, minutes: 150, areas: [area("zone", "no_go", ...across)] },
      (ms, s) => sail(s, ms, 179.7),
      4,
    );
    expect(told(sea)).toEqual(["vessel.no_go raise", "vessel.no_go clear"]);
    // 0.4 degrees at 0.267 an hour, and the 100 m beyond
    expect((sea.findings[1].ts - sea.findings[0].ts) / MINUTE).toBeGreaterThan(88);
    expect((sea.findings[1].ts - sea.findings[0].ts) / MINUTE).toBeLessThan(93);
  });

  it("a thin strip along it is crossed between two fixes", () => {
    const strip = area("strip", "no_go", rect(179.9995, 60, 180, 60.2), rect(-180, 60, -179.9995, 60.2));
    const sea = scene({ ...crew, areas: [strip] }, (ms, s) => sail(s, ms, 179.9011), 4);
    expect(told(sea)).toEqual(["vessel.no_go raise", "vessel.no_go clear"]);
    expect(sea.findings[0].evidence.crossed).toBe(true);
  });

  it("a step over it does not go round the world through every zone on its latitude", () => {
    const far = area("far", "no_go", rect(10, 60, 11, 60.2));
    expect(told(scene({ ...crew, areas: [far] }, (ms, s) => sail(s, ms, 179.9), 2))).toEqual([]);
    const index = new AreaIndex([far, area("zone", "no_go", ...across)]);
    expect(index.near(179.99, 60.1, -179.99, 60.1)).toEqual([1]);
    expect(index.near(-179.99, 60.1, 179.99, 60.1)).toEqual([1]);
    expect(index.crosses(0, 179.99, 60.1, -179.99, 60.1)).toBe(false);
    expect(index.borderM(1, -179.7, 60.1)).toBeCloseTo(0.1 * 111_195 * Math.cos((60.1 * Math.PI) / 180), -2);
  });

  it("the nearest harbour may lie on the other side", () => {
    const shelters = new Shelters([area("west", "harbour", rect(-179.9, 60, -179.8, 60.1)), area("far", "harbour", rect(178, 60, 178.1, 60.1))], []); // prettier-ignore
    expect(shelters.nearest(179.9, 60.05)).toMatchObject({ id: "west" });
  });

  it("a port without polygon is entered from the other side", () => {
    const port: SeaArea = { ...area("port", "harbour"), sea: { ports: [[-179.99, 60.1]] } };
    const sea = scene({ ...crew, areas: [port] }, (ms, s) => sail(s, ms, 179.8), 2);
    expect(sea.fleet.portVisits(CREW[0]).map((visit) => visit.gridId)).toEqual(["port"]);
  });

  it("a vessel at anchor on it does not drag", () => {
    const sea = scene(
      crew,
      (ms, s) => {
        const lon = 180 + 0.0008 * Math.sin(ms / 60_000);
        s.hear({ ...at(CREW[0], s.now, 0, { sog: 0.2, status: 1 }), lon: lon > 180 ? lon - 360 : lon, lat: 60.1 });
      },
      2,
    );
    expect(told(sea)).toEqual([]);
  });
});

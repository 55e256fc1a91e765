import { describe, expect, it } from "vitest";
import { readCoast } from "./world/coast.ts";
import { ringsOf, type GridFeature } from "./world/feature.ts";
import { contains, crosses, distanceToEdge, innerPoint, isSimple, type Point, type Ring } from "./world/polygon.ts";
import { HARBOURS } from "./world/sea.ts";
import { createRandom } from "./random.ts";
import { buildWorld } from "./world.ts";

const world = buildWorld();
const level = (name: string): GridFeature[] => world.features.filter((f) => f.properties.level === name);
const inside = (f: GridFeature, p: Point): boolean => ringsOf(f.geometry).some((ring) => contains(ring, p));
const TOLERANCE = 3e-6; // degrees: coordinates are rounded to 6 decimals

const toEdge = (rings: readonly Ring[], p: Point): number => Math.min(...rings.map((ring) => distanceToEdge(ring, p)));

describe("the world", () => {
  it("has the county's figures", () => {
    const count = (name: string): number => level(name).length;
    expect([count("county"), count("town"), count("village"), count("grid"), count("micro_grid")]).toEqual([
      1, 7, 37, 77, 332,
    ]);
    expect(count("formation")).toBe(213);
    const use = (u: string): number => level("area").filter((f) => f.properties.use === u).length;
    expect([use("fishing"), use("aquaculture"), use("transport")]).toEqual([75, 7, 2]);
    expect(world.vessels.length).toBe(1168);
    expect(level("formation").flatMap((f) => f.properties.members ?? []).length).toBe(1132);
  });

  it("is the same for the same seed and another for another", () => {
    expect(JSON.stringify(buildWorld().features)).toBe(JSON.stringify(world.features));
    expect(JSON.stringify(buildWorld("other").features)).not.toBe(JSON.stringify(world.features));
  });

  it("has unique ids, known parents before their children, and says that borders are synthetic", () => {
    const seen = new Set<string>();
    for (const { id, properties } of world.features) {
      expect(seen.has(id)).toBe(false);
      if (properties.parent === null) expect(properties.level).toBe("county");
      else expect(seen.has(properties.parent)).toBe(true);
      expect(properties.synthetic).toBe(true);
      expect(properties.id).toBe(id);
      seen.add(id);
    }
  });

  it("has simple, closed, counter-clockwise rings", () => {
    for (const { id, geometry } of world.features) {
      for (const ring of ringsOf(geometry)) expect(isSimple(ring), id).toBe(true);
      if (geometry?.type === "Polygon") expect(geometry.coordinates[0].at(-1)).toEqual(geometry.coordinates[0][0]);
    }
  });

  it("keeps every cell on land inside its parent", () => {
    for (const f of world.features) {
      const parent = f.properties.parent === null ? undefined : world.feature.get(f.properties.parent);
      if (parent === undefined || f.geometry === null || f.properties.level === "area") continue;
      for (const ring of ringsOf(f.geometry)) {
        for (const p of ring)
          expect(inside(parent, p) || toEdge(ringsOf(parent.geometry), p) < TOLERANCE, f.id).toBe(true);
        expect(inside(parent, innerPoint(ring)), f.id).toBe(true);
      }
    }
  });

  it("covers the islands with micro-grids, each point once", () => {
    const random = createRandom("points");
    const micro = level("micro_grid");
    let tested = 0;
    for (const { ring } of readCoast()) {
      const xs = ring.map((p) => p[0]);
      const ys = ring.map((p) => p[1]);
      for (let i = 0; i < 150; i++) {
        const p: Point = [
          random.between(Math.min(...xs), Math.max(...xs)),
          random.between(Math.min(...ys), Math.max(...ys)),
        ];
        if (!contains(ring, p) || toEdge([ring], p) < TOLERANCE) continue;
        const owners = micro.filter((f) => inside(f, p));
        if (owners.some((f) => toEdge(ringsOf(f.geometry), p) < TOLERANCE)) continue;
        expect(owners.length).toBe(1);
        tested++;
      }
    }
    expect(tested).toBeGreaterThan(1500);
  });

  it("keeps sea areas apart from each other and off the islands", () => {
    const areas = level("area");
    const coast = readCoast();
    for (const f of areas) {
      const [ring] = ringsOf(f.geometry);
      for (const other of areas)
        if (other !== f) expect(inside(other, innerPoint(ring)), `${f.id} ${other.id}`).toBe(false);
      for (const island of coast) {
        expect(contains(ring, island.ring[0]) || contains(island.ring, ring[0]), f.id).toBe(false);
        for (let i = 0; i < ring.length; i++)
          for (let j = 0; j < island.ring.length; j++) {
            const [a, b] = [ring[i], ring[(i + 1) % ring.length]];
            expect(crosses(a, b, island.ring[j], island.ring[(j + 1) % island.ring.length]), f.id).toBe(false);
          }
      }
    }
  });

  it("puts harbours on the water and formations inside their area", () => {
    for (const [town, at] of Object.entries(HARBOURS)) {
      const rings = readCoast().map((island) => island.ring);
      expect(
        rings.some((ring) => contains(ring, at)),
        town,
      ).toBe(false);
      expect(toEdge(rings, at), town).toBeGreaterThan(0.001);
    }
    for (const { area, ground, id } of world.formations) expect(contains(area.ring, ground), id).toBe(true);
  });

  it("registers every vessel once, with a Chinese MMSI and names that AIS can carry", () => {
    expect(new Set(world.vessels.map((v) => v.mmsi)).size).toBe(1168);
    expect(new Set(world.vessels.map((v) => v.name)).size).toBe(1168);
    for (const v of world.vessels) {
      expect(String(v.mmsi)).toMatch(/^41[23]\d{6}$/);
      expect(v.aisName).toMatch(/^[A-Z0-9]{1,20}$/);
      expect(v.callsign).toMatch(/^[A-Z0-9]{1,7}$/);
    }
    for (const f of world.formations) expect(f.vessels.length).toBeGreaterThanOrEqual(3);
  });
});

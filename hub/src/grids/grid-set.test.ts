import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "./geojson.ts";
import type { Grid } from "./grid.ts";
import { GridSet } from "./grid-set.ts";
import { wgs84ToGcj02 } from "./datum.ts";

type Props = Record<string, unknown>;
const square = (x: number, y: number, size: number) => ({
  type: "Polygon",
  coordinates: [
    [
      [x, y],
      [x + size, y],
      [x + size, y + size],
      [x, y + size],
      [x, y],
    ],
  ],
});
const cell = (id: string, geometry: unknown, properties: Props = {}) => ({
  type: "Feature",
  properties: { id, name: `cell ${id}`, level: "grid", category: "integrated", parent: null, ...properties },
  geometry,
});
const collection = (...features: unknown[]) => ({ type: "FeatureCollection", features });

/** A county with a town, a village of two cells, a market in them, sea areas that overlap, and a formation. */
const county = collection(
  cell("c", square(121, 30, 2), { level: "county" }),
  cell("t", square(122, 30.5, 0.5), { level: "town", parent: "c", codes: { site: "harbour" } }),
  cell("v", square(122, 30.5, 0.2), { level: "village", parent: "t" }),
  cell("g1", square(122, 30.5, 0.1), { parent: "v" }),
  cell("g2", square(122.1, 30.5, 0.1), { parent: "v" }),
  cell("g1-1", square(122, 30.5, 0.05), { parent: "g1", level: "micro_grid" }),
  cell("market", square(122.02, 30.52, 0.02), { parent: "v", category: "dedicated" }),
  cell("fishing", square(121.9, 30.4, 0.5), { parent: "c", level: "area", category: "maritime", use: "fishing" }),
  cell("farm", square(121.95, 30.45, 0.04), { parent: "c", level: "area", category: "maritime" }),
  cell("f1", null, {
    parent: "fishing",
    level: "formation",
    category: "maritime",
    members: [{ mmsi: 412000001, name: "one", role: "lead" }, { mmsi: 412000002 }],
  }),
);
const { set, problems } = GridSet.build([county], 7);

describe("GridSet", () => {
  it("reads a sound collection without problems", () => {
    expect(problems).toEqual([]);
    expect(set.version).toBe(7);
    expect(set.size).toBe(10);
  });

  it.each([
    ["the finest level", 122.01, 30.51, "g1-1"],
    ["a dedicated grid over finer general ones", 122.03, 30.53, "market"],
    ["the smaller id on a shared boundary", 122.1, 30.55, "g1"],
    ["a corner that four cells share", 122.05, 30.55, "g1-1"],
    ["a village where no cell is", 122.1, 30.65, "v"],
    ["land before the sea", 122.15, 30.55, "g2"],
    ["the smaller of two areas at sea", 121.96, 30.46, "farm"],
    ["an area at sea before town and county", 122.35, 30.55, "fishing"],
    ["a town outside all cells", 122.45, 30.95, "t"],
  ])("locates %s", (_name, lon, lat, gridId) => {
    expect(set.locate(lon, lat)).toEqual({ gridId, match: "inside" });
  });

  it("names the area of the sea at a position, whatever land is there", () => {
    const sea = set.at(0);
    expect([sea.areaAt(121.96, 30.46), sea.areaAt(122.03, 30.53), sea.areaAt(110, 30)]).toEqual(["cell farm", "cell fishing", null]); // prettier-ignore
  });

  it("flags the nearest cell within the tolerance, before the county around it", () => {
    const lonely = GridSet.build([collection(county.features[0], cell("g", square(122, 30.5, 0.1)))], 1).set;
    // 0.001 degrees of longitude are 96 m here.
    expect(lonely.locate(121.999, 30.55)).toEqual({ gridId: "g", match: "nearest" });
    expect(lonely.locate(121.997, 30.55)).toEqual({ gridId: "c", match: "inside" });
    expect(lonely.locate(110, 30.55)).toEqual({ gridId: null, match: "unmatched" });
    const strict = GridSet.build([collection(cell("g", square(122, 30.5, 0.1)))], 1, { nearestToleranceM: 0 }).set;
    expect(strict.locate(121.999, 30.55).match).toBe("unmatched");
  });

  it("finds areas at sea under land grids only when asked", () => {
    expect(set.locateArea(122.15, 30.55)).toEqual({ gridId: "fishing", match: "inside" });
    expect(set.locateArea(122.45, 30.95).gridId).toBeNull();
  });

  it("takes any number without harm", () => {
    for (const v of [NaN, Infinity, -Infinity, 1e300]) {
      expect(set.locate(v, 30).match).toBe("unmatched");
      expect(set.locate(122, v).match).toBe("unmatched");
      expect(set.locateArea(v, v).match).toBe("unmatched");
    }
  });

  it("respects holes and parts", () => {
    const ring = square(122, 30, 1).coordinates[0];
    const hole = square(122.4, 30.4, 0.2).coordinates[0];
    const part = square(124, 30, 1).coordinates;
    const shape = { type: "MultiPolygon", coordinates: [[ring, hole], part] };
    const holed = GridSet.build([collection(cell("g", shape))], 1).set;
    expect(holed.locate(122.1, 30.1).gridId).toBe("g");
    expect(holed.locate(124.5, 30.5).gridId).toBe("g");
    expect(holed.locate(122.5, 30.5).gridId).toBeNull();
    expect(holed.locate(122.4, 30.5).gridId).toBe("g");
  });

  it("knows paths, subtrees, sites and members", () => {
    expect(set.path("g1-1").map((g) => g.id)).toEqual(["c", "t", "v", "g1", "g1-1"]);
    expect(set.path("nobody")).toEqual([]);
    expect(set.subtree("v")).toEqual(new Set(["v", "g1", "g2", "g1-1", "market"]));
    expect(set.subtree("nobody").size).toBe(0);
    expect(set.siteOf("g1-1")).toBe("harbour");
    expect(set.get("fishing")?.codes.use).toBe("fishing");
    expect(set.siteOf("fishing")).toBeNull();
    expect(set.formations()).toEqual(["f1"]);
    expect(set.members("f1")).toEqual([412000001, 412000002]);
    expect(set.roster("f1")[0]).toEqual({ mmsi: 412000001, name: "one", role: "lead" });
    expect(set.members("g1")).toEqual([]);
    expect(set.formationOf(412000002)).toBe("f1");
    expect(set.formationOf(1)).toBeNull();
    expect(set.items().find((i) => i.id === "f1")).toMatchObject({ members: 2, geometry: null });
  });

  it("has the same hash for the same content in another order, and another one for other content", () => {
    const turned = GridSet.build([collection(...county.features.toReversed())], 8).set;
    expect(turned.hash).toBe(set.hash);
    const changed = GridSet.build([collection(...county.features.slice(1))], 8).set;
    expect(changed.hash).not.toBe(set.hash);
  });

  it("keeps its hash over a store that keeps no order of keys and members", () => {
    const stored = JSON.parse(JSON.stringify([...set.grids()]), (_key, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as Grid[];
    const turned = stored.map((g) => ({ ...g, members: g.members.toReversed() })).reverse();
    const restored = new GridSet(turned, 9);
    expect(restored.hash).toBe(set.hash);
    expect(restored.locate(122.1, 30.55)).toEqual(set.locate(122.1, 30.55));
  });

  it("converts shifted input, a collection's or a feature's", () => {
    const shift = (g: ReturnType<typeof square>) => ({
      ...g,
      coordinates: g.coordinates.map((r) => r.map(([x, y]) => wgs84ToGcj02(x, y))),
    });
    const shape = square(122.4, 30.7, 0.01);
    for (const input of [
      { ...collection(cell("g", shift(shape))), datum: "gcj02" },
      collection(cell("g", shift(shape), { datum: "gcj02" })),
    ]) {
      const { set: converted, problems: none } = GridSet.build([input], 1, { nearestToleranceM: 0 });
      expect(none).toEqual([]);
      expect(converted.locate(122.40001, 30.70001).gridId).toBe("g");
      expect(converted.locate(122.39999, 30.70001).gridId).toBeNull();
    }
  });

  it("answers as an exhaustive search does", () => {
    const size = fc.double({ min: 0.01, max: 0.4, noNaN: true });
    const at = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(at, at, size), { minLength: 1, maxLength: 40 }), at, at, (cells, x, y) => {
        const features = cells.map(([cx, cy, s], i) => cell(String(i).padStart(2, "0"), square(cx, cy, s)));
        const found = GridSet.build([collection(...features)], 1, { nearestToleranceM: 0 }).set.locate(x, y).gridId;
        const expected = features.find(({ geometry }) => {
          const [[a, , c]] = (geometry as ReturnType<typeof square>).coordinates;
          return x >= a[0] && x <= c[0] && y >= a[1] && y <= c[1];
        });
        expect(found).toBe(expected?.properties.id ?? null);
      }),
    );
  });
});

describe("bad input", () => {
  const one = (feature: unknown, limits = DEFAULT_LIMITS) =>
    GridSet.build([{ file: "x.geojson", data: collection(feature) }], 1, { limits });

  it.each<[string, unknown, string, string]>([
    ["no feature", 5, "type", "bad_field"],
    ["no id", cell("", square(0, 0, 1)), "properties.id", "bad_field"],
    ["an id that is a wildcard", cell("a/+", square(0, 0, 1)), "properties.id", "bad_field"],
    ["no name", cell("a", square(0, 0, 1), { name: 3 }), "properties.name", "bad_field"],
    ["a level of its own", cell("a", square(0, 0, 1), { level: "city" }), "properties.level", "bad_field"],
    ["no category", cell("a", square(0, 0, 1), { category: null }), "properties.category", "bad_field"],
    ["a parent object", cell("a", square(0, 0, 1), { parent: {} }), "properties.parent", "bad_field"],
    ["codes as text", cell("a", square(0, 0, 1), { codes: "x" }), "properties.codes", "bad_field"],
    ["an unknown datum", cell("a", square(0, 0, 1), { datum: "cgcs" }), "properties.datum", "bad_field"],
    ["a cell without shape", cell("a", null), "geometry", "bad_geometry"],
    ["a point", cell("a", { type: "Point", coordinates: [1, 2] }), "geometry", "bad_geometry"],
    ["a ring across the 180th meridian", cell("a", { type: "Polygon", coordinates: [[[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]] }), "geometry.coordinates[0][1]", "bad_geometry"], // prettier-ignore
    ["a latitude of 91", cell("a", square(0, 89.5, 1)), "geometry.coordinates[0][2]", "bad_geometry"],
    [
      "a ring of two",
      cell("a", {
        type: "Polygon",
        coordinates: [
          [
            [0, 0],
            [1, 1],
          ],
        ],
      }),
      "geometry.coordinates[0]",
      "bad_geometry",
    ],
    [
      "a flat ring",
      cell("a", {
        type: "Polygon",
        coordinates: [
          [
            [0, 0],
            [1, 1],
            [2, 2],
            [0, 0],
          ],
        ],
      }),
      "geometry.coordinates[0]",
      "bad_geometry",
    ],
    [
      "a formation without members",
      cell("a", null, { level: "formation", category: "maritime" }),
      "properties.members",
      "bad_field",
    ],
    [
      "a wrong mmsi",
      cell("a", null, { level: "formation", category: "maritime", members: [{ mmsi: "x" }] }),
      "properties.members[0].mmsi",
      "bad_field",
    ],
  ])("names %s and leaves it out", (_name, feature, field, code) => {
    const { set: empty, problems: found } = one(feature);
    expect(found).toContainEqual(
      expect.objectContaining({ file: "x.geojson", feature: 0, field, code, severity: "error" }),
    );
    expect(empty.size).toBe(0);
    expect(empty.locate(0.5, 0.5).match).toBe("unmatched");
  });

  it("names documents that are no collection", () => {
    for (const data of [null, [], "x", { type: "Topology" }, { type: "FeatureCollection" }]) {
      const { problems: found } = GridSet.build([{ file: "x", data }], 1);
      expect(found.map((p) => p.code)).toEqual(["not_a_collection"]);
    }
    const projected = { ...collection(), crs: { properties: { name: "urn:ogc:def:crs:EPSG::4549" } } };
    expect(GridSet.build([projected], 1).problems[0]).toMatchObject({ field: "crs" });
  });

  it("mends an open ring and says so", () => {
    const open = { type: "Polygon", coordinates: [square(0, 0, 1).coordinates[0].slice(0, 4)] };
    const { set: mended, problems: found } = one(cell("a", open));
    expect(found).toMatchObject([{ severity: "warning", lon: 0, lat: 1 }]);
    expect(mended.locate(0.1, 0.5).gridId).toBe("a");
  });

  it("names duplicates, orphans, cycles, wrong levels and shared vessels, and keeps the grids", () => {
    const { set: kept, problems: found } = GridSet.build(
      [
        collection(
          cell("a", square(0, 0, 1), { parent: "b" }),
          cell("b", square(1, 0, 1), { parent: "a" }),
          cell("a", square(5, 0, 1)),
          cell("o", square(2, 0, 1), { parent: "nowhere" }),
          cell("m", square(3, 0, 1), { level: "village", parent: "o" }),
          cell("f1", null, { level: "formation", category: "maritime", members: [{ mmsi: 1 }] }),
          cell("f2", null, { level: "formation", category: "maritime", members: [{ mmsi: 1 }] }),
        ),
      ],
      1,
    );
    expect(new Set(found.map((p) => p.code))).toEqual(
      new Set(["duplicate_id", "orphan", "cycle", "level_order", "duplicate_member"]),
    );
    expect(found.find(({ code }) => code === "orphan")).toMatchObject({ lon: 2, lat: 0 });
    expect(kept.size).toBe(6);
    expect(kept.locate(5.5, 0.5).gridId).toBeNull();
    expect(kept.path("a").length + kept.path("b").length).toBe(3);
    expect(kept.formationOf(1)).toBe("f1");
  });

  it("keeps within its limits", () => {
    const many = collection(...Array.from({ length: 5 }, (_, i) => cell(`g${i}`, square(i, 0, 1))));
    const limited = GridSet.build([many], 1, { limits: { ...DEFAULT_LIMITS, features: 3 } });
    expect(limited.set.size).toBe(3);
    expect(limited.problems).toMatchObject([{ code: "limit", field: "features" }]);
    const vertices = GridSet.build([many], 1, { limits: { ...DEFAULT_LIMITS, vertices: 12 } });
    expect(vertices.set.size).toBe(2);
    expect(one(cell("a", square(0, 0, 1)), { ...DEFAULT_LIMITS, verticesPerFeature: 4 }).problems).toMatchObject([
      { code: "limit" },
    ]);
  });

  it("never throws, whatever JSON arrives", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.jsonValue({ maxDepth: 4 }), (feature, geometry) => {
        const odd = { type: "Polygon", coordinates: geometry };
        for (const each of [
          feature,
          cell("a", feature),
          cell("a", odd),
          cell("a", odd, { members: feature, codes: geometry }),
        ])
          expect(one(each).set.size).toBeLessThanOrEqual(1);
      }),
    );
  });
});

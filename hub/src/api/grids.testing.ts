/** One county; towns `east` and `west` side by side with one grid each, a sea area with a formation. */
export const GRIDS = [
  cell("county", "county", null, 122, 124),
  cell("east", "town", "county", 122, 123, { site: "east" }),
  cell("east-1", "grid", "east", 122, 123),
  cell("west", "town", "county", 123, 124, { site: "west" }, { ports: [[123.5, 30.5]] }),
  cell("west-1", "grid", "west", 123, 124),
  {
    type: "Feature",
    geometry: null,
    properties: {
      id: "boats",
      name: "编组一",
      level: "formation",
      category: "maritime",
      parent: "east",
      members: [{ mmsi: 412000001, name: "浙嵊渔1", role: "lead" }],
    },
  },
];

function cell(id: string, level: string, parent: string | null, x0: number, x1: number, codes = {}, sea?: object) {
  const ring = [
    [x0, 30],
    [x1, 30],
    [x1, 31],
    [x0, 31],
    [x0, 30],
  ];
  return {
    type: "Feature",
    geometry: { type: "Polygon", coordinates: [ring] },
    properties: { id, name: `名 ${id}`, level, category: "integrated", parent, codes, sea },
  };
}

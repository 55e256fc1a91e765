import { expect, it } from "vitest";
import { type AreaBody, areaOfCell, cellOfArea, unknownGrids } from "./area.ts";
import type { Grid } from "./grid.ts";
import { gridHash } from "./grid-hash.ts";
import { GridSet } from "./grid-set.ts";

const geometry = { type: "Polygon", coordinates: [[[122, 30], [122.1, 30], [122.1, 30.1], [122, 30.1], [122, 30]]] } as const; // prettier-ignore
const body = (more: Partial<AreaBody> = {}): AreaBody => ({ name: "禁航区", parent: "town", kind: "no_go", geometry, ...more }); // prettier-ignore
const made = (of: AreaBody, before?: Grid): Grid => {
  const result = cellOfArea("zone", of, before);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  return result.grid;
};

it.each<[string, AreaBody]>([
  ["a no-go area", body()],
  ["a closed season", body({ kind: "closed_season", gear: ["trawl"], dates: [{ from: "05-01", to: "09-16" }], severity: 3 })], // prettier-ignore
  ["aquaculture by night", body({ kind: "aquaculture", hours: [{ from: "22:00", to: "05:00" }], weekdays: [6, 7], transitKn: 5 })], // prettier-ignore
  ["a working area", body({ kind: "working_area", formations: ["f1"], toleranceM: 500 })],
  ["a speed limit", body({ kind: "speed_limit", limitKn: 6, allow: ["f1"] })],
  ["a harbour", body({ kind: "harbour", reportVisits: true })],
  ["a shelter", body({ kind: "shelter" })],
  ["a fishing ground", body({ kind: "ground" })],
  ["one with an end", body({ validFrom: 1_700_000_000_000, validTo: 1_800_000_000_000, synthetic: true })],
])("%s is the same when it is read back, and when it is saved again", (_name, area) => {
  const grid = made(area);
  expect(areaOfCell(grid)).toEqual(area);
  expect(gridHash(made(areaOfCell(grid), grid))).toBe(gridHash(grid));
});

it("keeps what people do not edit: codes, ports, other thresholds, its level", () => {
  const before: Grid = { ...made(body()), level: "grid", codes: { use: "fishing", stat: "7" }, sea: { rule: "no_go", ports: [[122, 30]], thresholds: { dark_min: 60, area_margin_m: 50 } } }; // prettier-ignore
  const after = made(body({ name: "new" }), before);
  expect(after).toMatchObject({ level: "grid", codes: { use: "fishing", stat: "7" }, sea: { ports: [[122, 30]], thresholds: { dark_min: 60 } } }); // prettier-ignore
  expect(after.sea?.thresholds).not.toHaveProperty("area_margin_m");
  expect(made(body({ kind: "ground" }), made(body({ kind: "harbour" }))).codes.use).toBeUndefined();
});

it("names fields as they are edited, and grids that are not there", () => {
  const wrong = cellOfArea("zone", body({ severity: 9 as 1, transitKn: -1 }), undefined);
  expect("problems" in wrong ? wrong.problems.map(({ field }) => field) : []).toEqual(expect.arrayContaining(["transitKn"])); // prettier-ignore
  const set = new GridSet([made(body({ parent: "town" }))], 1);
  expect(unknownGrids(body({ allow: ["zone", "x"], formations: ["y"] }), set)).toEqual(["town", "x", "y"]);
});

it("means nothing outside its validity, and the sea knows when that turns", () => {
  const set = new GridSet([made(body({ validFrom: 100, validTo: 200 }))], 1);
  const areas = (now: number) => set.at(now).areas().map(({ id }) => id); // prettier-ignore
  expect([areas(99), areas(100), areas(199), areas(200)]).toEqual([[], ["zone"], ["zone"], []]);
  expect([99, 100, 200].map((now) => set.at(now).until)).toEqual([100, 200, Infinity]);
});

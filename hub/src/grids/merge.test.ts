import fc from "fast-check";
import { expect, it } from "vitest";
import type { Grid } from "./grid.ts";
import { gridHash } from "./grid-hash.ts";
import { GridSet } from "./grid-set.ts";
import { mergeGrids } from "./merge.ts";

const boat = (mmsi: number) => ({ mmsi, name: "", role: "" });
const cell = (id: string, name: string, crew: number): Grid => ({ id, name, level: "formation", category: "maritime", parent: null, codes: {}, synthetic: false, geometry: null, members: crew === 0 ? [] : [boat(crew)] }); // prettier-ignore
const set = (cells: readonly Grid[]) => new GridSet(cells, 1);
const show = (grids: readonly Grid[]) => grids.map(({ id, name, members }) => `${id}:${name}:${members[0]?.mmsi ?? 0}`).sort(); // prettier-ignore

it("takes the file's changes and keeps people's, shape and members apart", () => {
  const base = set([cell("a", "old", 1), cell("b", "old", 2), cell("c", "old", 3), cell("d", "old", 4), cell("e", "old", 0)]); // prettier-ignore
  const active = set([cell("a", "old", 9), cell("b", "people", 2), cell("c", "old", 3), cell("e", "people", 0), cell("mine", "new", 0)]); // prettier-ignore
  const file = set([cell("a", "file", 1), cell("b", "file", 2), cell("c", "old", 3), cell("d", "file", 4), cell("theirs", "new", 0)]); // prettier-ignore
  const merged = mergeGrids(base, active, file);
  expect(show(merged.grids)).toEqual(["a:file:9", "b:file:2", "c:old:3", "d:file:4", "mine:new:0", "theirs:new:0"]);
  expect([...merged.kept].sort()).toEqual(["a", "mine"]);
  // b changed on both sides; d was removed by people and changed by the file; e the other way round
  expect([...merged.conflicts].sort()).toEqual(["b", "d", "e"]);
});

it("is the file where people changed nothing, and people's where the file is as before", () => {
  const cells = fc.uniqueArray(fc.record({ id: fc.constantFrom("a", "b", "c", "d"), name: fc.constantFrom("x", "y"), crew: fc.nat(2) }), { selector: (c) => c.id }).map((list) => set(list.map((c) => cell(c.id, c.name, c.crew)))); // prettier-ignore
  const hashes = (grids: Iterable<Grid>) => [...grids].map(gridHash).sort();
  fc.assert(
    fc.property(cells, cells, (one, two) => {
      expect(hashes(mergeGrids(one, one, two).grids)).toEqual(hashes(two.grids()));
      expect(hashes(mergeGrids(one, two, one).grids)).toEqual(hashes(two.grids()));
      expect(mergeGrids(one, two, two).conflicts).toEqual([]);
    }),
    { seed: 5, numRuns: 300 },
  );
});

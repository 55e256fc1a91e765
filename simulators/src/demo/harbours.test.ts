import { describe, expect, it } from "vitest";
import { GridSet } from "../../../hub/src/grids/grid-set.ts";
import { HARBOURS } from "../world/sea.ts";
import { buildWorld } from "../world.ts";
import { harbours } from "./harbours.ts";

describe("harbours of the demonstration", () => {
  it("are read by the hub as harbours, one a town, with a name that people know", () => {
    const world = buildWorld();
    const features = [...world.features, ...harbours(world)];
    const { set, problems } = GridSet.build([{ file: "world", data: { type: "FeatureCollection", features } }], 1);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const areas = set.at(0).areas().filter(({ rule }) => rule === "harbour"); // prettier-ignore
    expect(areas.map(({ id }) => id).sort()).toEqual(Object.keys(HARBOURS).map((town) => `harbour-${town}`).sort()); // prettier-ignore
    expect(areas.every(({ name, polygons }) => /\p{Script=Han} 渔港$/u.test(name) && polygons.length === 1)).toBe(true);
  });
});

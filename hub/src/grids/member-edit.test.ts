import fc from "fast-check";
import { expect, it } from "vitest";
import type { FormationMember, Grid } from "./grid.ts";
import { addMember, removeMember } from "./member-edit.ts";
import { isValid } from "./sea-membership.ts";
import { overlap } from "./tree.ts";

const formation = (id: string, members: readonly FormationMember[] = []): Grid => ({ id, name: id, level: "formation", category: "maritime", parent: null, codes: {}, synthetic: false, geometry: null, members }); // prettier-ignore
const where = (grids: readonly Grid[], mmsi: number, at: number) =>
  grids.filter(({ members }) => members.some((m) => m.mmsi === mmsi && isValid(m, at))).map(({ id }) => id);
const FORMATIONS = ["f", "g", "h"];

it("a vessel is in one formation at a time, and where the last word put it, whatever is added, moved and removed", () => {
  const moment = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined });
  const step = fc.record({ formation: fc.constantFrom(...FORMATIONS), mmsi: fc.constantFrom(1, 2), from: moment, to: moment, what: fc.constantFrom("add", "move", "end", "drop") }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let grids: Grid[] = FORMATIONS.map((id) => formation(id));
      for (const { formation: id, mmsi, from, to, what } of steps) {
        if (from !== undefined && to !== undefined && from >= to) continue;
        const before = grids;
        const term = { mmsi, name: "", role: "", ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
        const after =
          what === "add" || what === "move"
            ? addMember(grids, id, term, { move: what === "move", now: -5 })
            : removeMember(grids, id, mmsi, { at: what === "end" ? (from ?? 10) : undefined });
        if ("code" in after) continue;
        grids = after;
        for (let at = -2; at <= 22; at++) {
          const asked = isValid(term, at);
          if (what === "add" || what === "move") expect(where(grids, mmsi, at)).toEqual(asked ? [id] : where(before, mmsi, at)); // prettier-ignore
          else if (what === "drop") expect(where(grids, mmsi, at)).not.toContain(id);
          else expect(where(grids, mmsi, at)).toEqual(where(before, mmsi, at).filter((each) => each !== id || at < (from ?? 10))); // prettier-ignore
          expect(where(grids, 3 - mmsi, at)).toEqual(where(before, 3 - mmsi, at));
        }
        const terms = grids.flatMap(({ members }) => members);
        for (const a of terms)
          for (const b of terms) if (a !== b && a.mmsi === b.mmsi) expect(overlap(a, b)).toBe(false);
      }
    }),
    { seed: 11, numRuns: 400 },
  );
});

it("refuses a second formation, and what is not there", () => {
  const grids = [formation("f", [{ mmsi: 1, name: "", role: "" }]), formation("g")];
  expect(addMember(grids, "g", { mmsi: 1, name: "", role: "" }, { move: false, now: 0 })).toMatchObject({ code: "elsewhere" }); // prettier-ignore
  expect(addMember(grids, "x", { mmsi: 2, name: "", role: "" }, { move: false, now: 0 })).toMatchObject({ code: "unknown" }); // prettier-ignore
  expect(removeMember(grids, "g", 1, {})).toMatchObject({ code: "unknown" });
  expect(removeMember(grids, "f", 1, { from: 7 })).toMatchObject({ code: "unknown" });
});

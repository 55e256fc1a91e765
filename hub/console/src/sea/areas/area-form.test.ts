import { describe, expect, it } from "vitest";
import type { Shape } from "../../map/shape.ts";
import { asks, bodyOf, differences, emptyForm, formOf, missingIn, words } from "./area-form.ts";

const SHAPE: Shape = [[[[122, 30], [122.1, 30], [122.1, 30.1]]]]; // prettier-ignore
const closed = { ...emptyForm("town"), name: " 伏季休渔 ", kind: "closed_season" as const, gear: "拖网、张网,, 拖网", dates: [{ from: "05-01", to: "09-16" }, { from: "10-01", to: "" }], weekdays: [7, 6], transitKn: 4, limitKn: 6 }; // prettier-ignore

describe("form of an area", () => {
  it("sends what is filled in and what the kind asks for, and nothing else", () => {
    expect(bodyOf(closed, SHAPE)).toEqual({
      name: "伏季休渔",
      parent: "town",
      kind: "closed_season",
      geometry: { type: "Polygon", coordinates: [[[122, 30], [122.1, 30], [122.1, 30.1], [122, 30]]] }, // prettier-ignore
      gear: ["拖网", "张网"],
      dates: [{ from: "05-01", to: "09-16" }],
      weekdays: [6, 7],
      transitKn: 4,
    });
    expect(Object.keys(bodyOf({ ...closed, kind: "ground" }, SHAPE))).toEqual(["name", "parent", "kind", "geometry"]);
    expect(bodyOf({ ...closed, kind: "speed_limit" }, SHAPE)).toMatchObject({ limitKn: 6 });
    expect(asks("harbour", "reportVisits")).toBe(true);
  });

  it("comes back from what the hub holds as it went", () => {
    const body = bodyOf(closed, SHAPE);
    expect(bodyOf(formOf(body), SHAPE)).toEqual(body);
    expect(differences(body, bodyOf(formOf(body), SHAPE))).toEqual([]);
  });

  it("names what changed and what is missing", () => {
    const body = bodyOf(closed, SHAPE);
    expect(differences(body, { ...body, name: "x", severity: 2 })).toEqual(["name", "severity"]);
    expect(differences(null, bodyOf(emptyForm("t"), SHAPE))).toEqual(["name", "parent", "kind", "geometry"]);
    expect(missingIn(emptyForm(""), [])).toEqual(["shape", "name", "parent"]);
    expect(missingIn({ ...closed, kind: "speed_limit", limitKn: null }, SHAPE)).toEqual(["limitKn"]);
    expect(missingIn({ ...closed, validFrom: 5, validTo: 5 }, SHAPE)).toEqual(["validTo"]);
    expect(words(" 蟹笼;流刺, ")).toEqual(["蟹笼", "流刺"]);
  });
});

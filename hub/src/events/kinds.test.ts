import { describe, expect, it } from "vitest";
import { kindInfo, KINDS } from "./kinds.ts";
import { Uuid7 } from "./uuid7.ts";

describe("kindInfo", () => {
  it("knows the kinds that the rooms raise", () => {
    for (const [name, info] of Object.entries(KINDS)) {
      expect(info.titleZh, name).toMatch(/\p{Script=Han}/u);
      expect(info.titleEn, name).toMatch(/^[A-Z]/);
      expect(info.codeName, name).not.toBe("");
      expect(info.provisional, name).toBe(true);
    }
    expect(kindInfo("hydrant.low_pressure")).toMatchObject({ group: "hydrant", codeName: "公用设施/消防设施" });
  });

  it.each([
    ["hydrant.stolen_valve", "hydrant", "hydrant: stolen valve"],
    ["weather.fog", "system", "weather: fog"],
    ["odd", "system", "odd"],
    ["constructor", "system", "constructor"],
    ["__proto__.x", "system", "__proto__: x"],
    ["", "system", ""],
  ])("has something to say about %j", (kind, group, titleEn) => {
    expect(kindInfo(kind)).toMatchObject({ group, titleEn, autoHandOff: 0 });
    expect(kindInfo(kind).titleZh).toContain(kind);
  });
});

describe("Uuid7", () => {
  it("is version 7 with the time in front", () => {
    const id = new Uuid7().next(0x019ab1234567);
    expect(id).toMatch(/^019ab123-4567-7[0-7][0-9a-f]{2}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("grows strictly, also within a millisecond and when the clock steps back", () => {
    const ids = new Uuid7((bytes) => void bytes.fill(0xff));
    const made = [
      ...Array.from({ length: 10_000 }, () => ids.next(1_763_776_800_000)),
      ids.next(1_763_776_000_000),
      ids.next(1_763_776_900_000),
    ];
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(ids.next(1_763_777_000_000).replaceAll("-", "").slice(0, 12)).toBe(
      (1_763_777_000_000).toString(16).padStart(12, "0"),
    );
  });
});

import { describe, expect, it } from "vitest";
import { falseShare, precisionText, sum, toneOf } from "./judgement.ts";

const tally = (raised: number, confirmed: number, falseAlarms: number) => ({ raised, confirmed, falseAlarms });

describe("what people made of alarms", () => {
  it("is added up, and says nothing where nobody judged", () => {
    expect(sum([tally(3, 1, 1), tally(4, 0, 3)])).toEqual(tally(7, 1, 4));
    expect(falseShare(tally(5, 0, 0))).toBeNull();
    expect(falseShare(tally(5, 3, 1))).toBe(0.25);
  });

  it.each<[number, number, string]>([
    [0, 4, ""], // too few to say anything
    [4, 1, ""],
    [7, 3, "late"],
    [2, 3, "offline"],
  ])("%d right and %d wrong are as loud as %j", (right, wrong, tone) => {
    expect(toneOf(tally(right + wrong, right, wrong))).toBe(tone);
  });

  it("has its interval beside it", () => {
    const judged = { ...tally(10, 5, 1), precision: 0.833, low: 0.436, high: 0.97 };
    expect(precisionText(judged)).toBe("83 % (44–97)");
    expect(precisionText({ ...judged, precision: null, low: null, high: null })).toBe("–");
  });
});

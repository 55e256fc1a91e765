import { METRICS } from "@gridhub/device-profiles/metric.ts";
import { describe, expect, it } from "vitest";
import { isDoubtful, qualityNames, valueText } from "./reading-text.ts";

describe("a decoded reading", () => {
  it("names every bit of its quality", () => {
    expect(qualityNames(0)).toEqual(["good"]);
    expect(qualityNames(1 | 16 | 64)).toEqual(["out_of_range", "clock", "redecoded"]);
  });

  it("is doubtful for what is wrong with it, not for how it came", () => {
    expect([0, 32, 64, 96].some(isDoubtful)).toBe(false);
    expect([1, 2, 4, 8, 16, 34].every(isDoubtful)).toBe(true);
  });

  it("says flags in words and absent values as a dash", () => {
    const flag = METRICS.find(({ type }) => type === "boolean")?.name ?? "";
    const coded = (prefix: string, code: string) => `${prefix}.${code}`;
    expect(valueText(flag, 1, coded)).toBe("flag.true");
    expect(valueText("x", false, coded)).toBe("flag.false");
    expect(valueText("pressure", 0.2801, coded)).toBe("0.2801");
    expect(valueText("pressure", null, coded)).toBe("–");
    expect(valueText("x", "LOW", coded)).toBe("LOW");
  });
});

import { describe, expect, it } from "vitest";
import { en } from "./en.ts";
import { coded, word, type WordKey } from "./words.ts";
import { zh } from "./zh.ts";

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/gu)].map((m) => m[1]).sort();

describe("dictionaries", () => {
  it("have equal keys in the same order", () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh));
  });

  it("have no empty words and the same places to fill in", () => {
    for (const key of Object.keys(zh) as WordKey[]) {
      expect(zh[key].trim(), key).not.toBe("");
      expect(en[key].trim(), key).not.toBe("");
      expect(places(en[key]), key).toEqual(places(zh[key]));
    }
  });

  it("speak Chinese in zh and not in en", () => {
    const han = /\p{Script=Han}/u;
    expect(Object.values(en).filter((text) => han.test(text))).toEqual([]);
    expect(Object.values(zh).filter((text) => !han.test(text))).toEqual([]);
  });

  it("fill in values and leave unknown places visible", () => {
    expect(word("zh", "event.times", { n: 3 })).toBe("共 3 次");
    expect(word("en", "event.times")).toBe("seen {n}×");
  });

  it("show a code that nobody translated as it is", () => {
    expect(coded("zh", "handling", "new")).toBe("未确认");
    expect(coded("zh", "reason", "modem_fell_in_the_sea")).toBe("modem_fell_in_the_sea");
  });
});

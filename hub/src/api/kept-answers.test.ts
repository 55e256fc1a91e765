import { describe, expect, it } from "vitest";
import { KeptAnswers } from "./kept-answers.ts";

function scene() {
  const state = { now: 0, made: 0, fail: false };
  const kept = new KeptAnswers(() => state.now);
  const make = () => (state.fail ? Promise.reject(new Error("away")) : Promise.resolve(++state.made));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { state, kept, make, settled };
}

describe("answers that are kept", () => {
  it("are given again while they are young, one for each question, and made anew after that", async () => {
    const { state, kept, make } = scene();
    expect([await kept.keep("a", 100, make), await kept.keep("a", 100, make), await kept.keep("b", 100, make)]).toEqual([1, 1, 2]); // prettier-ignore
    state.now = 100;
    expect(await kept.keep("a", 100, make)).toBe(3);
  });

  it("are shown a little longer where that is allowed, while one look for all is under way", async () => {
    const { state, kept, make, settled } = scene();
    const ask = () => kept.keep("a", 100, make, 1000);
    await ask();
    state.now = 500;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    await settled();
    expect([await ask(), state.made]).toEqual([2, 2]);
    state.now = 5000;
    expect(await ask()).toBe(3); // too old to be shown
  });

  it("outlive a database that is away, as long as they may be shown; a failure is not kept", async () => {
    const { state, kept, make, settled } = scene();
    const ask = () => kept.keep("a", 100, make, 1000);
    await ask();
    state.now = 500;
    state.fail = true;
    for (let i = 0; i < 2; i++) {
      expect(await ask()).toBe(1);
      await settled();
    }
    state.now = 2000;
    await expect(ask()).rejects.toThrow("away");
    state.fail = false;
    expect(await ask()).toBe(2);
  });
});

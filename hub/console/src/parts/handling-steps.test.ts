import { describe, expect, it } from "vitest";
import { isSettled as hubSettled, nextHandling, STEPS } from "../../../src/events/handling.ts";
import { HANDLINGS, isSettled, OFFERED, type Verb } from "./handling-steps.ts";

describe("steps that the console offers", () => {
  it("are legal in the hub, and leave no event without a way to end", () => {
    for (const [verb, from] of Object.entries(OFFERED))
      for (const handling of from)
        expect(nextHandling(handling, verb as Verb), `${verb} of ${handling}`).not.toBeNull();
    for (const handling of HANDLINGS) if (!isSettled(handling)) expect(OFFERED.close, handling).toContain(handling);
  });

  it("know the hub's handlings, all of them", () => {
    expect([...HANDLINGS].sort()).toEqual(Object.keys(STEPS).sort());
    for (const handling of HANDLINGS) expect(isSettled(handling)).toBe(hubSettled(handling));
  });
});

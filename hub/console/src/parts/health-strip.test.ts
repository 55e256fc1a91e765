import { describe, expect, it } from "vitest";
import { cells } from "./health-strip.ts";

const change = (ts: number, from: "online" | "late" | "offline", to: "online" | "late" | "offline") => ({
  ts,
  from,
  to,
  reason: "",
});

describe("health strip", () => {
  it("shows the worst state of each part, so that a short outage is not lost", () => {
    const history = [change(52, "online", "offline"), change(55, "offline", "online")];
    expect(cells(history, "online", 100, 10, 100)).toEqual([
      ..."online ".repeat(5).trim().split(" "),
      "offline",
      ..."online ".repeat(4).trim().split(" "),
    ]);
  });

  it("carries a state on until it changes, whatever the order of the history", () => {
    const history = [change(70, "late", "offline"), change(30, "online", "late")];
    expect(cells(history, "offline", 100, 4, 100)).toEqual(["online", "late", "offline", "offline"]);
  });

  it("takes the state of now where nothing changed", () => {
    expect(cells([], "late", 100, 3, 100)).toEqual(["late", "late", "late"]);
    expect(cells([change(-50, "online", "offline")], "offline", 100, 2, 100)).toEqual(["offline", "offline"]);
  });
});

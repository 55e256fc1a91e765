import { describe, expect, it } from "vitest";
import { href, parse } from "./route.svelte.ts";

describe("addresses", () => {
  it("round-trip pages, ids with slashes escaped and filters", () => {
    const place = parse("/", href("events", ["a/b", "雾"], { severity: "1", q: "消火栓 1" }));
    expect(place.page).toBe("events");
    expect(place.rest).toEqual(["a/b", "雾"]);
    expect(Object.fromEntries(place.query)).toEqual({ severity: "1", q: "消火栓 1" });
  });

  it("fall back to the map", () => {
    expect(parse("/", "").page).toBe("map");
    expect(parse("/", "#/nonsense").page).toBe("map");
    expect(parse("/", "#/map/%E0%A4%A").rest).toEqual(["%E0%A4%A"]);
  });

  it("show the big screen at /screen whatever the hash says", () => {
    expect(parse("/screen", "#/events").page).toBe("screen");
  });
});

import { describe, expect, it } from "vitest";
import { momentOf } from "./local-date.ts";

describe("a moment in a query", () => {
  it.each([
    ["1763769600000", "Asia/Shanghai", "2025-11-22T00:00:00.000Z"],
    ["2025-11-22", "Asia/Shanghai", "2025-11-21T16:00:00.000Z"],
    ["2025-11-22", "UTC", "2025-11-22T00:00:00.000Z"],
    ["2025-03-30", "Europe/Berlin", "2025-03-29T23:00:00.000Z"],
    ["2025-03-31", "Europe/Berlin", "2025-03-30T22:00:00.000Z"],
    ["2025-10-26", "Europe/Berlin", "2025-10-25T22:00:00.000Z"],
  ])("%s in %s is %s", (text, zone, iso) => {
    expect(new Date(momentOf(text, zone)!).toISOString()).toBe(iso);
  });

  it.each(["", "yesterday", "2025-13-01", "2025-02-30", "99999999999999999"])("%j is none", (text) => {
    expect(momentOf(text, "UTC")).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { inForce } from "./calendar.ts";
import { area, boat, box, told, waters } from "./scene.testing.ts";
import { CREW, Sea } from "./sea.testing.ts";

const at = (iso: string) => Date.parse(iso);

describe("the schedule of an area", () => {
  it("means the local time of the moment, before and after the clocks change", () => {
    const hours = [{ from: "08:00", to: "09:00" }];
    const hold = (iso: string, timeZone: string) => inForce({ hours }, at(iso), timeZone);
    expect(hold("2025-03-29T07:30:00Z", "Europe/Berlin")).toBe(true);
    expect(hold("2025-03-30T07:30:00Z", "Europe/Berlin")).toBe(false);
    expect(hold("2025-03-30T06:30:00Z", "Europe/Berlin")).toBe(true);
    expect(hold("2025-10-26T06:30:00Z", "Europe/Berlin")).toBe(false);
    expect(hold("2025-10-26T07:30:00Z", "Europe/Berlin")).toBe(true);
    expect(hold("2025-10-26T00:30:00Z", "Asia/Shanghai")).toBe(true);
    // and back again: what was asked before decides nothing
    expect(hold("2025-03-29T07:30:00Z", "Europe/Berlin")).toBe(true);
  });

  it("begins and ends its days at local midnight, by summer time in summer", () => {
    const season = (iso: string) => inForce({ dates: [{ from: "05-01", to: "09-16" }] }, at(iso), "Europe/Berlin");
    expect([season("2025-04-30T21:59:59Z"), season("2025-04-30T22:00:00Z")]).toEqual([false, true]);
    expect([season("2025-09-16T21:59:59Z"), season("2025-09-16T22:00:00Z")]).toEqual([true, false]);
    const sundays = (iso: string) => inForce({ weekdays: [7] }, at(iso), "Europe/Berlin");
    expect([sundays("2025-10-25T21:59:59Z"), sundays("2025-10-25T22:00:00Z")]).toEqual([false, true]);
    expect([sundays("2025-10-26T22:59:59Z"), sundays("2025-10-26T23:00:00Z")]).toEqual([true, false]);
  });

  it("is followed by a hub that has been running since before the clocks changed", () => {
    const sea = new Sea({ timeZone: "Europe/Berlin" });
    const zone = area("zone", "no_go", box(0, 0, 1, 1), { hours: [{ from: "04:00", to: "05:00" }] });
    sea.members = waters({ formations: { f1: CREW }, areas: [zone], minutes: 0 });
    sea.restart();
    sea.now = at("2025-03-30T00:00:00Z");
    for (let i = 0; i < 4 * 60; i++) {
      sea.hear(boat(CREW[0], sea, 0, 0, { sog: 0 }));
      sea.tick(60_000);
    }
    expect(told(sea)).toEqual(["vessel.no_go raise", "vessel.no_go clear"]);
    // at 1:00 UTC it becomes three o'clock
    expect(sea.findings.map(({ ts }) => new Date(ts).toISOString().slice(11, 16))).toEqual(["02:00", "03:00"]);
  });
});

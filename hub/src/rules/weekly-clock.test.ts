import { parseWindow } from "@gridhub/device-profiles/schedule.ts";
import { describe, expect, it } from "vitest";
import { WeeklyClock } from "./weekly-clock.ts";

function clock(timeZone: string, ...texts: string[]): WeeklyClock {
  const windows = texts.flatMap((text) => {
    const parsed = parseWindow(text);
    if (typeof parsed === "string") throw new Error(parsed);
    return parsed;
  });
  return new WeeklyClock({ windows, timeZone: null }, timeZone);
}

const iso = (ms: number) => new Date(ms).toISOString();
/** the span that is open at a moment */
function span(c: WeeklyClock, at: string): string {
  const { open, from, until } = c.at(Date.parse(at));
  return `${open ? "open" : "shut"} ${iso(from)} ${iso(until)}`;
}

describe("windows of a week in local time", () => {
  it("over midnight, in the zone of the place", () => {
    const c = clock("Asia/Shanghai", "mon-fri 22:00-06:00");
    expect(span(c, "2025-11-21T20:00:00Z")).toBe("open 2025-11-21T14:00:00.000Z 2025-11-21T22:00:00.000Z"); // Friday night
    expect(span(c, "2025-11-22T14:00:00Z")).toBe("shut 2025-11-21T22:00:00.000Z 2025-11-24T14:00:00.000Z"); // the weekend
  });

  it("over the end of the week, and days that touch are one span", () => {
    const c = clock("UTC", "sat-sun", "mon 00:00-06:00");
    expect(span(c, "2025-11-23T23:59:00Z")).toBe("open 2025-11-22T00:00:00.000Z 2025-11-24T06:00:00.000Z");
    expect(c.at(Date.parse("2025-11-24T06:00:00Z")).open).toBe(false);
  });

  it("keeps the clock on the wall when clocks change (Berlin, 30 March and 26 October 2025)", () => {
    const c = clock("Europe/Berlin", "daily 22:00-06:00");
    expect(span(c, "2025-03-30T00:30:00Z")).toBe("open 2025-03-29T21:00:00.000Z 2025-03-30T04:00:00.000Z"); // 7 h
    expect(span(c, "2025-10-26T00:30:00Z")).toBe("open 2025-10-25T20:00:00.000Z 2025-10-26T05:00:00.000Z"); // 9 h
  });

  it("an hour that does not exist begins at the jump, one that comes twice is open both times", () => {
    const spring = clock("Europe/Berlin", "sun 02:15-04:00");
    expect(span(spring, "2025-03-30T01:30:00Z")).toBe("open 2025-03-30T01:00:00.000Z 2025-03-30T02:00:00.000Z");
    const autumn = clock("Europe/Berlin", "sun 02:15-02:45");
    expect(span(autumn, "2025-10-26T00:20:00Z")).toBe("open 2025-10-26T00:15:00.000Z 2025-10-26T01:45:00.000Z");
  });

  it("answers in any order of times the same", () => {
    const c = clock("America/New_York", "mon-wed,sat 07:30-19:00");
    const times = Array.from({ length: 400 }, (_, i) => Date.parse("2024-12-30T00:00:00Z") + i * 5 * 3_600_000);
    const forward = times.map((t) => c.at(t).open);
    const fresh = clock("America/New_York", "mon-wed,sat 07:30-19:00");
    const backward = [...times].reverse().map((t) => fresh.at(t).open);
    expect(backward.reverse()).toEqual(forward);
    const day = new Intl.DateTimeFormat("en", { timeZone: "America/New_York", weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }); // prettier-ignore
    const wanted = times.map((t) => {
      const [weekday, time] =
        day.format(t).split(", ").length > 1 ? day.format(t).split(", ") : day.format(t).split(" ");
      return ["Mon", "Tue", "Wed", "Sat"].includes(weekday) && time >= "07:30" && time < "19:00";
    });
    expect(forward).toEqual(wanted);
  });
});

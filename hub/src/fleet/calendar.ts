import type { SeaAttributes } from "../sea.ts";

const DAY_MS = 86_400_000;

/** Whether the rule of an area is in force: days of the year, weekdays, hours; all in local time. @param now ms UTC */
export function inForce({ dates, hours, weekdays }: SeaAttributes, now: number, utcOffsetMinutes: number): boolean {
  if (dates === undefined && hours === undefined && weekdays === undefined) return true;
  const local = now + utcOffsetMinutes * 60_000;
  const iso = new Date(local).toISOString();
  const day = iso.slice(5, 10);
  const time = iso.slice(11, 16);
  const weekday = ((Math.floor(local / DAY_MS) + 3) % 7) + 1; // 1 January 1970 was a Thursday
  if (dates !== undefined && !dates.some(({ from, to }) => within(day, from, to, true))) return false;
  if (weekdays !== undefined && !weekdays.includes(weekday)) return false;
  return hours === undefined || hours.some(({ from, to }) => within(time, from, to, false));
}

/** `from` after `to` means across the turn of the year, or past midnight. */
function within(value: string, from: string, to: string, last: boolean): boolean {
  const before = last ? value <= to : value < to;
  return from <= to ? value >= from && before : value >= from || before;
}

/** Minutes that a time zone (IANA) is ahead of UTC at a moment. @param now ms UTC */
export function utcOffset(timeZone: string, now: number): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(now);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? ["", "+", "0", "0"];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

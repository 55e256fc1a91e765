import { offsetAt } from "../local-offset.ts";
import type { SeaAttributes } from "../sea.ts";

const DAY_MS = 86_400_000;

/**
 * Whether the rule of an area is in force: days of the year, weekdays, hours; all in the local time of that moment.
 * @param now ms UTC
 * @param timeZone IANA name
 */
export function inForce({ dates, hours, weekdays }: SeaAttributes, now: number, timeZone: string): boolean {
  if (dates === undefined && hours === undefined && weekdays === undefined) return true;
  const local = now + offsetAt(now, timeZone);
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

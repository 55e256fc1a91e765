import type { Schedule } from "./compiled.ts";

/** Days as they are written, Monday first (ISO 8601). */
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const DAY = 1440;
/** minutes of a week */
const WEEK = 7 * DAY;

const WINDOW = /^([a-z,-]+)(?:\s+([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2}))?$/;

type Span = { readonly from: number; readonly to: number };

/**
 * `mon-fri 22:00-06:00` (over midnight into the next morning), `sat,sun` (the whole day), `daily 08:00-20:00`.
 *
 * @returns spans in minutes since Monday 00:00, local time; `to` may lie in the next week. A text says what is wrong.
 */
export function parseWindow(text: string): readonly Span[] | string {
  const match = WINDOW.exec(text.trim());
  if (match === null) return 'expected days and times, such as "mon-fri 22:00-06:00", "sat,sun" or "daily 08:00-20:00"';
  const days = parseDays(match[1]);
  if (typeof days === "string") return days;
  if (match[2] === undefined) return days.map((day) => ({ from: day * DAY, to: (day + 1) * DAY }));
  const [from, to] = [minutes(match[2], match[3]), minutes(match[4], match[5])];
  if (from === null || to === null || from === DAY) return "expected times from 00:00 to 24:00";
  if (from === to) return "never open: it begins and ends at the same time; the whole day is written without times";
  return days.map((day) => ({ from: day * DAY + from, to: (to > from ? day : day + 1) * DAY + to }));
}

function parseDays(text: string): number[] | string {
  if (text === "daily") return [0, 1, 2, 3, 4, 5, 6];
  const days = new Set<number>();
  for (const part of text.split(",")) {
    const [first, last = first, ...rest] = part.split("-").map((name) => DAYS.indexOf(name as (typeof DAYS)[number]));
    if (first < 0 || last < 0 || rest.length > 0)
      return `"${part}" is no day or range of days: ${DAYS.join(" ")}, daily`;
    // sun-tue runs over the end of the week
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function minutes(hour: string, minute: string): number | null {
  const at = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && at <= DAY ? at : null;
}

/** Joins what overlaps or touches; sorted. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** Minutes of a week that the windows cover. */
export function minutesOpen(windows: Schedule["windows"]): number {
  const spans = windows.flatMap(({ from, to }) => (to > WEEK ? [{ from, to: WEEK }, { from: 0, to: to - WEEK }] : [{ from, to }])); // prettier-ignore
  return mergeSpans(spans).reduce((sum, { from, to }) => sum + to - from, 0);
}

export const MINUTES_OF_WEEK = WEEK;

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

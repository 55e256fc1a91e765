import type { OutboxItem } from "../outbox.ts";
import type { NotifierTarget } from "../target.ts";

const MINUTE = 60_000;
const DAY_MINUTES = 1440;

/**
 * How long a row waits before people are told: until the quiet hours end, and until the span of its digest ends. Severity 1
 * never waits. @param now ms UTC  @returns ms
 */
export function holdMs(target: NotifierTarget, item: OutboxItem, now: number): number {
  if (severityOf(item) === 1) return 0;
  const { quiet, digestMs, timeZone } = target;
  const silent = quiet === null ? 0 : quietMs(quiet, minuteOfDay(now, timeZone));
  if (digestMs === 0) return silent;
  const written = now - item.ageMs;
  const due = (Math.floor(written / digestMs) + 1) * digestMs;
  return Math.max(silent, due - now, 0);
}

export function severityOf({ body }: OutboxItem): number {
  const { data } = body as { readonly data?: { readonly severity?: unknown } };
  return typeof data?.severity === "number" ? data.severity : 4;
}

/** ms until the quiet hours end; 0 outside them. `to` is the first minute that is not quiet. */
function quietMs({ from, to }: { readonly from: number; readonly to: number }, minute: number): number {
  const inside = from <= to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!inside) return 0;
  return ((to - minute + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES) * MINUTE;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** With its fraction: seconds count. */
function minuteOfDay(now: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    formats.set(timeZone, format);
  }
  const [hour, minute] = format.format(now).split(":").map(Number);
  return hour * 60 + minute + (now % MINUTE) / MINUTE;
}

/** `22:00-06:30` -> minutes of the day, or null where it is not of this form. */
export function parseQuiet(text: string): { readonly from: number; readonly to: number } | null {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (parts === null) return null;
  const [a, b, c, d] = parts.slice(1).map(Number);
  const hours = { from: a * 60 + b, to: c * 60 + d };
  return hours.from === hours.to ? null : hours;
}

/** The last local midnight, ms UTC. @param timeZone IANA name */
export function startOfDay(now: number, timeZone: string): number {
  const offset = offsetAt(now, timeZone);
  const midnight = Math.floor((now + offset) / DAY) * DAY - offset;
  // where the clocks changed since midnight, midnight had another offset
  return midnight + offset - offsetAt(midnight, timeZone);
}

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** local time minus UTC, ms */
export function offsetAt(at: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const number = "numeric" as const;
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
      second: number,
    });
    formats.set(timeZone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
  const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return local - Math.floor(at / 1000) * 1000;
}

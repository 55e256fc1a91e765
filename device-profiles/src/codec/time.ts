const MIN_TIME = 946_684_800_000; // 2000-01-01
const MAX_TIME = 4_102_444_800_000; // 2100-01-01

/** Local calendar time, as ms since the epoch had the zone been UTC -> the zone's offset in ms. */
export type ZoneOffset = (localMs: number) => number;

/**
 * `UTC`, `+08:00` or an IANA name. A zone without daylight saving between 2020 and 2040 costs nothing; others ask Intl once an hour
 * of local time.
 * @returns null when the name means nothing
 */
export function zoneOffset(name: string): ZoneOffset | null {
  const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(name);
  if (fixed !== null) {
    const ms = (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000 * (fixed[1] === "-" ? -1 : 1);
    return () => ms;
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return null;
  }
  const first = offsetAt(format, Date.UTC(2020, 0, 1));
  let constant = true;
  for (let month = 1; month < 240 && constant; month++) constant = offsetAt(format, Date.UTC(2020, month, 1)) === first;
  if (constant) return () => first;
  const cache = new Map<number, number>();
  return (localMs) => {
    const hour = Math.floor(localMs / 3_600_000);
    let offset = cache.get(hour);
    if (offset === undefined) {
      offset = offsetAt(format, localMs - offsetAt(format, localMs - first));
      if (cache.size > 1000) cache.clear();
      cache.set(hour, offset);
    }
    return offset;
  };
}

function offsetAt(format: Intl.DateTimeFormat, utcMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(utcMs)) part[type] = Number(value);
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - utcMs;
}

/** Two decimal digits of a packed byte; NaN for A-F. */
export function bcd(byte: number): number {
  const high = byte >> 4;
  const low = byte & 15;
  return high > 9 || low > 9 ? Number.NaN : high * 10 + low;
}

/**
 * yy mm dd hh mm [ss] or yyyy ... in packed BCD.
 * @returns ms UTC; NaN when it is no date between 2000 and 2100
 */
export function bcdTime(b: Uint8Array, at: number, longYear: boolean, seconds: boolean, zone: ZoneOffset): number {
  let i = at;
  const year = longYear ? bcd(b[i++]) * 100 + bcd(b[i++]) : 2000 + bcd(b[i++]);
  const month = bcd(b[i++]);
  const day = bcd(b[i++]);
  const hour = bcd(b[i++]);
  const minute = bcd(b[i++]);
  const second = seconds ? bcd(b[i]) : 0;
  if (!(month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  // the 31st of June would roll over into July
  if (new Date(local).getUTCDate() !== day) return Number.NaN;
  return plausible(local - zone(local));
}

/** @returns the time, or NaN outside 2000..2100 */
export function plausible(ms: number): number {
  return ms >= MIN_TIME && ms < MAX_TIME ? ms : Number.NaN;
}

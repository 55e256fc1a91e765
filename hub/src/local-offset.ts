const formats = new Map<string, Intl.DateTimeFormat>();
/** the last answer of each zone: clocks change at a full quarter of an hour only */
const last = new Map<string, { readonly quarter: number; readonly offset: number }>();
const QUARTER = 900_000;

/** Local time minus UTC at a moment, ms. @param at ms UTC @param timeZone IANA name */
export function offsetAt(at: number, timeZone: string): number {
  const quarter = Math.floor(at / QUARTER);
  const known = last.get(timeZone);
  if (known?.quarter === quarter) return known.offset;
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) part[type] = Number(value);
  const local = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  const offset = local - Math.floor(at / 1000) * 1000;
  last.set(timeZone, { quarter, offset });
  return offset;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
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
  return format;
}

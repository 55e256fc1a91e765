import type { Lang } from "./words/words.ts";

// Numbers and times as the duty room reads them. Times are ms UTC and shown in Asia/Shanghai wherever the browser stands.

export const ZONE = "Asia/Shanghai";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const cache = new Map<string, Intl.DateTimeFormat>();
function dates(lang: Lang, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = lang + JSON.stringify(options);
  let format = cache.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", {
      timeZone: ZONE,
      hourCycle: "h23",
      ...options,
    });
    cache.set(key, format);
  }
  return format;
}

/** 1284 -> "1,284" */
export function count(n: number | null | undefined): string {
  return n == null ? "–" : n.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** A measured value with at most `digits` decimals and no trailing zeros. */
export function value(n: number | null | undefined, digits = 2): string {
  return n == null || Number.isNaN(n) ? "–" : n.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** "0.4 MB", "12 MB" */
export function megabytes(bytes: number): string {
  const mb = bytes / 1e6;
  return `${mb < 10 ? mb.toFixed(1) : Math.round(mb)} MB`;
}

/** Share as "97.6%"; "–" of nothing. Never rounds up to 100 while something is missing. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  if (part === whole) return "100%";
  return `${Math.min(99.9, (part / whole) * 100).toFixed(1)}%`;
}

/** "11:04:36" */
export function clock(ts: number): string {
  return dates("zh", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ts);
}

/** "11:04" */
export function minute(ts: number): string {
  return dates("zh", { hour: "2-digit", minute: "2-digit" }).format(ts);
}

/** "11月22日 周日" / "Sun 22 Nov" */
export function day(ts: number, lang: Lang): string {
  return lang === "zh"
    ? `${dates("zh", { month: "long", day: "numeric" }).format(ts)} ${dates("zh", { weekday: "short" }).format(ts)}`
    : dates("en", { weekday: "short", day: "numeric", month: "short" }).format(ts);
}

/** The exact time, for hover and records: "2026-11-22 11:04:36" */
export function exact(ts: number): string {
  const part = Object.fromEntries(
    dates("en", {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    })
      .formatToParts(ts)
      .map((p) => [p.type, p.value]),
  );
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`;
}

/** Length of time in its two largest units: "3 小时 12 分" / "3 h 12 min" */
export function duration(ms: number, lang: Lang): string {
  const zh = lang === "zh";
  const s = Math.max(0, ms);
  if (s < MINUTE) return `${Math.floor(s / 1000)} ${zh ? "秒" : "s"}`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} ${zh ? "分钟" : "min"}`;
  if (s < DAY) {
    const m = Math.floor((s % HOUR) / MINUTE);
    const rest = m === 0 ? "" : ` ${m} ${zh ? "分" : "min"}`;
    return `${Math.floor(s / HOUR)} ${zh ? "小时" : "h"}${rest}`;
  }
  return `${Math.floor(s / DAY)} ${zh ? "天" : "d"}`;
}

/** A length of time that may be short: "412 ms", from a second on as `duration`. */
export function latency(ms: number, lang: Lang): string {
  return ms < 1000 ? `${value(ms, 0)} ms` : duration(ms, lang);
}

/** How long ago, short; today's minutes and hours, then the date. Late clocks never show a negative age. */
export function ago(ts: number, now: number, lang: Lang): string {
  const age = now - ts;
  if (age < 5_000) return lang === "zh" ? "刚刚" : "now";
  if (age < DAY) return duration(age < HOUR ? age : Math.floor(age / HOUR) * HOUR, lang);
  return dates(lang, { month: lang === "zh" ? "numeric" : "short", day: "numeric" }).format(ts);
}

/** Time of day today, else date and time: "11:04:36", "11/21 23:10" */
export function moment(ts: number, now: number): string {
  const key = dates("en", { year: "numeric", month: "2-digit", day: "2-digit" });
  if (key.format(ts) === key.format(now)) return clock(ts);
  return `${dates("zh", { month: "2-digit", day: "2-digit" }).format(ts)} ${minute(ts)}`;
}

/** Metres or kilometres: 140 -> "140 m", 1830 -> "1.8 km" */
export function distance(metres: number): string {
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/** "0.08 MPa", "30°", "3": a value with its UCUM unit. */
export function measure(n: number, ucum: string, digits = 4): string {
  const sign = unit(ucum);
  return `${value(n, digits)}${sign === "" || sign === "°" ? sign : ` ${sign}`}`;
}

/** UCUM codes as people write them. */
export function unit(ucum: string): string {
  const known = {
    Cel: "°C",
    deg: "°",
    "1/s": "/s",
    "1/min": "/min",
    "[nmi_i]": "NM",
    "[kn_i]": "kn",
    "1": "",
    "[pH]": "",
  }[ucum];
  if (known !== undefined) return known;
  // [NTU], [ppm] ...: arbitrary units stand in brackets; u is micro; an exponent is a bare digit
  return ucum
    .replace(/[[\]]/gu, "")
    .replace(/^u(?=[a-zA-Z])/u, "μ")
    .replace(/(?<=m)3/u, "³")
    .replace(/(?<=m)2/u, "²");
}

import { duration } from "../format.ts";
import type { Lang } from "../words/words.ts";

// Lengths of time as people set them: a number and the largest unit that holds it whole.

export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export type SpanUnit = keyof typeof UNITS;

/** 5400 -> [90, "minutes"]; 0 -> [0, "minutes"] */
export function split(seconds: number): [n: number, unit: SpanUnit] {
  if (seconds === 0) return [0, "minutes"];
  for (const unit of ["days", "hours", "minutes"] as const)
    if (seconds % UNITS[unit] === 0) return [seconds / UNITS[unit], unit];
  return [seconds, "seconds"];
}

/** Whole seconds; what is no number is 0. */
export function join(n: number | null, unit: SpanUnit): number {
  return Math.max(0, Math.round((n ?? 0) * UNITS[unit]));
}

/** In its two largest units, as nothing that was set may be rounded away: 100800 -> "1 天 4 小时" */
export function spanText(seconds: number, lang: Lang): string {
  const days = Math.floor(seconds / UNITS.days);
  const rest = seconds % UNITS.days;
  const parts = [days > 0 ? duration(days * UNITS.days * 1000, lang) : "", rest > 0 ? duration(rest * 1000, lang) : ""];
  return parts.filter((part) => part !== "").join(" ") || duration(0, lang);
}

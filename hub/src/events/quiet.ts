import { matchesKind } from "./kind-pattern.ts";

/** A maintenance window or a mute. What is absent is not asked for; at least one of grid, kind, subject is there. */
export interface QuietRule {
  readonly id: number;
  readonly type: "window" | "mute";
  /** with everything below it */
  readonly gridId: string | null;
  readonly kind: string | null;
  /** `device:<uid>` covers the device's places (what a camera sees), too */
  readonly subject: string | null;
  /** [from, to), ms UTC */
  readonly from: number;
  readonly to: number;
  /** the part of each week that counts: days 1 = Monday .. 7, `from` as HH:MM local, at most a day long */
  readonly weekly: { readonly days: readonly number[]; readonly from: string; readonly minutes: number } | null;
  readonly reason: string;
  readonly who: string;
}

const DAY_MIN = 1440;
const WEEKDAYS: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

export class QuietRules {
  readonly #rules: readonly QuietRule[];
  readonly #clock: Intl.DateTimeFormat;

  /** @param timeZone of weekly windows */
  constructor(rules: readonly QuietRule[], timeZone: string) {
    this.#rules = rules;
    this.#clock = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  }

  /** The rule that keeps an event quiet, the one that lasts longest. @param grids from the county down to the grid */
  of(kind: string, subject: string, grids: readonly string[], now: number): QuietRule | null {
    let found: QuietRule | null = null;
    for (const rule of this.#rules) {
      if (found !== null && found.to >= rule.to) continue;
      if (covers(rule, kind, subject, grids) && this.isOpen(rule, now)) found = rule;
    }
    return found;
  }

  isOpen(rule: QuietRule, now: number): boolean {
    if (now < rule.from || now >= rule.to) return false;
    if (rule.weekly === null) return true;
    const { days, from, minutes } = rule.weekly;
    const { day, minute } = this.#local(now);
    const start = Number(from.slice(0, 2)) * 60 + Number(from.slice(3, 5));
    if (days.includes(day) && minute >= start && minute < start + minutes) return true;
    // one that began yesterday and goes over midnight
    const yesterday = day === 1 ? 7 : day - 1;
    return days.includes(yesterday) && minute + DAY_MIN < start + minutes;
  }

  /** When the answer of `of` may change next, ms UTC; weekly windows begin and end on full minutes. */
  nextChange(now: number): number {
    let next = Infinity;
    for (const { from, to, weekly } of this.#rules) {
      if (from > now) next = Math.min(next, from);
      else if (to > now) next = Math.min(next, to, weekly === null ? Infinity : Math.floor(now / 60_000 + 1) * 60_000);
    }
    return next;
  }

  #local(now: number): { day: number; minute: number } {
    const parts = Object.fromEntries(this.#clock.formatToParts(now).map(({ type, value }) => [type, value]));
    return { day: WEEKDAYS.indexOf(parts.weekday) + 1, minute: Number(parts.hour) * 60 + Number(parts.minute) };
  }
}

function covers(rule: QuietRule, kind: string, subject: string, grids: readonly string[]): boolean {
  if (rule.kind !== null && !matchesKind(rule.kind, kind)) return false;
  if (rule.gridId !== null && !grids.includes(rule.gridId)) return false;
  if (rule.subject === null || rule.subject === subject) return true;
  const place = rule.subject.replace(/^device:/, "place:");
  return place !== rule.subject && (subject === place || subject.startsWith(`${place}#`));
}

/** How an event remembers the rule. */
export function quietName(rule: QuietRule): string {
  return `${rule.type}:${rule.id}`;
}

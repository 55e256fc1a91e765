import type { PostureInfo, TownPostureInfo } from "../../../src/api/posture-schema.ts";
import { duration, value } from "../format.ts";
import { coded, type Lang, word } from "../words/words.ts";
import type { Level } from "./posture-api.ts";

export const LEVELS: readonly Level[] = ["normal", "alert", "IV", "III", "II", "I"];
const HOUR = 3_600_000;
const PRESETS = [2, 6, 12, 24] as const;
export type Effects = PostureInfo["effects"][string];

/** 0 normal .. 5 response I */
const rankOf = (level: Level): number => LEVELS.indexOf(level);

/** What the chip says: the gravest level, and in how many towns it holds. */
export function gravest(towns: readonly TownPostureInfo[]): { level: Level; towns: TownPostureInfo[] } {
  const level = towns.reduce<Level>((worst, t) => (rankOf(t.level) > rankOf(worst) ? t.level : worst), "normal");
  return { level, towns: level === "normal" ? [] : towns.filter((t) => t.level === level) };
}

/** The gravest first; towns of one level stay in the order of the import. */
export function byGravity(towns: readonly TownPostureInfo[]): TownPostureInfo[] {
  return [...towns].sort((a, b) => rankOf(b.level) - rankOf(a.level));
}

/** Hours that the form offers at once, none beyond what the hub allows. */
export function presets(longestHours: number): number[] {
  const fit = PRESETS.filter((hours) => hours <= longestHours);
  return fit.length === 0 ? [longestHours] : fit;
}

/** The end that a preset means: whole minutes, as the field has them, and never beyond the bound. ms UTC */
export function endOf(hours: number, longestHours: number, now: number): number {
  const exact = now + Math.min(hours, longestHours) * HOUR;
  return Math.floor(exact / 60_000) * 60_000;
}

/** Why a wish would be refused, as the hub's own code; null = it would not. */
export function problemOf(
  wish: { readonly level: Level; readonly until: number | null; readonly reason: string },
  longestHours: number,
  now: number,
): "UNTIL_NEEDED" | "UNTIL_PAST" | "UNTIL_TOO_LATE" | "REASON_NEEDED" | null {
  if (wish.level === "normal") return null;
  if (wish.until === null) return "UNTIL_NEEDED";
  if (wish.until <= now) return "UNTIL_PAST";
  if (wish.until - now > longestHours * HOUR) return "UNTIL_TOO_LATE";
  return wish.reason.trim() === "" ? "REASON_NEEDED" : null;
}

/** What a level changes, one sentence a change; factors of 1 change nothing. */
export function effectLines(effects: Effects, lang: Lang): string[] {
  const lines: string[] = [];
  const percent = (factor: number) => value(factor * 100, 1);
  if (effects.threshold !== 1)
    lines.push(
      word(lang, effects.threshold < 1 ? "eff.thresholdLower" : "eff.thresholdHigher", {
        n: percent(effects.threshold),
      }),
    );
  for (const key of ["dwell", "sampling", "escalation", "dedupe"] as const)
    if (effects[key] !== 1) lines.push(word(lang, `eff.${key}`, { n: percent(effects[key]) }));
  const pace = (key: "eff.heartbeat" | "eff.interval" | "eff.patrol", ms: number | undefined) => {
    if (ms !== undefined) lines.push(word(lang, key, { t: paceOf(ms, lang) }));
  };
  pace("eff.heartbeat", effects.heartbeat_ms);
  pace("eff.interval", effects.interval_ms);
  pace("eff.patrol", effects.patrol_ms);
  for (const [name, limit] of Object.entries(effects.limits))
    lines.push(word(lang, "eff.limit", { name: coded(lang, "attribute", name), n: value(limit, 4) }));
  return lines;
}

/** "10 s", "0.5 s", "90 s", "2 min": exact, as a setting is. */
function paceOf(ms: number, lang: Lang): string {
  return ms % 60_000 === 0 ? duration(ms, lang) : `${value(ms / 1000, 1)} ${lang === "zh" ? "秒" : "s"}`;
}

import type { TownPostureInfo, WarningInfo } from "../../../src/api/posture-schema.ts";
import type { Lang } from "../words/words.ts";
import { word } from "../words/words.ts";
import type { Colour } from "./posture-api.ts";

/** The gravest first. */
export const COLOURS: readonly Colour[] = ["red", "orange", "yellow", "blue"];
/** warning -> what of it was seen when it was dismissed */
export type Dismissals = Readonly<Record<string, string>>;

const gravity = (w: WarningInfo) => COLOURS.indexOf(w.colour);
export const keyOf = (w: WarningInfo): string => `${w.sender} ${w.id}`;

/** Those that hold at `now`: real ones before exercises and tests, the gravest first, then the newest. */
export function holding(warnings: readonly WarningInfo[], now: number): WarningInfo[] {
  return warnings
    .filter((w) => w.endedAt === null && w.action !== "cancel" && w.from <= now && now < w.until)
    .sort(
      (a, b) =>
        Number(a.status !== "actual") - Number(b.status !== "actual") || gravity(a) - gravity(b) || b.sentAt - a.sentAt,
    );
}

/** Colour of each town by the gravest real warning; exercises and tests colour nothing. */
export function coloursOf(held: readonly WarningInfo[]): Map<string, Colour> {
  const colours = new Map<string, Colour>();
  for (const w of held) {
    if (w.status !== "actual") continue;
    for (const town of w.towns) if (!colours.has(town)) colours.set(town, w.colour);
  }
  return colours;
}

/** What a person has to see anew when it is another. An update of a warning is a warning of its own. */
function fingerprint(w: WarningInfo): string {
  return [w.colour, w.headline, w.from, w.until, w.instruction, [...w.towns].sort().join(",")].join("|");
}

export function isDismissed(w: WarningInfo, dismissed: Dismissals): boolean {
  return dismissed[keyOf(w)] === fingerprint(w);
}

/** With `w` dismissed; what is gone from `known` is forgotten, so the memory does not grow. */
export function dismiss(w: WarningInfo, dismissed: Dismissals, known: readonly WarningInfo[]): Dismissals {
  const keys = new Set(known.map(keyOf));
  const kept = Object.entries(dismissed).filter(([key]) => keys.has(key));
  return { ...Object.fromEntries(kept), [keyOf(w)]: fingerprint(w) };
}

/** Names of the towns: all of them as a number, else the first few. */
export function townsText(w: WarningInfo, towns: readonly TownPostureInfo[], lang: Lang): string {
  if (w.towns.length === 0) return word(lang, "warn.county");
  if (towns.length > 1 && towns.every(({ town }) => w.towns.includes(town)))
    return word(lang, "warn.allTowns", { n: towns.length });
  const names = new Map(towns.map(({ town, name }) => [town, name]));
  return w.towns.map((id) => names.get(id) ?? id).join(lang === "zh" ? "、" : ", ");
}

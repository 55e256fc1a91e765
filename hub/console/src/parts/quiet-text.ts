import type { QuietInfo } from "../../../src/api/event-policy-schema.ts";
import { coded, type Lang, word } from "../words/words.ts";

/** What a mute or a window keeps quiet: grid, kind, subject, as far as it names them. */
export function coveredBy({ gridName, kind, subject }: Pick<QuietInfo, "gridName" | "kind" | "subject">): string {
  return [gridName, kind, subject].filter((part) => part !== null).join(" · ");
}

/** When in the week a window is open. */
export function weekText({ days, from, minutes }: NonNullable<QuietInfo["weekly"]>, lang: Lang): string {
  const names = days.map((d) => coded(lang, "day", String(d))).join(lang === "zh" ? "、" : ", ");
  return word(lang, "quiet.weekly", { days: names, from, n: minutes });
}

import type { EventDetail, EventInfo } from "../../../src/api/schema.ts";
import { isWord, type Lang, word } from "../words/words.ts";

const PROVISIONAL = " (provisional)";

/** The class of the governance code table. What no platform has confirmed is marked, in the reader's language. */
export function codeName({ codeName: text }: Pick<EventInfo, "codeName">): { name: string; provisional: boolean } {
  const provisional = text.endsWith(PROVISIONAL);
  return { name: provisional ? text.slice(0, -PROVISIONAL.length) : text, provisional };
}

type Delivery = EventDetail["deliveries"][number];

/** An event is handed on again with each change: the newest state of each target, and how often it was sent. */
export function deliveriesByTarget(deliveries: readonly Delivery[]): (Delivery & { times: number })[] {
  const targets = new Map<string, Delivery & { times: number }>();
  for (const d of deliveries) {
    const before = targets.get(d.target);
    const newest = before === undefined || d.ts >= before.ts ? d : before;
    targets.set(d.target, { ...newest, times: (before?.times ?? 0) + 1 });
  }
  return [...targets.values()];
}

const SAID: Readonly<Record<string, "source.continued" | "source.history">> = {
  "continued by a live event": "source.continued",
  "history ended without an all-clear": "source.history",
};

/** What the hub notes beside a line of the timeline: which room found it. People's own words stay as they are. */
export function noteText({ who, note }: Pick<EventDetail["timeline"][number], "who" | "note">, lang: Lang): string {
  if (who !== "hub") return note;
  const said = SAID[note];
  if (said !== undefined) return word(lang, said);
  // "3 -> 2": the line says its level itself
  if (/^\d -> \d$/u.test(note)) return "";
  // "grid -> village": a step of the ladder
  const steps = note.split(" -> ").map((level) => `level.${level}`);
  if (steps.length === 2 && isWord(steps[0]) && isWord(steps[1]))
    return `${word(lang, steps[0])} → ${word(lang, steps[1])}`;
  const source = `source.${note.split(":", 1)[0]}`;
  return isWord(source) ? word(lang, source) : note;
}

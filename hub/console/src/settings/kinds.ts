import type { CodeInfo } from "../../../src/api/event-policy-schema.ts";
import { matchesKind, precision } from "../../../src/events/kind-pattern.ts";

/** What a kind is written like, and what a pattern of kinds: `fire.alarm`, `device.*`, `*`. For the `pattern` of fields. */
export const KIND = String.raw`[a-z0-9_]+(\.[a-z0-9_]+)*`;
export const KIND_PATTERN = String.raw`\*|${KIND}(\.\*)?`;
const WHOLE = new RegExp(`^(?:${KIND_PATTERN})$`, "u");

export function isPattern(text: string): boolean {
  return WHOLE.test(text);
}

/** Patterns as one types them: commas, semicolons, spaces or lines between. */
export function patternsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;、,;]+/u).filter((part) => part !== ""))];
}

/** The rule that speaks of a kind where several fit: the most exact, of equals the first, as in the hub. */
export function speaking<T extends { readonly kind: string }>(rules: readonly T[], kind: string): T | null {
  const fitting = rules.filter((rule) => matchesKind(rule.kind, kind));
  return fitting.toSorted((a, b) => precision(b.kind) - precision(a.kind))[0] ?? null;
}

/** What a pattern covers, in words: the title of a kind, of `device.*` the titles of the first few, "" = nothing known. */
export function meaning(pattern: string, codes: readonly CodeInfo[], lang: "zh" | "en", most = 3): string {
  const titles = codes
    .filter(({ kind }) => matchesKind(pattern, kind))
    .map((c) => (lang === "zh" ? c.titleZh : c.titleEn));
  if (titles.length <= most) return titles.join(lang === "zh" ? "、" : ", ");
  return `${titles.slice(0, most).join(lang === "zh" ? "、" : ", ")} … (${titles.length})`;
}

import { METRICS } from "@gridhub/device-profiles/metric.ts";
import { en } from "./en.ts";
import { zh } from "./zh.ts";

export type Lang = "zh" | "en";
export type WordKey = keyof typeof zh;
export type Dictionary = Readonly<Record<WordKey, string>>;

const DICTIONARIES: Readonly<Record<Lang, Dictionary>> = { zh, en };
const METRIC_NAMES = new Map(METRICS.map((m) => [m.name, m]));

export function word(lang: Lang, key: WordKey, fill: Readonly<Record<string, string | number>> = {}): string {
  return DICTIONARIES[lang][key].replace(/\{(\w+)\}/gu, (whole, name: string) => String(fill[name] ?? whole));
}

export function isWord(key: string): key is WordKey {
  return Object.hasOwn(zh, key);
}

/** A word for a code that the hub sent; the code itself where nobody knows it. Canonical metrics come from the contract. */
export function coded(lang: Lang, prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  if (isWord(key)) return DICTIONARIES[lang][key];
  if (prefix === "metric") return METRIC_NAMES.get(code)?.[lang] ?? code;
  // what the source of a device complains of is a code of its own behind the reason
  if (prefix === "reason" && code.startsWith("source_"))
    return word(lang, "reason.source", { fault: coded(lang, "fault", code.slice(7)) });
  return code;
}

/** Metrics that are true or false, though rules compare them as numbers. */
export function isFlag(metric: string): boolean {
  return METRIC_NAMES.get(metric)?.type === "boolean";
}

import { en } from "./en.ts";
import { zh } from "./zh.ts";

export type Lang = "zh" | "en";
export type WordKey = keyof typeof zh;
export type Dictionary = Readonly<Record<WordKey, string>>;

const DICTIONARIES: Readonly<Record<Lang, Dictionary>> = { zh, en };

export function word(lang: Lang, key: WordKey, fill: Readonly<Record<string, string | number>> = {}): string {
  return DICTIONARIES[lang][key].replace(/\{(\w+)\}/gu, (whole, name: string) => String(fill[name] ?? whole));
}

/** A word for a code that the hub sent; the code itself where no dictionary knows it. */
export function coded(lang: Lang, prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  return key in DICTIONARIES[lang] ? DICTIONARIES[lang][key as WordKey] : code;
}

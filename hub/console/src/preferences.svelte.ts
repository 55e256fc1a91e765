import type { Lang } from "./words/words.ts";

export type Theme = "dark" | "light";

/** Language and theme of this browser. A storage that refuses (private mode) only means that nothing is remembered. */
export class Preferences {
  lang = $state<Lang>(read("lang") === "en" ? "en" : "zh");
  theme = $state<Theme>(read("theme") === "light" ? "light" : "dark");

  switchLang(): void {
    this.lang = this.lang === "zh" ? "en" : "zh";
    write("lang", this.lang);
  }

  switchTheme(): void {
    this.theme = this.theme === "dark" ? "light" : "dark";
    write("theme", this.theme);
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(`gridhub.${key}`);
  } catch {
    return null;
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(`gridhub.${key}`, text);
  } catch {
    // Nothing is lost but the memory of a preference.
  }
}

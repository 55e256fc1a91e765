/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { CodeInfo } from "../../../src/api/event-policy-schema.ts";
import type { SettingsApi } from "../settings/settings-api.ts";
import type { Lang } from "../words/words.ts";

/** How kinds of events are called, by the table of codes. Without it a kind is shown by its code. */
export class KindTitles {
  #codes = $state.raw<ReadonlyMap<string, CodeInfo>>(new Map());
  readonly #api: SettingsApi;

  constructor(api: SettingsApi) {
    this.#api = api;
  }

  async load(): Promise<void> {
    const { items } = await this.#api.codes().catch(() => ({ items: [] }));
    this.#codes = new Map(items.map((code) => [code.kind, code]));
  }

  of(kind: string, lang: Lang): string {
    const code = this.#codes.get(kind);
    return code === undefined ? kind : lang === "zh" ? code.titleZh : code.titleEn;
  }
}

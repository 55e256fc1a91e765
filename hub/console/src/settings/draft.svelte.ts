import type { EventSettings, EventSettingsInfo } from "../../../src/api/event-policy-schema.ts";
import { ApiFailure } from "../api.ts";
import { Loading } from "../stores/loading.svelte.ts";
import type { SettingName, SettingRule, SettingsApi } from "./settings-api.ts";

/** One of the lists behind events, as it counts now and as it is being edited. Lists are taken by the hub as a whole. */
export class Draft<N extends SettingName> {
  readonly name: N;
  readonly loading = new Loading();
  /** as the hub has it */
  stored = $state.raw<EventSettings[N] | null>(null);
  /** as it would be after saving */
  value = $state.raw<EventSettings[N] | null>(null);
  busy = $state(false);
  saved = $state(false);
  failure = $state.raw<ApiFailure | null>(null);
  readonly changed = $derived(JSON.stringify(this.value) !== JSON.stringify(this.stored));
  readonly #api: SettingsApi;
  /** of what is stored */
  #etag = "";

  constructor(api: SettingsApi, name: N) {
    this.#api = api;
    this.name = name;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => this.#take(await this.#api.lists()));
  }

  edit(value: EventSettings[N]): void {
    this.value = value;
    this.saved = false;
    this.failure = null;
  }

  /** Replaces the rule at `i`, or takes it away (null), or adds one (`i` = how many there are). */
  put(i: number, rule: SettingRule<N> | null): void {
    const rules = [...(this.value ?? [])] as SettingRule<N>[];
    rules.splice(i, 1, ...(rule === null ? [] : [rule]));
    this.edit(rules as EventSettings[N]);
  }

  revert(): void {
    this.value = this.stored;
    this.failure = null;
  }

  save(): Promise<void> {
    return this.#send(this.value);
  }

  /** @throws ApiFailure */
  async defaults(): Promise<void> {
    await this.#put(null);
  }

  async #send(value: EventSettings[N] | null): Promise<void> {
    if (this.busy || value === null) return;
    this.busy = true;
    this.failure = null;
    try {
      await this.#put(value);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.failure = error;
    } finally {
      this.busy = false;
    }
  }

  /** @throws ApiFailure; where somebody else was first, `stored` is theirs then, and the next try is based on it */
  async #put(value: EventSettings[N] | null): Promise<void> {
    try {
      this.#take(await this.#api.saveList(this.name, value, this.#etag));
      this.saved = true;
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 412) this.#look(await this.#api.lists());
      throw error;
    }
  }

  #take(lists: EventSettingsInfo): void {
    this.#look(lists);
    this.value = this.stored;
  }

  #look(lists: EventSettingsInfo): void {
    this.stored = lists[this.name];
    this.#etag = lists.etags[this.name];
  }
}

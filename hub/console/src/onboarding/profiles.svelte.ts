/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { ProfileList } from "../../../src/api/onboarding-schema.ts";
import { Loading } from "../stores/loading.svelte.ts";
import type { OnboardingApi } from "./onboarding-api.ts";
import { byModel, type Model } from "./models.ts";

/** The profiles of the running hub, one entry a model. */
export class Profiles {
  readonly loading = new Loading();
  list = $state.raw<ProfileList>({ items: [], problems: [] });
  readonly models: readonly Model[] = $derived(byModel(this.list));
  /** problems of files that no loaded profile came from */
  readonly strays = $derived.by(() => {
    const files = new Set(this.list.items.map(({ file }) => file));
    return this.list.problems.filter(({ file }) => !files.has(file));
  });
  readonly broken = $derived(new Set(this.list.problems.filter((p) => p.level === "error").map((p) => p.file)).size);
  readonly #api: OnboardingApi;

  constructor(api: OnboardingApi) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      this.list = await this.#api.profiles();
    });
  }
}

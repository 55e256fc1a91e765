/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { QuarantineDetailInfo, QuarantineItem } from "../../../src/api/onboarding-schema.ts";
import { ApiFailure } from "../api.ts";
import { Loading } from "../stores/loading.svelte.ts";
import type { OnboardingApi } from "./onboarding-api.ts";
import { keyOf } from "./same-suggestion.ts";
import type { Suggestion } from "./shapes.ts";

/** The hub tries every profile for an answer: so many devices are asked for unasked, the rest when picked. */
const MATCHED_UNASKED = 60;

/** Unknown devices, and of each the profiles that fit, asked for one after another in the background. */
export class Quarantine {
  readonly loading = new Loading();
  items = $state.raw<QuarantineItem[]>([]);
  /** by `<site>/<edge>/<device>` */
  details = $state.raw<ReadonlyMap<string, QuarantineDetailInfo>>(new Map());
  readonly waiting = $derived(this.items.filter(({ ignored }) => ignored === null));
  readonly ignored = $derived(this.items.filter(({ ignored }) => ignored !== null));
  readonly #api: OnboardingApi;
  #matching = false;
  #left = false;

  constructor(api: OnboardingApi) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      this.items = (await this.#api.quarantine()).items;
    });
  }

  /** Rejects with `ApiFailure`. */
  async open(edge: string, device: string): Promise<void> {
    const detail = await this.#api.unknownDevice(edge, device);
    this.details = new Map(this.details).set(keyOf(detail), detail);
  }

  best = (key: string): Suggestion | undefined => this.details.get(key)?.suggestions[0];

  /** Asks for what fits the devices that were not asked for yet. Ends when the room is left. */
  async match(): Promise<void> {
    if (this.#matching) return;
    this.#matching = true;
    this.#left = false;
    const failed = new Set<string>();
    try {
      for (;;) {
        const next = this.waiting
          .slice(0, MATCHED_UNASKED)
          .find((item) => !this.details.has(keyOf(item)) && !failed.has(keyOf(item)));
        if (next === undefined || this.#left) return;
        try {
          await this.open(next.edge, next.device);
        } catch (error) {
          if (!(error instanceof ApiFailure)) throw error;
          // It may have been adopted meanwhile; the next load says so.
          failed.add(keyOf(next));
        }
      }
    } finally {
      this.#matching = false;
    }
  }

  leave(): void {
    this.#left = true;
  }

  async setIgnored(item: QuarantineItem, ignored: boolean): Promise<void> {
    await this.#api.ignore(item.edge, item.device, ignored);
    await this.load();
    const detail = this.details.get(keyOf(item));
    const now = this.items.find((each) => keyOf(each) === keyOf(item));
    if (detail !== undefined && now !== undefined)
      this.details = new Map(this.details).set(keyOf(item), { ...detail, ignored: now.ignored });
  }

  /** After an adoption: what waits now, and what of the device is left. */
  async adopted(edge: string, device: string): Promise<void> {
    const details = new Map(this.details);
    details.delete(keyOf({ edge, device }));
    this.details = details;
    await this.load();
  }
}

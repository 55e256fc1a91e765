import { Loading } from "../stores/loading.svelte.ts";
import type { OnboardingApi } from "./onboarding-api.ts";
import { partsOf } from "./profile-id.ts";
import type { RedecodeDetail, RedecodeInfo } from "../../../src/api/redecode-schema.ts";

const QUICK_MS = 1_000;
const CALM_MS = 15_000;

export function isOver({ state }: Pick<RedecodeInfo, "state">): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

/** The runs of one profile, asked for every second while one of them works. */
export class Redecodes {
  readonly loading = new Loading();
  jobs = $state.raw<readonly RedecodeInfo[]>([]);
  /** the one whose differences are shown */
  open = $state.raw<RedecodeDetail | null>(null);
  readonly #api: OnboardingApi;
  readonly #model: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #left = false;

  /** @param model `maker/model` */
  constructor(api: OnboardingApi, model: string) {
    this.#api = api;
    this.#model = model;
  }

  async watch(): Promise<void> {
    clearTimeout(this.#timer);
    const before = this.open;
    await this.loading.run(async () => {
      const { items } = await this.#api.redecodes();
      this.jobs = items.filter(({ profile }) => partsOf(profile).model === this.#model);
      // What is shown goes on with the run, and is read once more when the run has ended.
      if (before !== null && !isOver(before)) await this.show(before.id);
    });
    if (this.#left) return;
    this.#timer = setTimeout(() => void this.watch(), this.jobs.every(isOver) ? CALM_MS : QUICK_MS);
  }

  /** Rejects with `ApiFailure`. */
  async show(id: number | null): Promise<void> {
    this.open = id === null ? null : await this.#api.redecode(id);
  }

  leave(): void {
    this.#left = true;
    clearTimeout(this.#timer);
  }
}

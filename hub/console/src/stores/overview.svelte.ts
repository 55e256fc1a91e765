import type { Overview } from "../../../src/api/schema.ts";
import type { Api } from "../api.ts";
import type { Stats } from "../live.svelte.ts";
import { Loading } from "./loading.svelte.ts";

const RATES = 90;

/** The numbers of the top bar; statistics from the stream refresh them every 2 s. */
export class OverviewNumbers {
  readonly loading = new Loading();
  now = $state.raw<Overview | null>(null);
  /** stored readings per second, newest last */
  rates = $state.raw<number[]>([]);
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      this.now = await this.#api.overview();
    });
  }

  stats(s: Stats): void {
    this.rates = [...this.rates.slice(-(RATES - 1)), s.rate];
    if (this.now !== null)
      this.now = { ...this.now, now: s.now, rate: s.rate, devices: s.devices, health: s.health, active: s.active };
  }
}

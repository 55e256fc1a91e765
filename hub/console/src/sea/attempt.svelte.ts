import { ApiFailure } from "../api.ts";
import type { Desk } from "../desk.svelte.ts";

/** Something asked of the hub from a form: whether it is under way, and what it was refused for, in words. */
export class Attempt {
  busy = $state(false);
  failure = $state("");
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Runs `work`; a refusal becomes `failure`. @returns the refusal, null when it went through */
  async run(work: () => Promise<unknown>): Promise<ApiFailure | null> {
    this.busy = true;
    this.failure = "";
    try {
      await work();
      return null;
    } catch (error) {
      return this.refuse(error);
    } finally {
      this.busy = false;
    }
  }

  /** Puts a refusal into words. @throws what is none */
  refuse(error: unknown): ApiFailure {
    if (!(error instanceof ApiFailure)) throw error;
    const { code, problems, advice } = error;
    const more = problems.length === 0 ? [advice] : problems.slice(0, 3).map(({ expected }) => expected);
    this.failure = [this.#desk.coded("code", code), ...more].filter((text) => text !== "").join(" · ");
    return error;
  }
}

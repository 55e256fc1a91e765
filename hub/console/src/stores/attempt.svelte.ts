import { ApiFailure } from "../api.ts";
import type { Desk } from "../desk.svelte.ts";

/** Something asked of the hub from a form: whether it is under way, and what it was refused for, in words. */
export class Attempt {
  busy = $state(false);
  failure = $state("");
  readonly #desk: Desk;
  readonly #more: (refusal: ApiFailure) => string;

  /** @param more what is said behind the word of the refusal's code */
  constructor(desk: Desk, more: (refusal: ApiFailure) => string = detail) {
    this.#desk = desk;
    this.#more = more;
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
    this.failure = [this.#desk.coded("code", error.code), this.#more(error)].filter((text) => text !== "").join(" · ");
    return error;
  }
}

/** The first few of what is wrong where; else what to do about it, or, of a value that does not fit, which. */
function detail({ code, problems, message, advice }: ApiFailure): string {
  if (problems.length > 0)
    return problems
      .slice(0, 3)
      .map(({ expected }) => expected)
      .join(" · ");
  return code === "INVALID" ? message : advice;
}

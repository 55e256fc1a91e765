import { ApiFailure } from "../api.ts";
import type { OnboardingApi } from "./onboarding-api.ts";
import type { LintProblem } from "./shapes.ts";

/** A pause in typing, ms, after which the hub is asked. */
const PAUSE_MS = 400;

/** What the hub finds wrong with a text, asked while it is typed: the answer to the newest text only. */
export class Lint {
  problems = $state.raw<readonly LintProblem[]>([]);
  state = $state<"idle" | "checking" | "checked" | "failed">("idle");
  /** code of the failure */
  failure = $state("");
  readonly errors = $derived(this.problems.filter(({ severity }) => severity === "error").length);
  readonly #api: OnboardingApi;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  constructor(api: OnboardingApi) {
    this.#api = api;
  }

  soon(text: string): void {
    this.stop();
    this.state = "checking";
    this.#timer = setTimeout(() => void this.check(text), PAUSE_MS);
  }

  async check(text: string): Promise<void> {
    this.stop();
    if (text.trim() === "") {
      [this.problems, this.state] = [[], "idle"];
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    this.state = "checking";
    try {
      const { problems } = await this.#api.lint(text, abort.signal);
      if (abort.signal.aborted) return;
      [this.problems, this.state] = [problems, "checked"];
    } catch (error) {
      if (abort.signal.aborted) return;
      if (!(error instanceof ApiFailure)) throw error;
      [this.failure, this.state] = [error.code, "failed"];
    }
  }

  /** What was found before stays shown until something newer is known. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }
}

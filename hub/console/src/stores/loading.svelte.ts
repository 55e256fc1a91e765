import { untrack } from "svelte";
import { ApiFailure } from "../api.ts";

export type LoadState = "idle" | "loading" | "ready" | "error" | "denied";

/** Where a load stands. A reload keeps showing what is there: `state` stays `ready` until it fails. */
export class Loading {
  state = $state<LoadState>("idle");
  failure = $state.raw<ApiFailure | null>(null);

  /** Runs `load`; false when it failed, with the reason in `failure`. */
  async run(load: () => Promise<void>): Promise<boolean> {
    // Whoever loads from an effect must not come to depend on the state that the load itself changes.
    if (untrack(() => this.state) !== "ready") this.state = "loading";
    try {
      await load();
      this.state = "ready";
      this.failure = null;
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.failure = error;
      this.state = error.status === 403 ? "denied" : "error";
      return false;
    }
  }
}

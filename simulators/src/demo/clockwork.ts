/** Things that happen again and again until the run ends. Every action starts at its own phase, so load is even. */
export class Clockwork {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly abort = new AbortController();

  /** Calls `action` every `everyMs`, first after `phaseMs`. */
  every(everyMs: number, phaseMs: number, action: () => void): void {
    const first = setTimeout(() => {
      this.timers.delete(first);
      action();
      if (this.stopped) return;
      this.timers.add(setInterval(action, everyMs));
    }, phaseMs);
    this.timers.add(first);
  }

  /**
   * Calls `action` whenever the wall clock passes a multiple of `everyMs` plus `offsetMs`: what a device does whose clock shows
   * whole seconds. Does not drift.
   */
  aligned(everyMs: number, offsetMs: number, action: () => void): void {
    const arm = (): void => {
      const timer = setTimeout(
        () => {
          this.timers.delete(timer);
          action();
          if (!this.stopped) arm();
        },
        everyMs - ((((Date.now() - offsetMs) % everyMs) + everyMs) % everyMs),
      );
      this.timers.add(timer);
    };
    arm();
  }

  /** Resolves after `ms`, or at once when the run ends; never rejects. */
  sleep(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.abort.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, ms));
      this.abort.signal.addEventListener("abort", done);
    });
  }

  get stopped(): boolean {
    return this.abort.signal.aborted;
  }

  /** Resolves when {@link stop} is called. */
  get ended(): Promise<void> {
    return this.sleep(2 ** 31 - 1);
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.abort.abort();
  }
}

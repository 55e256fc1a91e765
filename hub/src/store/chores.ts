import type { Log } from "../log.ts";

interface Chore {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<unknown>;
}

/**
 * What the store does beside the write path, each chore in its own rhythm and never twice at once. A chore that takes long is
 * called less often: at most a tenth of the time is spent in it. A failure is said once, and the chore goes on.
 */
export class Chores {
  readonly #log: Log;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failing = new Set<string>();
  #running = new Set<Promise<void>>();
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  start(chore: Chore): void {
    this.#schedule(chore, chore.everyMs);
  }

  #schedule(chore: Chore, ms: number): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      const running = this.#run(chore).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }, ms);
    timer.unref();
    this.#timers.set(chore.name, timer);
  }

  async #run(chore: Chore): Promise<void> {
    const began = performance.now();
    try {
      await chore.work();
      if (this.#failing.delete(chore.name)) this.#log.info({ chore: chore.name }, "chore works again");
    } catch (error) {
      if (!this.#failing.has(chore.name) && !this.#closed) {
        this.#log.warn({ chore: chore.name, err: (error as Error).message }, "chore failed");
      }
      this.#failing.add(chore.name);
    }
    this.#schedule(chore, Math.max(chore.everyMs, 10 * (performance.now() - began)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.allSettled([...this.#running]);
  }
}

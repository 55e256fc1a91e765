import type { Random } from "../random.ts";
import type { Journal } from "./journal.ts";
import { sign } from "./signature.ts";

/** A callback as the hub's page describes it. */
export interface Callback {
  readonly id: string;
  readonly kind: string;
  readonly event?: string;
  readonly events?: readonly string[];
  /** ms UTC */
  readonly ts?: number;
  readonly who?: string;
  readonly note?: string;
  readonly until?: number;
  readonly verdict?: string;
}

export interface CallerOptions {
  /** of the hub's callbacks: `http://hub/api/callbacks/<target>` */
  readonly url: string;
  readonly secret: string;
  /** share of callbacks that are sent twice, with a wrong signature before, or after the one that should follow */
  readonly bad: number;
  readonly random: Random;
  readonly journal: Journal;
  /** requests under way at once */
  readonly concurrency?: number;
  /** pause after a failure, ms */
  readonly pauseMs?: number;
  /** time for an answer, ms */
  readonly timeoutMs?: number;
}

const WRONG = "this is not the secret of anything";

/** Sends callbacks until the hub answers each with 2xx or refuses it for good; badly on purpose. */
export class Caller {
  private readonly options: CallerOptions;
  private readonly queue: Callback[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  /** callbacks that were answered for good, by id */
  readonly answered = new Map<string, { readonly status: number; readonly outcome: string }>();

  constructor(options: CallerOptions) {
    this.options = options;
  }

  /** callbacks that have no answer yet */
  get waiting(): number {
    return this.queue.length + this.running.size;
  }

  /** What happened one after the other; mischief swaps, doubles and forges. */
  say(story: readonly Callback[]): void {
    const { random, bad } = this.options;
    const order = [...story];
    for (let i = 0; i + 1 < order.length; i++)
      if (random.chance(bad)) [order[i], order[i + 1]] = [order[i + 1], order[i]];
    for (const callback of order) {
      this.queue.push(callback);
      if (random.chance(bad)) this.queue.push(callback);
    }
    this.pump();
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.queue.length = 0;
    await Promise.all(this.running);
  }

  private pump(): void {
    while (!this.stop.signal.aborted && this.running.size < (this.options.concurrency ?? 8)) {
      const next = this.queue.shift();
      if (next === undefined) return;
      const work: Promise<void> = this.deliver(next).finally(() => {
        this.running.delete(work);
        this.pump();
      });
      this.running.add(work);
    }
  }

  private async deliver(callback: Callback): Promise<void> {
    const { random, bad, secret, journal, pauseMs = 200 } = this.options;
    const body = JSON.stringify(callback);
    if (random.chance(bad / 2)) {
      const status = await this.post(body, sign(WRONG, body, Date.now()));
      journal.note(status === 401 ? "forgery_refused" : status === 0 ? "forgery_lost" : "forgery_taken", callback.id);
    }
    while (!this.stop.signal.aborted) {
      const status = await this.post(body, sign(secret, body, Date.now()), callback.id);
      if (status >= 200 && status < 300) return journal.note("callback_ok", callback.id);
      if (status >= 400 && status < 500 && status !== 429) return journal.note(`callback_${status}`, callback.id);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** @returns the status; 0 = no answer */
  private async post(body: string, signature: string, id?: string): Promise<number> {
    const { url, timeoutMs = 10_000 } = this.options;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", "gridhub-signature": signature },
        body,
        signal: AbortSignal.any([this.stop.signal, AbortSignal.timeout(timeoutMs)]),
      });
      const answer = (await response.json()) as { outcome?: string; code?: string };
      if (id !== undefined && (response.ok || (response.status < 500 && response.status !== 429)))
        this.answered.set(id, { status: response.status, outcome: answer.outcome ?? answer.code ?? "" });
      return response.status;
    } catch {
      return 0;
    }
  }
}

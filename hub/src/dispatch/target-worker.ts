import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { OutboxItem, OutboxPort } from "./outbox.ts";
import type { TargetConfig } from "./target.ts";
import type { Outcome, Transport } from "./transport.ts";

/** Times in ms. */
export interface RetryPolicy {
  /** wait after the first failure; doubles with each further one */
  readonly baseMs: number;
  /** longest wait, and how often a parked target is tried */
  readonly maxMs: number;
  /** failures in a row after which a target is called down */
  readonly downAfter: number;
  /** attempts after which a row that fails while others of its target succeed is given up */
  readonly maxAttempts: number;
  /** how often to look for work that nobody announced (a lease that ran out, another replica's rows) */
  readonly pollMs: number;
}
export const DEFAULT_RETRY: RetryPolicy = {
  baseMs: 1000,
  maxMs: 300_000,
  downAfter: 6,
  maxAttempts: 20,
  pollMs: 15_000,
};

export interface WorkerEvents {
  /** the target went down or came back; `failures` in a row, newest `error` */
  turned(down: boolean, failures: number, error: string): void;
  /** a row was delivered, or given up */
  settled(item: OutboxItem, ok: boolean, note: string): void;
}

export interface WorkerDeps {
  readonly target: TargetConfig;
  readonly port: OutboxPort;
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport;
  /** 0 <= x < 1 */
  readonly random: () => number;
  readonly events: WorkerEvents;
}

const DEFAULT_CONCURRENCY = 4;

/**
 * Delivers to one target. While all goes well several events are under way at once. After a failure the target is tried with
 * one row at a time and growing pauses, whatever waits: an outage costs it and us one request a pause, not one a row.
 */
export class TargetWorker {
  readonly #deps: WorkerDeps;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #running: Promise<void> | null = null;
  #nudge: (() => void) | null = null;
  #nudged = false;
  #failures = 0;
  #down = false;
  /** the port's failure was logged; once is enough until it works again */
  #portDown = false;
  /** nothing was delivered yet since the start: whether the target was down before is not known */
  #fresh = true;
  /** monotonic, ms */
  #pausedUntil = 0;
  #lastSuccess = -Infinity;
  /** rows to be sent one by one: the message that carried them together was refused, and one of them is to blame */
  #oneByOne = 0;
  #probing = false;
  /** rows since the start; failed = an attempt that is made again */
  readonly counts = { delivered: 0, failed: 0, parked: 0 };

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
  }

  get down(): boolean {
    return this.#down;
  }

  /** failures in a row */
  get failures(): number {
    return this.#failures;
  }

  /** ms until the target is tried again after a failure; 0 = at any time */
  get pauseMs(): number {
    return Math.max(0, Math.round(this.#pausedUntil - performance.now()));
  }

  /**
   * Sends a row that is not of the outbox, whatever waits and whatever pause is left. When it arrives, what waits is tried at
   * once. @returns null = the way is closed for the moment: one is under way, or as many messages were sent as may be
   */
  async probe(item: OutboxItem): Promise<Outcome | null> {
    const { transport } = this.#deps;
    if (this.#probing || (transport.pauseMs?.() ?? 0) > 0) return null;
    this.#probing = true;
    try {
      const outcome = await transport.send([item], this.#stop.signal);
      if (outcome.kind === "delivered") {
        await this.#recovered();
        this.resume();
      }
      return outcome;
    } finally {
      this.#probing = false;
    }
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There may be new rows. */
  wake(): void {
    this.#nudged = true;
    this.#nudge?.();
  }

  /** A person asks: try now, whatever pause is left. */
  resume(): void {
    this.#pausedUntil = 0;
    this.wake();
  }

  /** Hangs up and gives the rows back. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
    await Promise.all(this.#underWay);
    await this.#deps.transport.close?.();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#nudged = false;
      const wait = await this.#turn().catch((error: unknown) => {
        if (!this.#portDown) this.#deps.log.warn({ target: this.#deps.target.name, err: error }, "outbox unreachable");
        this.#portDown = true;
        return this.#deps.policy.pollMs;
      });
      if (wait > 0) await this.#sleep(wait);
    }
  }

  /** Starts what may start. @returns ms until there may be more to do */
  async #turn(): Promise<number> {
    const { port, policy, target, transport } = this.#deps;
    const paused = Math.max(this.#pausedUntil - performance.now(), transport.pauseMs?.() ?? 0);
    if (paused > 0) return paused;
    const wide = transport.batch > 1 ? 1 : (target.concurrency ?? DEFAULT_CONCURRENCY);
    const free = (this.#failures > 0 ? 1 : wide) - this.#underWay.size;
    // Each row that ends wakes us.
    if (free <= 0) return policy.pollMs;
    const limit = transport.batch > 1 ? (this.#oneByOne > 0 ? 1 : transport.batch) : free;
    // The lease outlives the request, so that nobody else sends the row while we do.
    const items = await port.claim(target.name, limit, transport.timeoutMs + 30_000, transport.ordered);
    this.#portDown = false;
    const ready = await this.#sift(items);
    if (ready.length > 0 && this.#oneByOne > 0) this.#oneByOne--;
    for (const rows of transport.batch > 1 ? (ready.length > 0 ? [ready] : []) : ready.map((item) => [item])) {
      const work: Promise<void> = this.#deliver(rows).finally(() => {
        this.#underWay.delete(work);
        this.wake();
      });
      this.#underWay.add(work);
    }
    if (items.length === limit) return 0;
    const due = await port.nextDue(target.name, transport.ordered);
    return Math.min(due ?? Infinity, policy.pollMs);
  }

  /** Gives back what must wait for its hour. */
  async #sift(items: readonly OutboxItem[]): Promise<readonly OutboxItem[]> {
    const { port, transport, clock } = this.#deps;
    if (transport.holdMs === undefined) return items;
    const ready: OutboxItem[] = [];
    for (const item of items) {
      const hold = transport.holdMs(item, clock());
      if (hold > 0) await port.defer(item.id, hold);
      else ready.push(item);
    }
    return ready;
  }

  async #deliver(items: readonly OutboxItem[]): Promise<void> {
    const { target, transport, log } = this.#deps;
    const failuresBefore = this.#failures;
    const outcome = await transport.send(items, this.#stop.signal);
    try {
      await this.#settle(items, outcome, failuresBefore);
    } catch (error) {
      // The lease runs out and the row is tried again: at least once, never lost.
      log.warn({ target: target.name, err: error }, "outcome of a delivery could not be stored");
    }
  }

  async #settle(items: readonly OutboxItem[], outcome: Outcome, failuresBefore: number): Promise<void> {
    const { port, policy, events } = this.#deps;
    if (outcome.kind === "stopped") {
      for (const { id } of items) await port.retry(id, 0, "hub stopped");
    } else if (outcome.kind === "failed") {
      // Requests that were under way together and failed together are one failure.
      if (this.#failures === failuresBefore) this.#failures++;
      const pause = this.#backoff(this.#failures, outcome.retryAfterMs);
      this.#pausedUntil = performance.now() + pause;
      // Only a row that fails beside others that arrive is to blame itself.
      const alive = performance.now() - this.#lastSuccess < 2 * policy.maxMs;
      for (const item of items) {
        if (item.attempts >= policy.maxAttempts && alive) await this.#giveUp(item, outcome.error);
        else {
          await port.retry(item.id, Math.max(pause, this.#backoff(item.attempts, 0)), outcome.error);
          this.counts.failed++;
        }
      }
      if (this.#failures >= policy.downAfter && !this.#down) {
        this.#down = true;
        events.turned(true, this.#failures, outcome.error);
      }
    } else {
      // Also a refusal shows that the target is there.
      await this.#recovered();
      if (outcome.kind === "delivered") this.#lastSuccess = performance.now();
      if (outcome.kind === "refused" && items.length > 1) {
        this.#oneByOne += items.length;
        for (const { id } of items) await port.retry(id, 0, outcome.error);
      } else if (outcome.kind === "refused") {
        await this.#giveUp(items[0], outcome.error);
      } else {
        for (const item of items) {
          await port.delivered(item.id);
          this.counts.delivered++;
          events.settled(item, true, item.attempts > 1 ? `attempt ${item.attempts}` : "");
        }
      }
    }
  }

  async #giveUp(item: OutboxItem, error: string): Promise<void> {
    await this.#deps.port.park(item.id, error);
    this.counts.parked++;
    this.#deps.events.settled(item, false, error);
  }

  async #recovered(): Promise<void> {
    const { port, target, events } = this.#deps;
    const wasDown = this.#down;
    const failures = this.#failures;
    this.#failures = 0;
    this.#pausedUntil = 0;
    this.#down = false;
    if (wasDown || this.#fresh) events.turned(false, failures, "");
    this.#fresh = false;
    if (wasDown) await port.hasten(target.name);
  }

  /** Exponential with jitter over its upper half, so that targets that fell together do not come back in step. */
  #backoff(failures: number, atLeastMs: number): number {
    const { baseMs, maxMs } = this.#deps.policy;
    const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
    return Math.min(maxMs, Math.max(atLeastMs, full * (0.5 + this.#deps.random() / 2)));
  }

  #sleep(ms: number): Promise<void> {
    if (this.#nudged) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#nudge = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

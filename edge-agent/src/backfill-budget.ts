const DEFAULT_RATE = 2000;
/** Shortest and longest wait for new tokens, ms. */
const MIN_WAIT = 20;
const MAX_WAIT = 1000;

/** Token bucket of the backfill lane: records a second, at most one second's worth saved up. One batch may overdraw it. */
export class BackfillBudget {
  readonly #monotonic: () => number;
  #rate = DEFAULT_RATE;
  #tokens = DEFAULT_RATE;
  #since: number | null = null;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Never below one a second: an edge that may send nothing would never hear that it may again. */
  set rate(rate: number) {
    if (!Number.isFinite(rate)) return;
    this.#refill();
    this.#rate = Math.max(1, rate);
    this.#tokens = Math.min(this.#tokens, this.#rate);
  }

  get tokens(): number {
    this.#refill();
    return this.#tokens;
  }

  spend(records: number): void {
    this.#tokens -= records;
  }

  /** 0 when at least one record may go; else how long to wait, ms */
  waitMs(): number {
    this.#refill();
    if (this.#tokens >= 1) return 0;
    return Math.min(MAX_WAIT, Math.max(MIN_WAIT, ((1 - this.#tokens) / this.#rate) * 1000));
  }

  #refill(): void {
    const now = this.#monotonic();
    if (this.#since !== null)
      this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#since) / 1000) * this.#rate);
    this.#since = now;
  }
}

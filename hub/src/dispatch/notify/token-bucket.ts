/** Monotonic, ms. */
export type Stopwatch = () => number;

/** of a token: sums of fractions never quite reach one */
const EPSILON = 1e-9;

/**
 * At most `perMinute` messages in any 60 seconds: a bucket of half that size which is filled again with the other half a
 * minute. It starts with one token, since what an earlier process spent is not known.
 */
export class TokenBucket {
  readonly #size: number;
  /** tokens a ms */
  readonly #rate: number;
  readonly #now: Stopwatch;
  #tokens = 1;
  #at: number;

  /** @param perMinute >= 2 */
  constructor(perMinute: number, now: Stopwatch = () => performance.now()) {
    this.#size = Math.max(1, Math.floor(perMinute / 2));
    this.#rate = (perMinute - this.#size) / 60_000;
    this.#now = now;
    this.#at = now();
  }

  /** ms until there is a token; 0 = there is one */
  waitMs(): number {
    this.#fill();
    return this.#tokens >= 1 - EPSILON ? 0 : Math.ceil((1 - this.#tokens) / this.#rate);
  }

  take(): void {
    this.#fill();
    this.#tokens--;
  }

  #fill(): void {
    const now = this.#now();
    this.#tokens = Math.min(this.#size, this.#tokens + (now - this.#at) * this.#rate);
    this.#at = now;
  }
}

/** Samples kept for one rate: 1.5 windows at the thinnest spacing that is stored. */
const CAPACITY = 24;

/**
 * Change of one metric over a window, per second or as such. Samples closer than window/16 to the last kept one are compared but not kept,
 * so memory is fixed. The reference is the newest sample at least a window old (at most 1.5 windows), else the oldest one at
 * least half a window old: two samples close together would turn noise into a rate. Without a reference the change is unknown.
 */
export class RateWindow {
  readonly #windowMs: number;
  readonly #ts = new Float64Array(CAPACITY);
  readonly #value = new Float64Array(CAPACITY);
  #n = 0;
  /** index of the next slot to write */
  #head = 0;

  readonly #perSecond: boolean;

  constructor(windowMs: number, perSecond = true) {
    this.#windowMs = windowMs;
    this.#perSecond = perSecond;
  }

  /** Samples kept so far: grows by one when `add` keeps one. Tells whether a durable copy is out of date. */
  kept = 0;

  /** [ts, value, ts, value ...], oldest first */
  samples(): number[] {
    const flat: number[] = [];
    for (let back = this.#n; back >= 1; back--) {
      const i = (this.#head + CAPACITY - back) % CAPACITY;
      flat.push(this.#ts[i], this.#value[i]);
    }
    return flat;
  }

  /** Takes `samples` of another window over. */
  restore(flat: readonly number[]): void {
    this.reset();
    for (let i = 0; i + 1 < flat.length; i += 2) this.add(flat[i], flat[i + 1]);
  }

  /** Adds a sample that is not older than the last one. @returns the change (per second), NaN when unknown */
  add(ts: number, value: number): number {
    const rate = this.#rate(ts, value);
    const last = this.#n === 0 ? -Infinity : this.#ts[(this.#head + CAPACITY - 1) % CAPACITY];
    if (ts - last >= this.#windowMs / 16) {
      this.#ts[this.#head] = ts;
      this.#value[this.#head] = value;
      this.#head = (this.#head + 1) % CAPACITY;
      if (this.#n < CAPACITY) this.#n++;
      this.kept++;
    }
    return rate;
  }

  reset(): void {
    this.#n = 0;
  }

  #rate(ts: number, value: number): number {
    let reference = -1;
    for (let back = 1; back <= this.#n; back++) {
      const i = (this.#head + CAPACITY - back) % CAPACITY;
      const age = ts - this.#ts[i];
      if (age > 1.5 * this.#windowMs) break;
      if (age >= this.#windowMs / 2) reference = i;
      if (age >= this.#windowMs) break;
    }
    if (reference < 0) return Number.NaN;
    const change = value - this.#value[reference];
    return this.#perSecond ? change / ((ts - this.#ts[reference]) / 1000) : change;
  }
}

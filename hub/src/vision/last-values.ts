/** The last values of a measurement, and how they lie. */
export class LastValues {
  readonly #values: Float64Array;
  /** all that there were, also those that were pushed out */
  count = 0;

  constructor(kept: number) {
    this.#values = new Float64Array(kept);
  }

  add(value: number): void {
    this.#values[this.count++ % this.#values.length] = value;
  }

  /** @returns null = there are none */
  quantiles(): { readonly p50: number; readonly p95: number; readonly max: number } | null {
    if (this.count === 0) return null;
    const sorted = this.#values.slice(0, Math.min(this.count, this.#values.length)).sort();
    const at = (p: number): number => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
    return { p50: at(0.5), p95: at(0.95), max: at(1) };
  }
}

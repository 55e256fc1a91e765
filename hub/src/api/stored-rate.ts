const WINDOW_MS = 10_000;

/** Readings stored per second, mean of the last 10 s. */
export class StoredRate {
  readonly #samples: { readonly at: number; readonly total: number }[] = [];

  /** @param total readings stored since the start */
  sample(at: number, total: number): void {
    const samples = this.#samples;
    // a clock that was set back makes all that was before it meaningless
    if (samples.length > 0 && at <= samples[samples.length - 1].at) samples.length = 0;
    samples.push({ at, total });
    while (samples.length > 2 && at - samples[1].at >= WINDOW_MS) samples.shift();
  }

  get perSecond(): number {
    const samples = this.#samples;
    if (samples.length < 2) return 0;
    const [first, last] = [samples[0], samples[samples.length - 1]];
    return Math.round(((last.total - first.total) * 10_000) / (last.at - first.at)) / 10;
  }
}

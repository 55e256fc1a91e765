/* eslint-disable svelte/prefer-svelte-reactivity -- what is on its way is not shown */
import { stayMs } from "./clip-time.ts";

/** Pictures that are fetched before their turn. */
const AHEAD = 4;

export interface ClipPicturesOptions {
  /** address of picture `n` */
  readonly url: (n: number) => string;
  /** ms UTC of each picture, at least one */
  readonly times: readonly number[];
  /** fetches and decodes; rejects when there is no such picture */
  readonly fetch: (url: string) => Promise<unknown>;
}

/** Which picture of a clip is shown. It changes when the next one can be drawn at once, so nothing flickers and time says what is seen. */
export class ClipPictures {
  /** shown */
  at = $state(0);
  /** asked for; differs from `at` while it comes */
  target = $state(0);
  playing = $state(false);
  speed = $state(1);
  /** pictures that could not be read */
  readonly #bad = $state<Record<number, true>>({});
  readonly broken = $derived(this.#bad[this.at] === true);
  readonly #options: ClipPicturesOptions;
  readonly #coming = new Map<number, Promise<unknown>>();

  constructor(options: ClipPicturesOptions) {
    this.#options = options;
  }

  get last(): number {
    return this.#options.times.length - 1;
  }

  /** Shows a picture as soon as it is there; the newest wish counts. */
  async show(n: number): Promise<void> {
    const wanted = Math.min(this.last, Math.max(0, n));
    this.target = wanted;
    await this.#ready(wanted);
    if (this.target === wanted) this.at = wanted;
  }

  step(by: number): void {
    this.playing = false;
    void this.show(this.target + by);
  }

  toggle(): void {
    if (!this.playing && this.target >= this.last) void this.show(0);
    this.playing = !this.playing && this.last > 0;
  }

  /** Goes on to the next picture when its time has come. @param calm see `stayMs`  @returns stops waiting */
  run(calm: boolean): () => void {
    const from = this.at;
    if (from >= this.last) {
      // shown as long as nothing else is wished for
      if (this.target === from) this.playing = false;
      return () => {};
    }
    for (let n = from + 1; n <= Math.min(this.last, from + AHEAD); n++) void this.#ready(n);
    const timer = setTimeout(() => void this.show(from + 1), stayMs(this.#options.times, from, this.speed, calm));
    return () => clearTimeout(timer);
  }

  #ready(n: number): Promise<unknown> {
    const known = this.#coming.get(n);
    if (known !== undefined) return known;
    const coming = this.#options.fetch(this.#options.url(n)).catch(() => (this.#bad[n] = true));
    this.#coming.set(n, coming);
    // the browser keeps the pictures; this keeps those decoded that come next
    for (const [old] of this.#coming) {
      if (this.#coming.size <= 4 * AHEAD) break;
      this.#coming.delete(old);
    }
    return coming;
  }
}

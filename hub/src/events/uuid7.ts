/** Fills a buffer with random bytes; `crypto.getRandomValues` outside tests. */
export type RandomBytes = (bytes: Uint8Array) => void;

/**
 * UUID version 7 (RFC 9562, 5.7): 48 bits of ms, then randomness. Ids of one generator grow strictly, within a millisecond and
 * when the clock steps back (6.2, method 1: `rand_a` is a counter that starts at a random place), because the console and the
 * store page by id.
 */
export class Uuid7 {
  readonly #random: RandomBytes;
  readonly #bytes = new Uint8Array(16);
  #ms = 0;
  #counter = 0;

  constructor(random: RandomBytes = (bytes) => void crypto.getRandomValues(bytes)) {
    this.#random = random;
  }

  /** @param now ms UTC */
  next(now: number): string {
    const bytes = this.#bytes;
    this.#random(bytes);
    if (now > this.#ms) {
      this.#ms = Math.floor(now);
      // The upper bit stays free, so that at least 2,048 ids follow within the millisecond.
      this.#counter = ((bytes[6] << 8) | bytes[7]) & 0x7ff;
    } else if (++this.#counter > 0xfff) {
      this.#counter = 0;
      this.#ms++;
    }
    let ms = this.#ms;
    for (let i = 5; i >= 0; i--) {
      bytes[i] = ms % 256;
      ms = Math.floor(ms / 256);
    }
    bytes[6] = 0x70 | (this.#counter >> 8);
    bytes[7] = this.#counter & 0xff;
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}

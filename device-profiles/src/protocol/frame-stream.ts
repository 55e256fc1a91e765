/**
 * Looks at `b[from..to)` of a byte stream.
 * @returns bytes of the intact frame that begins at `from`; 0 = the frame is not complete yet; -n = n bytes that begin no frame
 */
export type Cut = (b: Uint8Array, from: number, to: number) => number;

/**
 * Cuts a byte stream, arriving in pieces of any size, into frames. Holds at most one unfinished frame; what begins no intact
 * frame is stepped over and counted, so that the stream finds itself again after garbage.
 */
export class FrameStream {
  readonly #cut: Cut;
  readonly #buffer: Uint8Array;
  #from = 0;
  #to = 0;
  /** intact frames so far */
  frames = 0;
  /** bytes so far that belonged to no intact frame */
  skipped = 0;

  /** @param longest bytes of the longest frame: the bound of the buffer is twice that */
  constructor(cut: Cut, longest: number) {
    this.#cut = cut;
    this.#buffer = new Uint8Array(longest * 2);
  }

  /** bytes that wait for the rest of their frame */
  get pending(): number {
    return this.#to - this.#from;
  }

  /** @returns the frames that this piece completed; each is a copy of its own */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#from > 0) {
        this.#buffer.copyWithin(0, this.#from, this.#to);
        this.#to -= this.#from;
        this.#from = 0;
      }
      const n = Math.min(chunk.length - at, this.#buffer.length - this.#to);
      this.#buffer.set(chunk.subarray(at, at + n), this.#to);
      this.#to += n;
      at += n;
      this.#scan(frames);
      // a cutter that waits for more than the longest frame waits for nothing
      while (this.pending > this.#buffer.length / 2) {
        this.#skip(1);
        this.#scan(frames);
      }
    }
    return frames;
  }

  /**
   * The sender paused in the middle of a frame: what looked like a beginning was none (a length field of garbage, a lost end).
   * @returns the frames found behind it
   */
  stalled(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    while (this.pending > 0) {
      this.#skip(1);
      this.#scan(frames);
    }
    return frames;
  }

  #scan(frames: Uint8Array[]): void {
    while (this.#from < this.#to) {
      const n = this.#cut(this.#buffer, this.#from, this.#to);
      if (n === 0) return;
      if (n < 0) {
        this.#skip(-n);
        continue;
      }
      frames.push(this.#buffer.slice(this.#from, this.#from + n));
      this.#from += n;
      this.frames++;
    }
  }

  #skip(n: number): void {
    this.#from += n;
    this.skipped += n;
  }
}

/** @returns how many bytes stand before the next `byte` at or after `from`, at least 1 */
export function bytesBefore(b: Uint8Array, byte: number, from: number, to: number): number {
  const at = b.subarray(from + 1, to).indexOf(byte);
  return at < 0 ? to - from : at + 1;
}

import type { Position, SpooledEnvelope } from "./spool.ts";

const PAGE = 100;

/** Order of the spool: boots one after the other, then sequence numbers. */
export function compare(a: Position, b: Position): number {
  return a.boot - b.boot || a.seq - b.seq;
}

/** A walk through the spool that reads a page at a time and remembers where it is. */
export class SpoolScan {
  readonly #read: (after: Position, limit: number) => SpooledEnvelope[];
  #page: SpooledEnvelope[] = [];
  #next = 0;
  /** the last envelope that was passed */
  at: Position = { boot: 0, seq: 0 };

  constructor(read: (after: Position, limit: number) => SpooledEnvelope[]) {
    this.#read = read;
  }

  /** Goes to just behind `at`; forwards within the page it costs no read. */
  rewind(at: Position): void {
    const { boot, seq } = at;
    while (this.#next < this.#page.length && compare(this.#page[this.#next], at) <= 0) this.#next++;
    if (compare(at, this.at) < 0) this.#page = [];
    this.at = { boot, seq };
  }

  /** The next envelope, or null at the end. */
  peek(): SpooledEnvelope | null {
    if (this.#next >= this.#page.length) {
      this.#page = this.#read(this.at, PAGE);
      this.#next = 0;
    }
    return this.#page[this.#next] ?? null;
  }

  /** Passes the envelope that `peek` showed. */
  step(): void {
    const { boot, seq } = this.#page[this.#next++];
    this.at = { boot, seq };
    // Sent or not, the page need not keep its text any longer.
    if (this.#next === this.#page.length) this.#page = [];
  }
}

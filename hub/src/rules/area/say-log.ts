/** What a device said lately, in the order of sample times: enough to place a record that comes late among its neighbours. */
export class SayLog {
  readonly #times: number[] = [];
  readonly #says: (0 | 1)[] = [];

  /** @param ts no older than the newest */
  add(ts: number, says: 0 | 1): void {
    this.#insert(this.#times.length, ts, says);
  }

  /** Among the others. @returns false where it is older than what is remembered */
  insert(ts: number, says: 0 | 1): boolean {
    let at = this.#times.length;
    while (at > 0 && this.#times[at - 1] > ts) at--;
    if (at === 0 && this.#times.length === REMEMBERED) return false;
    this.#insert(at, ts, says);
    return true;
  }

  #insert(at: number, ts: number, says: 0 | 1): void {
    if (at > 0 && this.#times[at - 1] === ts) {
      // a second record of the same time replaces the first
      this.#says[at - 1] = says;
      return;
    }
    if (at === this.#times.length) {
      this.#times.push(ts);
      this.#says.push(says);
    } else {
      this.#times.splice(at, 0, ts);
      this.#says.splice(at, 0, says);
    }
    if (this.#times.length <= REMEMBERED) return;
    this.#times.shift();
    this.#says.shift();
  }

  /**
   * The stretch of yes around `ts`, at which it said yes; each yes lasts `within`, ms.
   * @returns `open` = nothing said no since
   */
  stretch(ts: number, within: number): { readonly from: number; readonly to: number; readonly open: boolean } {
    const at = this.#times.indexOf(ts);
    let first = at;
    while (first > 0 && this.#says[first - 1] === 1 && this.#times[first] - this.#times[first - 1] < within) first--;
    let last = at;
    while (this.#says[last + 1] === 1 && this.#times[last + 1] - this.#times[last] < within) last++;
    const ends = this.#times[last] + within;
    const next = last + 1 < this.#times.length ? this.#times[last + 1] : Infinity;
    return { from: this.#times[first], to: Math.min(ends, next), open: next === Infinity };
  }

  /** The next time after `ts` at which it said yes, if it said nothing else before; null = it did not. */
  nextYes(ts: number): number | null {
    const at = this.#times.indexOf(ts) + 1;
    return this.#says[at] === 1 ? this.#times[at] : null;
  }
}

/** A device that reports every few seconds is remembered for less than the lateness: what comes later than that changes nothing. */
const REMEMBERED = 32;

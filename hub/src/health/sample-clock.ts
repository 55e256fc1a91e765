/**
 * Whether a device's live records speak of now although they look old: its clock runs behind. They are told from late packets by
 * their spacing, which is that of their arrival, kept for longer than the lateness; the rules judge a set-back clock the same way.
 * Retransmissions (the same sample again) and bursts out of a buffer (many samples at once) do not keep that pace.
 */
export class SampleClock {
  /** how far the device's clock is known to run behind, ms; NaN = not known to */
  behind = Number.NaN;
  /** sample and arrival time of the record that the pace is measured from, ms UTC */
  #ts = Number.NaN;
  #rx = Number.NaN;

  /**
   * @param ts sample time of a live record that is older than `lateness` when it arrives at `rx`, ms UTC
   * @returns true when the device said it now
   */
  admits(ts: number, rx: number, lateness: number): boolean {
    const lag = rx - ts;
    if (Math.abs(lag - this.behind) <= lateness) {
      this.behind = lag; // it drifts
      return true;
    }
    const off = Math.abs(ts - this.#ts - (rx - this.#rx));
    if (!(off <= lateness / 2)) {
      this.#ts = ts;
      this.#rx = rx;
      return false;
    }
    if (rx - this.#rx < lateness) return false;
    this.behind = lag;
    return true;
  }
}

/** A backward step of the wall clock up to this long (ms) is slewing: time just stands still. */
const SLEW_MS = 2000;

/**
 * How long the hub has been listening, ms, built from the `now` of its ticks. Silence may only be counted while somebody
 * listened: when the wall clock jumps (a step of NTP, a suspended machine, a blocked process, a stop of the hub) the listening
 * time stands still, so no jump can make devices look silent.
 */
export class ListeningClock {
  /** longest step between two ticks (ms) that still counts as time spent listening */
  readonly maxStepMs: number;
  /** hub time of the last tick, ms UTC; NaN before the first */
  now = Number.NaN;
  /** ms listened since the start */
  listened = 0;

  constructor(maxStepMs: number) {
    this.maxStepMs = maxStepMs;
  }

  reset(): void {
    this.now = Number.NaN;
    this.listened = 0;
  }

  /** @returns by how much the wall clock was set back (negative), ms; 0 when it went on */
  advance(now: number): number {
    const step = now - this.now;
    if (Number.isNaN(this.now) || step > this.maxStepMs) {
      this.now = now;
      return 0;
    }
    if (step >= 0) {
      this.now = now;
      this.listened += step;
      return 0;
    }
    if (step >= -SLEW_MS) return 0;
    this.now = now;
    return step;
  }

  /** Listening time of hub time `at`, which lies between the last tick and the next. */
  at(at: number): number {
    const ahead = at - this.now;
    return ahead > 0 && ahead <= this.maxStepMs ? this.listened + ahead : this.listened;
  }
}

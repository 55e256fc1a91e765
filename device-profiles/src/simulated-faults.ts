import type { Envelope, EnvelopeRecord } from "./envelope.ts";
import { mulberry32 } from "./seeded-random.ts";

/** Messages that a stuck value, a wrong clock or a silence lasts. */
const SPELL = { stuck: 5, clock_skew: 5, silent: 10 } as const;
/** a wrong clock is off by up to this much, ms */
const MAX_SKEW_MS = 3_600_000;

/**
 * What goes wrong between a device and the hub, as a profile declares it: messages lost, doubled, in the wrong order, values that
 * stand still or leap, a clock that is off, silence. The same seed gives the same faults in the same places.
 */
export class SimulatedFaults {
  readonly #kinds: readonly string[];
  readonly #rate: number;
  readonly #random: () => number;
  #stuck: { left: number; record: EnvelopeRecord } | null = null;
  #skew = { left: 0, by: 0 };
  #silent = 0;
  #held: Envelope | null = null;
  /** faults that began, by kind */
  readonly counts = new Map<string, number>();

  /** @param rate share of messages that a fault begins with, 0 to 1 */
  constructor(kinds: readonly string[], rate: number, seed: number) {
    this.#kinds = kinds;
    this.#rate = rate;
    this.#random = mulberry32(seed ^ 0x5eed);
  }

  /** Which fault begins with the next message; null = none. To be asked once a message. */
  next(): string | null {
    // both numbers are drawn in any case, so that one fault more does not move those after it
    const [begins, which] = [this.#random() < this.#rate, this.#random()];
    if (!begins || this.#kinds.length === 0) return null;
    const kind = this.#kinds[Math.floor(which * this.#kinds.length)];
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return kind;
  }

  /** @returns what is sent instead of the envelope, in this order */
  send(envelope: Envelope, fault: string | null): Envelope[] {
    if (fault === "silent") this.#silent = SPELL.silent;
    if (fault === "stuck") this.#stuck = { left: SPELL.stuck, record: envelope.r[0] };
    if (fault === "clock_skew")
      this.#skew = { left: SPELL.clock_skew, by: Math.round((this.#random() * 2 - 1) * MAX_SKEW_MS) };
    const disturbed = { ...envelope, r: envelope.r.map((record) => this.#disturb(record)) };
    if (this.#silent > 0) {
      this.#silent--;
      return [];
    }
    if (fault === "drop") return [];
    if (fault === "reorder" && this.#held === null) {
      this.#held = disturbed;
      return [];
    }
    const sent: Envelope[] = fault === "duplicate" ? [disturbed, disturbed] : [disturbed];
    if (this.#held !== null) sent.push(this.#held);
    this.#held = null;
    return sent;
  }

  /** What is still held back when the device stops. */
  end(): Envelope[] {
    const rest = this.#held === null ? [] : [this.#held];
    this.#held = null;
    return rest;
  }

  #disturb(record: EnvelopeRecord): EnvelopeRecord {
    let { ts } = record;
    let values = record;
    if (this.#stuck !== null) {
      values = this.#stuck.record;
      if (--this.#stuck.left === 0) this.#stuck = null;
    }
    if (this.#skew.left > 0) {
      this.#skew.left--;
      ts += this.#skew.by;
    }
    return { ...values, ts };
  }
}

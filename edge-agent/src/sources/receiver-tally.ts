import type { ReceiverReport } from "@gridhub/device-profiles/envelope.ts";

const MINUTE_MS = 60_000;
/** A vessel counts for so long after it was heard. */
const HEARD_MS = 10 * MINUTE_MS;
/** More than any station hears; beyond it new vessels are not counted. */
const VESSELS = 50_000;

/** What one AIS device brought, over all of its connections. */
export class ReceiverTally {
  readonly #vessels = new Map<number, number>();
  #swept = 0;
  #last = 0;
  sentences = 0;
  messages = 0;
  refused = 0;
  lost = 0;

  /** A complete message of a vessel. @param now ms UTC */
  heard(mmsi: number, now: number): void {
    this.messages++;
    this.#last = now;
    if (now - this.#swept >= MINUTE_MS || now < this.#swept) this.#sweep(now);
    if (this.#vessels.size < VESSELS || this.#vessels.has(mmsi)) this.#vessels.set(mmsi, now);
  }

  /** @param now ms UTC */
  report(now: number): ReceiverReport {
    this.#sweep(now);
    const { sentences, messages, refused, lost } = this;
    const last = this.#last === 0 ? {} : { last: this.#last };
    return { sentences, messages, refused, lost, vessels: this.#vessels.size, ...last };
  }

  /** A clock that was set back forgets what seems to come from the future. */
  #sweep(now: number): void {
    this.#swept = now;
    for (const [mmsi, at] of this.#vessels) if (now - at > HEARD_MS || at > now) this.#vessels.delete(mmsi);
  }
}

import type { Spool, SpooledEnvelope } from "./spool.ts";

type Done = (error?: Error) => void;

export interface SenderOptions {
  /** envelopes (or backfill batches) on their way at once */
  readonly window: number;
  /** older envelopes go by the backfill lane, ms */
  readonly latenessMs: number;
  /** bytes of one backfill batch */
  readonly backfillBytes: number;
  readonly now: () => number;
  readonly live: (envelope: SpooledEnvelope, done: Done) => void;
  readonly backfill: (envelopes: readonly SpooledEnvelope[], done: Done) => void;
}

const PAGE = 200;

/**
 * Walks the spool in order and keeps a bounded window of envelopes on their way. Old ones travel in batches on the backfill
 * lane, rate-limited by the hub. Sending is not storing: if `ack` does not come for what was sent, all is sent again.
 */
export class Sender {
  readonly #spool: Spool;
  readonly #options: SenderOptions;
  #open = false;
  #after = { boot: 0, seq: 0 };
  #inFlight = 0;
  #generation = 0;
  #budget = 0;
  #refilled = 0;
  #timer: NodeJS.Timeout | undefined;
  /** last progress of `ack`; when it stands still while nothing is on its way, the hub lost what was sent */
  #progress = 0;
  #resend: NodeJS.Timeout | undefined;
  /** backfill envelopes a second that the hub allows */
  backfillRate = 2000;

  constructor(spool: Spool, options: SenderOptions) {
    this.#spool = spool;
    this.#options = options;
  }

  /** A connection stands: begin with the oldest envelope that is not acknowledged. */
  open(now: number): void {
    this.#generation++;
    this.#open = true;
    this.#after = { boot: 0, seq: 0 };
    this.#inFlight = 0;
    this.#refilled = now;
    this.#budget = this.backfillRate;
    this.#progress = now;
    clearInterval(this.#resend);
    this.#resend = setInterval(() => this.#checkProgress(), 5000);
    this.wake();
  }

  close(): void {
    this.#open = false;
    this.#generation++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearInterval(this.#resend);
  }

  acknowledged(_boot: number, _upto: number): void {
    this.#progress = this.#options.now();
    this.wake();
  }

  wake(): void {
    if (!this.#open || this.#inFlight >= this.#options.window || this.#timer !== undefined) return;
    let page = this.#spool.page(this.#after, PAGE);
    while (page.length > 0 && this.#inFlight < this.#options.window) {
      const taken = this.#take(page);
      if (taken === 0) return;
      const last = page[taken - 1];
      this.#after = { boot: last.boot, seq: last.seq };
      page = taken < page.length ? page.slice(taken) : this.#spool.page(this.#after, PAGE);
    }
  }

  /** Sends from the front of the page. @returns how many envelopes left; 0 = wait for the backfill budget */
  #take(page: readonly SpooledEnvelope[]): number {
    const { now, latenessMs, backfillBytes } = this.#options;
    const time = now();
    const isOld = (e: SpooledEnvelope) => time - e.ts > latenessMs;
    if (!isOld(page[0])) {
      this.#send((done) => this.#options.live(page[0], done));
      return 1;
    }
    this.#budget = Math.min(this.backfillRate, this.#budget + ((time - this.#refilled) / 1000) * this.backfillRate);
    this.#refilled = time;
    if (this.#budget < 1) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.wake();
      }, 100);
      return 0;
    }
    const batch: SpooledEnvelope[] = [];
    let bytes = 0;
    for (const envelope of page) {
      const size = envelope.records.length + envelope.device.length + 96;
      if (!isOld(envelope) || batch.length >= this.#budget || (batch.length > 0 && bytes + size > backfillBytes)) break;
      batch.push(envelope);
      bytes += size;
    }
    this.#budget -= batch.length;
    this.#send((done) => this.#options.backfill(batch, done));
    return batch.length;
  }

  #send(publish: (done: Done) => void): void {
    const generation = this.#generation;
    this.#inFlight++;
    publish(() => {
      // Of a connection that is gone: the next one begins anew anyway.
      if (generation !== this.#generation) return;
      this.#inFlight--;
      this.wake();
    });
  }

  #checkProgress(): void {
    const { now } = this.#options;
    const waiting = this.#inFlight === 0 && this.#spool.page({ boot: 0, seq: 0 }, 1).length > 0;
    if (!waiting) this.#progress = now();
    else if (now() - this.#progress > RESEND_AFTER_MS) {
      this.#progress = now();
      this.#after = { boot: 0, seq: 0 };
      this.wake();
    }
  }
}

const RESEND_AFTER_MS = 15_000;

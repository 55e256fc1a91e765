import { BackfillBudget } from "./backfill-budget.ts";
import { SentAhead } from "./sent-ahead.ts";
import { compare, SpoolScan } from "./spool-scan.ts";
import type { Position, Spool, SpooledEnvelope } from "./spool.ts";

type Done = (error?: Error) => void;

export interface SenderOptions {
  /** live envelopes on their way at once */
  readonly window: number;
  /** older envelopes go by the backfill lane, ms */
  readonly latenessMs: number;
  /** bytes of one backfill batch */
  readonly backfillBytes: number;
  /** ms UTC; decides what is old */
  readonly now: () => number;
  /** ms of a clock that never jumps */
  readonly monotonic: () => number;
  readonly live: (envelope: SpooledEnvelope, done: Done) => void;
  readonly backfill: (envelopes: readonly SpooledEnvelope[], done: Done) => void;
}

const START: Position = { boot: 0, seq: 0 };
/** Events may overtake a full live window. */
const EVENT_SLOTS = 8;
/** Batches on their way at once; apart from the live window, so that neither lane can starve the other. */
const BACKFILL_SLOTS = 2;
const MAX_BATCH = 500;
/** The hub remembers 32 boots of an edge; beyond this many held ones nothing of earlier boots may overtake. */
const MAX_EARLIER_BOOTS = 24;
const CHECK_MS = 5000;
const RESEND_MIN_MS = 15_000;
const RESEND_MAX_MS = 600_000;

/**
 * Walks the spool with three scans: events first, then what is young (live), and, interleaved at the rate that the hub allows,
 * what is old (backfill). Sending is not storing: if `ack` stands still although the broker took everything, all that is held is
 * sent again, with growing pauses.
 *
 * Invariant: backfill <= fresh in spool order; what was sent beyond `backfill` is written down in `SentAhead`.
 */
export class Sender {
  readonly #spool: Spool;
  readonly #options: SenderOptions;
  readonly #events: SpoolScan;
  readonly #fresh: SpoolScan;
  readonly #old: SpoolScan;
  readonly #ahead = new SentAhead();
  readonly #budget: BackfillBudget;
  #open = false;
  #waking = false;
  #generation = 0;
  /** publishes on their way -> when they left (monotonic ms); insertion order */
  readonly #live = new Map<number, number>();
  readonly #batches = new Map<number, number>();
  #serial = 0;
  #timer: NodeJS.Timeout | undefined;
  #check: NodeJS.Timeout | undefined;
  /** when an ack last trimmed something, or all was sent again */
  #progress = 0;
  #patience = RESEND_MIN_MS;
  resends = 0;

  constructor(spool: Spool, options: SenderOptions) {
    this.#spool = spool;
    this.#options = options;
    this.#events = new SpoolScan((after, limit) => spool.events(after, limit));
    this.#fresh = new SpoolScan((after, limit) => spool.page(after, limit));
    this.#old = new SpoolScan((after, limit) => spool.page(after, limit));
    this.#budget = new BackfillBudget(options.monotonic);
  }

  /** Backfill records a second that the hub allows. */
  set backfillRate(rate: number) {
    this.#budget.rate = rate;
  }

  /** A connection stands: begin with the oldest envelope that is not acknowledged. */
  open(): void {
    this.close();
    this.#open = true;
    this.#live.clear();
    this.#batches.clear();
    this.#progress = this.#options.monotonic();
    this.#patience = RESEND_MIN_MS;
    this.#check = setInterval(() => this.#checkProgress(), CHECK_MS);
    this.#rewind();
    this.wake();
  }

  close(): void {
    this.#open = false;
    this.#generation++;
    clearTimeout(this.#timer);
    clearInterval(this.#check);
    this.#timer = undefined;
  }

  /** @param trimmed envelopes that an ack removed; a repeated ack is no progress */
  acknowledged(boot: number, upto: number, trimmed: number): void {
    this.#ahead.acknowledged(boot, upto);
    if (trimmed > 0) {
      this.#progress = this.#options.monotonic();
      this.#patience = RESEND_MIN_MS;
    }
    this.wake();
  }

  /** Sends what may be sent now. Cheap when there is nothing. */
  wake(): void {
    // A publish may fail at once and call back from inside.
    if (!this.#open || this.#waking) return;
    this.#waking = true;
    this.#sendEvents();
    this.#sendFresh();
    this.#sendOld();
    this.#waking = false;
  }

  #rewind(): void {
    const { now, latenessMs } = this.#options;
    let split = this.#spool.lastBefore(now() - latenessMs);
    let events = START;
    if (this.#spool.held(MAX_EARLIER_BOOTS + 1).length > MAX_EARLIER_BOOTS + 1) {
      events = { boot: this.#spool.boot, seq: 0 };
      if (compare(split, events) < 0) split = events;
    }
    this.#events.rewind(events);
    this.#fresh.rewind(split);
    this.#old.rewind(START);
    this.#ahead.clear();
  }

  #isOld(envelope: SpooledEnvelope): boolean {
    return this.#options.now() - envelope.ts > this.#options.latenessMs;
  }

  #sendEvents(): void {
    if (compare(this.#events.at, this.#spool.lastEvent) >= 0) return;
    while (this.#live.size < this.#options.window + EVENT_SLOTS) {
      const envelope = this.#events.peek();
      if (envelope === null) return;
      if (!this.#isOld(envelope)) {
        if (!this.#ahead.addEvent(envelope)) return;
        this.#sendLive(envelope);
      }
      this.#events.step();
    }
  }

  #sendFresh(): void {
    if (compare(this.#fresh.at, this.#spool.tail) >= 0) return;
    while (this.#live.size < this.#options.window) {
      const envelope = this.#fresh.peek();
      if (envelope === null) return;
      const isEvent = envelope.lane === "e";
      // The event scan is ahead of this one; an event that it did not send is old.
      const mine = !isEvent && !this.#isOld(envelope);
      if (mine || (isEvent && this.#ahead.has(envelope))) {
        const caughtUp = compare(this.#old.at, this.#fresh.at) === 0;
        if (!caughtUp && !this.#ahead.extend(envelope)) return;
        if (caughtUp) this.#old.rewind(envelope);
        if (isEvent) this.#ahead.forgetEvent(envelope);
        if (mine) this.#sendLive(envelope);
      } else this.#ahead.breakRun();
      this.#fresh.step();
    }
  }

  #sendOld(): void {
    while (this.#batches.size < BACKFILL_SLOTS && compare(this.#old.at, this.#fresh.at) < 0) {
      const wait = this.#budget.waitMs();
      if (wait > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.wake();
        }, wait);
        return;
      }
      if (!this.#sendBatch()) return;
    }
  }

  /** One batch of old envelopes, then at most one young one met behind it. @returns false = wait for the live window */
  #sendBatch(): boolean {
    const batch: SpooledEnvelope[] = [];
    let bytes = 0;
    let records = 0;
    let goOn = true;
    for (;;) {
      const envelope = this.#old.peek();
      if (envelope === null || compare(envelope, this.#fresh.at) > 0) {
        this.#old.rewind(this.#fresh.at);
        this.#ahead.forgetUpTo(this.#fresh.at);
        break;
      }
      if (!this.#ahead.has(envelope)) {
        const young = !this.#isOld(envelope);
        if (young) {
          if (batch.length > 0) break; // in order: what is older leaves first
          goOn = this.#live.size < this.#options.window;
          if (!goOn) break;
          this.#sendLive(envelope);
        } else {
          const size = envelope.bytes + 128;
          const full = bytes + size > this.#options.backfillBytes || records >= this.#budget.tokens;
          if (batch.length >= MAX_BATCH || (batch.length > 0 && full)) break;
          batch.push(envelope);
          bytes += size;
          records += envelope.n;
        }
      }
      this.#old.step();
    }
    if (batch.length > 0) {
      this.#budget.spend(records);
      this.#send(this.#batches, (done) => this.#options.backfill(batch, done));
    }
    return goOn;
  }

  #sendLive(envelope: SpooledEnvelope): void {
    this.#send(this.#live, (done) => this.#options.live(envelope, done));
  }

  #send(lane: Map<number, number>, publish: (done: Done) => void): void {
    const generation = this.#generation;
    const serial = ++this.#serial;
    lane.set(serial, this.#options.monotonic());
    publish(() => {
      // Of a connection that is gone: the next one begins anew anyway.
      if (generation !== this.#generation) return;
      lane.delete(serial);
      this.wake();
    });
  }

  /**
   * The broker took what was sent, but no ack came: a hub that lost it, or one that is away behind a broker of its own. Waiting for
   * the broker itself is something else: then it is its turn.
   */
  #checkProgress(): void {
    const now = this.#options.monotonic();
    if (this.#spool.queue === 0) this.#progress = now;
    if (now - this.#progress < this.#patience) return;
    for (const lane of [this.#live, this.#batches]) {
      const [oldest] = lane.values();
      if (oldest !== undefined && now - oldest > CHECK_MS) return;
    }
    const first = this.#spool.page(START, 1).at(0);
    if (first === undefined || (compare(first, this.#old.at) > 0 && !this.#ahead.has(first))) return;
    this.#progress = now;
    this.#patience = Math.min(RESEND_MAX_MS, this.#patience * 2);
    this.resends++;
    this.#rewind();
    this.wake();
  }
}

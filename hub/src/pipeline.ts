import type { MetaMessage } from "@gridhub/device-profiles/envelope.ts";
import type { Clock } from "./clock.ts";
import type { Edge } from "./device.ts";
import { HubError } from "./errors.ts";
import type { Ingest } from "./ingest/ingest.ts";
import type { Log } from "./log.ts";
import type { Message, MessageSink, Settle } from "./message.ts";
import { type CommitBatch, emptyBatch } from "./store/batch.ts";
import { RowRefused, type Snapshot, type Store } from "./store/store.ts";

/** The folds behind ingest, joined by hub.ts. All work in memory; `drain` says what the transaction must keep. */
export interface Stages {
  /** replaces all state by what the database holds */
  load(snapshot: Snapshot): Promise<void>;
  /** birth messages of this turn: the only step that may ask the database before the batch is decoded */
  declare(edge: Edge, meta: MetaMessage, batch: CommitBatch): Promise<void>;
  /** timers, detections that became ready, findings -> events; then everything that changed goes into the batch */
  finish(now: number, batch: CommitBatch): void;
  /** after the commit: what observers (stream, console) may see now */
  committed(batch: CommitBatch, now: number): void;
}

export interface PipelineOptions {
  readonly maxBatch: number;
  /** longest wait for company when little is going on, ms */
  readonly gatherMs: number;
  /** payload bytes that may wait for a commit; beyond it senders are disconnected and come back later */
  readonly maxPendingBytes: number;
  /** timers run this often, ms */
  readonly tickMs: number;
}

interface Work {
  readonly message: Message;
  readonly settle: Settle;
  readonly replay: boolean;
}

interface Command {
  run(now: number, batch: CommitBatch): void;
  settle(error?: Error): void;
}

interface Turn {
  readonly work: Work[];
  readonly commands: Command[];
  readonly batch: CommitBatch;
  /** publishes that were refused at the broker; acknowledged already, so a failed commit must not lose them */
  letters: CommitBatch["deadLetters"];
  /** set when something the batch depends on could not be written: it must not commit */
  failed?: Error;
}

interface InFlight {
  readonly turn: Turn;
  finished: boolean;
  error: Error | null;
}

/**
 * The data flow. A turn takes what has arrived, decodes and folds it in memory, commits everything in ONE transaction and only
 * then settles the messages, in order. While one turn commits, the next one is being decoded.
 *
 * After a failed commit nobody knows whether it happened: all folds are loaded again from the database and the same messages
 * are processed anew; the cursors drop those that had made it. A message whose content the database refuses is isolated by
 * halving the batch and ends as a dead letter.
 */
export class Pipeline implements MessageSink {
  readonly #options: PipelineOptions;
  readonly #store: Store;
  readonly #ingest: Ingest;
  readonly #stages: Stages;
  readonly #clock: Clock;
  readonly #log: Log;
  #queue: Work[] = [];
  #commands: Command[] = [];
  #refused: CommitBatch["deadLetters"] = [];
  #births: { edge: Edge; meta: MetaMessage }[] = [];
  #pendingBytes = 0;
  #running: Promise<void> | null = null;
  #closing = false;
  #wake: (() => void) | null = null;
  #limit: number;
  #lastTurn = 0;
  #ticker: NodeJS.Timeout | undefined;
  #tickDue = false;
  #spare: CommitBatch[] = [];
  readonly stats = { turns: 0, retries: 0, poisoned: 0, overloaded: 0, inserted: 0 };
  /** duration of a transaction, ms */
  onCommit: ((ms: number) => void) | null = null;
  /** called when the pipeline stops for a reason that no retry mends */
  onFatal: (error: Error) => void = (error) => {
    throw error;
  };

  constructor(options: PipelineOptions, store: Store, ingest: Ingest, stages: Stages, clock: Clock, log: Log) {
    this.#options = options;
    this.#store = store;
    this.#ingest = ingest;
    this.#stages = stages;
    this.#clock = clock;
    this.#log = log;
    this.#limit = options.maxBatch;
  }

  async start(): Promise<void> {
    await this.#stages.load(await this.#store.loadSnapshot());
    this.#ticker = setInterval(() => {
      this.#tickDue = true;
      this.#wake?.();
    }, this.#options.tickMs);
    this.#running = this.#run().catch((error: unknown) => this.onFatal(error as Error));
  }

  accept(message: Message, settle: Settle): void {
    if (this.#closing || this.#pendingBytes > this.#options.maxPendingBytes) {
      this.stats.overloaded++;
      settle(new Error(this.#closing ? "shutting down" : "overloaded"));
      return;
    }
    this.#push({ message, settle, replay: false });
  }

  /** A dead letter tried again: resolves once it is stored (again as a dead letter, if it still cannot be decoded). */
  replay(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#push({ message, settle: (error) => (error ? reject(error) : resolve()), replay: true });
    });
  }

  refuse(
    topic: string,
    payload: Buffer,
    edge: string,
    reason: "topic_invalid" | "topic_forbidden" | "payload_too_large",
    rx: number,
  ): void {
    const { rejected } = this.#ingest.counters;
    rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    if (this.#refused.length >= 10_000) return; // counted; a flood of refused publishes must not fill memory or disk
    this.#refused.push({
      rx,
      topic: topic.slice(0, 1000),
      edge,
      reason,
      detail: "",
      payload: payload.subarray(0, 4096),
    });
    this.#wake?.();
  }

  /** Runs `change` between two batches and resolves after its effects are stored: how the API changes events. */
  submit<T>(change: (now: number) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      this.#commands.push({
        run: (now) => {
          try {
            result = change(now);
          } catch (error) {
            reject(error as Error);
          }
        },
        settle: (error) => (error ? reject(error) : resolve(result)),
      });
      this.#wake?.();
    });
  }

  /** Something outside (a detector) has findings ready. */
  poke(): void {
    this.#tickDue = true;
    this.#wake?.();
  }

  /** Called by ingest when an edge announces its devices; carried out before the next batch is decoded. */
  birth(edge: Edge, meta: MetaMessage): void {
    this.#births.push({ edge, meta });
  }

  get pending(): { messages: number; bytes: number } {
    return { messages: this.#queue.length, bytes: this.#pendingBytes };
  }

  /** Stops accepting, commits what was accepted, and returns. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#ticker);
    this.#wake?.();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_PATIENCE_MS)));
    await Promise.race([this.#running, patience]);
    clearTimeout(timer);
    for (const { settle } of this.#queue.splice(0)) settle(new Error("shutting down"));
  }

  #push(work: Work): void {
    this.#queue.push(work);
    this.#pendingBytes += work.message.payload.length;
    this.#wake?.();
  }

  #idle(): boolean {
    return this.#queue.length === 0 && this.#commands.length === 0 && this.#refused.length === 0 && !this.#tickDue;
  }

  #sleep(): Promise<void> {
    return new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** At low rates a commit waits a little, so that messages share it; at high rates company is there already. */
  async #gather(): Promise<void> {
    while (this.#idle() && !this.#closing) await this.#sleep();
    const { gatherMs } = this.#options;
    const quiet = this.#lastTurn < BUSY && this.#queue.length < BUSY && this.#commands.length === 0;
    if (gatherMs > 0 && quiet && !this.#closing) await new Promise<void>((resolve) => setTimeout(resolve, gatherMs));
  }

  /** One turn is open and being decoded while the one before it commits: neither the database nor this thread waits. */
  async #run(): Promise<void> {
    let open: Turn | null = null;
    let inFlight: InFlight | null = null;
    for (;;) {
      if (inFlight === null && open === null) await this.#gather();
      open ??= this.#open();
      await this.#extend(open);
      if (inFlight !== null) {
        if (!inFlight.finished) {
          await this.#sleep();
          continue;
        }
        const { turn, error }: InFlight = inFlight;
        inFlight = null;
        if (error !== null) {
          await this.#recover(error, [turn, open]);
          open = null;
          continue;
        }
      }
      if (open.work.length === 0 && this.#idle()) {
        this.#spare.push(open.batch);
        open = null;
        if (this.#closing) return;
        continue;
      }
      this.#finish(open);
      inFlight = this.#launch(open);
      open = null;
    }
  }

  #open(): Turn {
    return { work: [], commands: [], letters: [], batch: this.#spare.pop() ?? emptyBatch(this.#options.maxBatch * 4) };
  }

  /** Decodes what has arrived. Births are carried out as they come, because what follows may be of the new devices. */
  async #extend(turn: Turn): Promise<void> {
    const room = this.#limit - turn.work.length;
    if (room <= 0 || this.#queue.length === 0) return;
    const arrived = this.#queue.length <= room ? this.#queue : this.#queue.slice(0, room);
    this.#queue = this.#queue.length <= room ? [] : this.#queue.slice(room);
    for (const work of arrived) {
      turn.work.push(work);
      this.#ingest.take(work.message, turn.batch, work.replay);
      if (this.#births.length > 0) await this.#declare(turn);
    }
  }

  async #declare(turn: Turn): Promise<void> {
    for (const { edge, meta } of this.#births.splice(0)) {
      try {
        await this.#stages.declare(edge, meta, turn.batch);
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        // The database went away: the commit will fail as well, and the whole turn is processed again.
        this.#log.warn({ code: error.code }, "devices could not be registered");
        turn.failed = error;
      }
    }
  }

  #finish(turn: Turn): void {
    const now = this.#clock();
    turn.commands.push(...this.#commands.splice(0));
    turn.letters = this.#refused;
    this.#refused = [];
    for (const letter of turn.letters) turn.batch.deadLetters.push(letter);
    this.#tickDue = false;
    this.#lastTurn = turn.work.length;
    for (const command of turn.commands) command.run(now, turn.batch);
    this.#stages.finish(now, turn.batch);
  }

  #launch(turn: Turn): InFlight {
    const inFlight: InFlight = { turn, finished: false, error: null };
    void this.#commit(turn).then((error) => {
      inFlight.error = error;
      inFlight.finished = true;
      this.#wake?.();
    });
    return inFlight;
  }

  async #commit(turn: Turn): Promise<Error | null> {
    const began = performance.now();
    if (turn.failed !== undefined) return turn.failed;
    try {
      const { telemetryInserted } = await this.#store.commit(turn.batch);
      this.stats.inserted += telemetryInserted;
    } catch (error) {
      return error as Error;
    }
    this.stats.turns++;
    this.onCommit?.(performance.now() - began);
    if (this.#limit < this.#options.maxBatch) this.#limit = Math.min(this.#options.maxBatch, this.#limit * 2);
    for (const { message, settle } of turn.work) {
      this.#pendingBytes -= message.payload.length;
      settle();
    }
    for (const command of turn.commands) command.settle();
    this.#stages.committed(turn.batch, this.#clock());
    this.#recycle(turn.batch);
    return null;
  }

  /** Turns that did not make it: reload what is durable and put their messages back in front, in order. */
  async #recover(error: Error, turns: Turn[]): Promise<void> {
    this.stats.retries++;
    const work = turns.flatMap((turn) => turn.work);
    if (error instanceof RowRefused) this.#isolate(error, turns[0], work);
    else if (error instanceof HubError) this.#log.error({ code: error.code, advice: error.advice }, error.message);
    else throw error;
    for (const turn of turns) {
      for (const command of turn.commands) command.settle(error);
      this.#refused.push(...turn.letters);
    }
    this.#queue = [...work, ...this.#queue];
    for (;;) {
      await this.#store.whenReady();
      try {
        await this.#stages.load(await this.#store.loadSnapshot());
        return;
      } catch (again) {
        if (!(again instanceof HubError)) throw again;
        this.#log.warn({ code: again.code }, "state could not be loaded yet");
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  #isolate(error: RowRefused, turn: Turn, work: Work[]): void {
    if (turn.work.length === 0)
      throw new Error(`the database refused the hub's own rows: ${error.message}`, { cause: error });
    if (turn.work.length > 1) {
      this.#limit = Math.max(1, turn.work.length >> 1);
      return;
    }
    this.stats.poisoned++;
    const { message, settle } = turn.work[0];
    work.shift();
    this.#pendingBytes -= message.payload.length;
    this.#log.warn({ sqlState: error.sqlState, topic: message.topic }, "a message was refused by the database");
    const { rejected } = this.#ingest.counters;
    rejected.set("store_rejected", (rejected.get("store_rejected") ?? 0) + 1);
    const letter = {
      rx: message.rx,
      topic: message.topic,
      edge: `${message.site}/${message.edge}`,
      reason: "store_rejected",
      detail: error.message.slice(0, 500),
      payload: message.payload,
    };
    this.#refused.push(letter);
    // Settled with the turn that stores the letter.
    this.#commands.push({ run: () => {}, settle });
  }

  #recycle(batch: CommitBatch): void {
    if (this.#spare.length >= 2 || batch.telemetry.series.length > 1_000_000) return;
    batch.telemetry.n = 0;
    const lists = Object.values(batch) as unknown[];
    for (const list of lists) if (Array.isArray(list)) list.length = 0;
    this.#spare.push(batch);
  }
}

/** Messages a turn from which on a commit is never delayed: company is there already. */
const BUSY = 32;
/** How long a stop waits for a database that does not answer; what is not committed is not acknowledged. */
const CLOSE_PATIENCE_MS = 10_000;

import { HubError } from "../errors.ts";
import type { CommitBatch } from "./batch.ts";
import { encodeBatch, type EncodedBatch } from "./encode-batch.ts";
import { blame, sqlState } from "./failure.ts";
import type { Latest } from "./latest.ts";
import type { Partitions } from "./partitions.ts";
import type { DailyTable } from "./retention.ts";
import type { Rollup } from "./rollup.ts";
import type { Bound } from "./round-trip.ts";
import { STATEMENTS } from "./statements.ts";
import { RowRefused } from "./store.ts";
import type { WriteConnection } from "./write-connection.ts";

interface Job {
  run(): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const UNIQUE_VIOLATION = "23505";
/** After a batch with a reading that was there already, this many batches take the careful statement; doubled each time. */
const CAREFUL_FIRST = 64;
const CAREFUL_MOST = 4096;

/**
 * The write path. Batches are encoded when they arrive, while the server still works on the one before, and sent one at a time.
 *
 * Readings are first inserted without ON CONFLICT, which is a half faster; where one is there already the transaction fails as a
 * whole, is sent again with ON CONFLICT DO NOTHING, and the next batches take that way at once.
 */
export class CommitQueue {
  readonly #writer: WriteConnection;
  readonly #partitions: Partitions | null;
  readonly #rollup: Rollup | null;
  readonly #latest: Latest;
  #jobs: Job[] = [];
  #busy = false;
  /** batches left that take the careful statement */
  #careful = 0;
  #carefulNext = CAREFUL_FIRST;

  constructor(writer: WriteConnection, partitions: Partitions | null, rollup: Rollup | null, latest: Latest) {
    this.#writer = writer;
    this.#partitions = partitions;
    this.#rollup = rollup;
    this.#latest = latest;
  }

  /** @throws HubError DB_UNAVAILABLE, RowRefused */
  commit(batch: CommitBatch): Promise<{ readonly telemetryInserted: number }> {
    let encoded: EncodedBatch;
    try {
      encoded = encodeBatch(batch);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#enqueue(() => this.#write(batch, encoded));
  }

  /** Sends one statement in its turn; `work` is called when it is sent. */
  send(work: () => Bound): Promise<unknown> {
    return this.#enqueue(() => this.#writer.run([work()]));
  }

  #enqueue<T>(run: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ run, resolve: resolve as Job["resolve"], reject });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      try {
        job.resolve(await job.run());
      } catch (cause) {
        const error = blame(cause);
        const waiting = this.#jobs;
        this.#jobs = [];
        job.reject(error);
        for (const { reject } of waiting) {
          reject(new HubError("DB_UNAVAILABLE", "a commit before this one failed", { cause: error }));
        }
      }
    }
    this.#busy = false;
  }

  async #write(batch: CommitBatch, { telemetry, rest }: EncodedBatch): Promise<{ telemetryInserted: number }> {
    if (telemetry === null && rest.length === 0) return { telemetryInserted: 0 };
    if (this.#partitions !== null) await this.#makePartitions(this.#partitions, batch);
    const marks = telemetry === null ? null : (this.#rollup?.marks(batch.telemetry) ?? null);
    const work = marks === null ? [...rest] : [marks.work, ...rest];
    let counts: number[];
    if (telemetry === null) counts = [0, ...(await this.#writer.run(work))];
    else counts = await this.#insert(telemetry, work);
    if (marks !== null) this.#rollup?.stored(marks.buckets);
    this.#latest.noteReadings(batch.telemetry);
    if (batch.text.length > 0) this.#latest.noteTexts(batch.text);
    if (batch.positions.length > 0) this.#latest.notePositions(batch.positions);
    return { telemetryInserted: counts[0] };
  }

  async #insert(telemetry: readonly Buffer[], work: Bound[]): Promise<number[]> {
    if (this.#careful === 0) {
      try {
        const counts = await this.#writer.run([{ statement: STATEMENTS.telemetry, values: telemetry }, ...work]);
        if (this.#carefulNext > CAREFUL_FIRST) this.#carefulNext--;
        return counts;
      } catch (error) {
        if (sqlState(error) !== UNIQUE_VIOLATION || error instanceof RowRefused) throw error;
        this.#careful = this.#carefulNext;
        this.#carefulNext = Math.min(this.#carefulNext * 2, CAREFUL_MOST);
      }
    }
    this.#careful--;
    return this.#writer.run([{ statement: STATEMENTS.telemetryAgain, values: telemetry }, ...work]);
  }

  async #makePartitions(partitions: Partitions, batch: CommitBatch): Promise<void> {
    const { telemetry, text, positions, rawFrames } = batch;
    await this.#make(partitions, "telemetry", telemetry.n, (i) => telemetry.time[i]);
    if (text.length > 0) await this.#make(partitions, "telemetry_text", text.length, (i) => text[i].time);
    if (positions.length > 0) await this.#make(partitions, "vessel_position", positions.length, (i) => positions[i].ts);
    if (rawFrames.length > 0) await this.#make(partitions, "raw_frame", rawFrames.length, (i) => rawFrames[i].rx);
  }

  #make(partitions: Partitions, table: DailyTable, n: number, at: (i: number) => number): Promise<void> | void {
    const days = partitions.missing(table, n, at);
    if (days.length > 0) return partitions.create(table, days);
  }
}

import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { systemClock, type Clock } from "../clock.ts";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CommitBatch } from "./batch.ts";
import { Chores } from "./chores.ts";
import { CommitQueue } from "./commit-queue.ts";
import { ensureSeries, upsertDevice, upsertEdge } from "./dictionary.ts";
import { type Enrolled, type Enrolment, enrolDevices } from "./enrol.ts";
import { blaming } from "./failure.ts";
import { Latest, repairLatest } from "./latest.ts";
import { migrate } from "./migrate.ts";
import { Partitions } from "./partitions.ts";
import { MIN_TIMESCALE, prepareServer, probeMode } from "./probe.ts";
import { endLeases } from "./queries/outbox.ts";
import { DEFAULT_RETENTION, type Retention } from "./retention.ts";
import { CLAIM, Rollup } from "./rollup.ts";
import type { Statement } from "./round-trip.ts";
import { loadSnapshot } from "./snapshot.ts";
import { STATEMENTS } from "./statements.ts";
import type { DeviceRow, EdgeRow, NewSeries, Snapshot, Store, StoreMode } from "./store.ts";
import { thinPositions } from "./thin.ts";
import { tidy } from "./tidy.ts";
import { WriteConnection } from "./write-connection.ts";

export interface StoreOptions {
  /** of the embedded server or a test database */
  readonly connection?: pg.PoolConfig;
  /** postgres:// URL; wins over `connection` */
  readonly url?: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly retention?: Partial<Retention>;
  readonly migrationsDir?: string;
  /** cleared events this young are part of a snapshot, ms */
  readonly reopenWindowMs?: number;
  /** longest wait for the database at start, ms */
  readonly startMs?: number;
  /** longest wait for the answer to one transaction, ms */
  readonly answerMs?: number;
  /** connections for reading */
  readonly readers?: number;
  readonly minTimescale?: string;
}

const MIGRATIONS = join(import.meta.dirname, "../../migrations");
const DAY = 86_400_000;

/**
 * Connects, brings the schema up to date and starts the chores.
 * @throws HubError DB_UNAVAILABLE, DB_TOO_OLD, DB_MIGRATION_FAILED
 */
export async function openStore(options: StoreOptions): Promise<PostgresStore> {
  const store = new PostgresStore(options);
  try {
    await store.open();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

export class PostgresStore implements Store {
  /** For queries of the API: never in the write path. */
  readonly reads: pg.Pool;
  /** For small writes of the API and for chores. */
  readonly pool: pg.Pool;
  readonly #options: StoreOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #retention: Retention;
  readonly #writer: WriteConnection;
  readonly #latest = new Latest();
  readonly #chores: Chores;
  #mode: StoreMode = "plain";
  #partitions: Partitions | null = null;
  #rollup: Rollup | null = null;
  #queue!: CommitQueue;
  #repaired = false;
  #rolling: Promise<number> | null = null;
  #closed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#log = options.log.child({ room: "store" });
    this.#clock = options.clock ?? systemClock;
    this.#retention = { ...DEFAULT_RETENTION, ...options.retention };
    const connection: pg.PoolConfig = {
      ...(options.url === undefined ? options.connection : { connectionString: options.url }),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 5000,
    };
    this.reads = this.#pool({ ...connection, application_name: "gridhub reader", max: options.readers ?? 6 }, 15_000);
    this.pool = this.#pool({ ...connection, application_name: "gridhub", max: 4 }, 60_000);
    const answerMs = options.answerMs ?? 30_000;
    this.#writer = new WriteConnection({
      connection,
      statements: () => this.#statements(),
      log: this.#log,
      answerMs,
      session: () => this.#session(answerMs),
    });
    this.#chores = new Chores(this.#log);
  }

  #pool(config: pg.PoolConfig, timeoutMs: number): pg.Pool {
    const pool = new pg.Pool({
      ...config,
      statement_timeout: timeoutMs,
      // a server that is stopped, not gone, answers nothing: give up on this side, too
      query_timeout: timeoutMs + 2000,
      idleTimeoutMillis: 60_000,
    });
    // an idle connection that breaks is replaced by the next query; without a listener it would end the process
    pool.on("error", () => {});
    // a connection that is in use may report twice that it broke (the server's farewell, then the write that fails)
    pool.on("connect", (client) => client.on("error", () => {}));
    return pool;
  }

  #statements(): Statement[] {
    const { rollupDirty, ...others } = STATEMENTS;
    return this.#rollup === null ? Object.values(others) : [...Object.values(others), rollupDirty, CLAIM];
  }

  #session(answerMs: number): string[] {
    const commands = [
      `SET statement_timeout = ${Math.max(1000, answerMs - 1000)}`,
      // parameters of 200 kB are not worth a plan of their own
      "SET plan_cache_mode = force_generic_plan",
      "SET synchronous_commit = on",
      // a reading that comes again is an error of the fast statement and none for the operator; needs a privilege
      `DO $$ BEGIN PERFORM set_config('log_min_messages', 'log', false);
       EXCEPTION WHEN insufficient_privilege THEN NULL; END $$`,
    ];
    // late readings may open as much of the columnstore as they need
    if (this.#mode === "timescale-community") {
      commands.push("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0");
    }
    return commands;
  }

  get mode(): StoreMode {
    return this.#mode;
  }

  /** Whether `commit` has a connection. */
  get ready(): boolean {
    return this.#writer.ready;
  }

  async open(): Promise<void> {
    const { minTimescale = MIN_TIMESCALE, migrationsDir = MIGRATIONS, startMs = 30_000 } = this.#options;
    await this.#awaitServer(startMs);
    await prepareServer(this.pool, minTimescale, this.#log);
    await migrate(this.pool, migrationsDir, this.#log);
    this.#mode = await probeMode(this.pool);
    const { pool } = this;
    if (this.#mode === "plain") {
      this.#partitions = new Partitions({ pool, clock: this.#clock, retention: this.#retention, log: this.#log });
      await blaming(this.#partitions.prepare());
    }
    if (this.#mode !== "timescale-community") this.#rollup = new Rollup(pool, this.#partitions);
    this.#queue = new CommitQueue(this.#writer, this.#partitions, this.#rollup, this.#latest);
    await this.#writer.start(startMs);
    await blaming(endLeases(pool));
    this.#chores.start({ name: "latest", everyMs: 1000, work: () => this.flushLatest() });
    if (this.#rollup !== null) this.#chores.start({ name: "rollup", everyMs: 30_000, work: () => this.rollUp() });
    this.#chores.start({ name: "tidy", everyMs: 3_600_000, work: () => this.tidy() });
    this.#chores.start({ name: "thin", everyMs: 3_600_000, work: () => this.thin() });
    this.#log.info({ mode: this.#mode }, "store open");
  }

  async #awaitServer(ms: number): Promise<void> {
    const end = performance.now() + ms;
    for (;;) {
      try {
        await this.pool.query("SELECT 1");
        return;
      } catch (cause) {
        if (performance.now() >= end) throw new HubError("DB_UNAVAILABLE", (cause as Error).message, { cause });
        await pause(100);
      }
    }
  }

  /**
   * One round trip, one transaction, durable when it resolves. Commits that are waiting while one fails are refused as well:
   * their cursors may speak of what the failed one should have stored. Leave the batch alone until this settles.
   * @throws HubError DB_UNAVAILABLE, RowRefused
   */
  commit(batch: CommitBatch): Promise<{ readonly telemetryInserted: number }> {
    if (this.#closed) return Promise.reject(new HubError("DB_UNAVAILABLE", "the store is closed"));
    return this.#queue.commit(batch);
  }

  async loadSnapshot(): Promise<Snapshot> {
    // the writer's lock says that no transaction of a lost connection is still under way
    if (!this.#writer.ready) throw new HubError("DB_UNAVAILABLE", "the database does not answer");
    return blaming(loadSnapshot(this.pool, this.#clock() - (this.#options.reopenWindowMs ?? DAY)));
  }

  ensureSeries(series: readonly NewSeries[]): Promise<number[]> {
    return blaming(ensureSeries(this.pool, series));
  }

  upsertEdge(edge: Parameters<Store["upsertEdge"]>[0]): Promise<EdgeRow> {
    return blaming(upsertEdge(this.pool, edge));
  }

  upsertDevice(device: Omit<DeviceRow, "id">): Promise<DeviceRow> {
    return blaming(upsertDevice(this.pool, device));
  }

  enrolDevices(devices: readonly Enrolment[]): Promise<Enrolled[]> {
    return blaming(enrolDevices(this.pool, devices));
  }

  whenReady(): Promise<void> {
    return this.#writer.whenReady();
  }

  /** Writes the latest values now instead of within a second; the first call also finds what a crash left out. */
  async flushLatest(): Promise<void> {
    if (!this.#repaired) {
      await repairLatest(this.pool, this.#clock());
      this.#repaired = true;
    }
    if (this.#latest.size > 0) await this.#latest.flush(this.pool);
  }

  /** Rolls up what is complete (plain PostgreSQL and Apache edition); one at a time. @returns buckets done */
  rollUp(): Promise<number> {
    this.#rolling ??= this.#rollUp().finally(() => (this.#rolling = null));
    return this.#rolling;
  }

  async #rollUp(): Promise<number> {
    const rollup = this.#rollup;
    if (rollup === null) return 0;
    let total = 0;
    for (let done = 1; done > 0 && !this.#closed; total += done) {
      done = await rollup.run(this.#clock(), (work) => this.#queue.send(work));
    }
    return total;
  }

  /** Old positions to one in five minutes. @returns rows taken away */
  thin(): Promise<number> {
    return thinPositions(this.pool, this.#retention, this.#clock());
  }

  /** Partitions ahead, retention. */
  tidy(): Promise<void> {
    const { pool } = this;
    return tidy({ pool, mode: this.#mode, partitions: this.#partitions, retention: this.#retention }, this.#clock());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // a database that does not answer must not keep the hub from ending
    await within(5000, this.#chores.close());
    if (this.#writer.ready) await within(5000, this.flushLatest());
    await this.#writer.close();
    await within(3000, Promise.all([this.reads.end(), this.pool.end()]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function within(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work.catch(() => {}), pause(ms, undefined, { ref: false })]);
}

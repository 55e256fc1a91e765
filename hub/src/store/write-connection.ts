import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";
import { Preparation, RoundTrip, type Bound, type Statement } from "./round-trip.ts";

export interface WriteConnectionOptions {
  readonly connection: pg.ClientConfig;
  /** prepared in a new session */
  readonly statements: () => readonly Statement[];
  readonly log: Log;
  /** longest wait for the answer to one transaction; the connection is given up then, ms */
  readonly answerMs: number;
  /** SET commands for a new session */
  readonly session: () => readonly string[];
}

/** Advisory lock of the database that its one writer holds ("grid", 1). */
const WRITER_LOCK = "1735551332, 1";
/** from the first packet to prepared statements */
const CONNECT_MS = 10_000;
const APPLICATION = "gridhub writer";

interface Session {
  readonly pid: number;
  readonly since: string;
}

/**
 * The one connection that writes batches. It comes back by itself; while it is away `run` rejects at once.
 *
 * It holds an advisory lock as long as it lives. So a transaction of a lost connection that the server still works on (a
 * stopped process, a broken network) is over before the next connection is ready: nothing old is written after something new.
 */
export class WriteConnection {
  readonly #options: WriteConnectionOptions;
  #client: pg.Client | null = null;
  #session: Session | null = null;
  #ready = Promise.withResolvers<void>();
  #closed = false;
  #connecting = false;
  #lastFailure = "not connected yet";

  constructor(options: WriteConnectionOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#client !== null;
  }

  /** Resolves once connected; never rejects. Stays open forever after `close`. */
  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  /** @throws HubError DB_UNAVAILABLE when there is no connection within `ms` */
  async start(ms: number): Promise<void> {
    this.#reconnect();
    const controller = new AbortController();
    const late = pause(ms, "late", { signal: controller.signal }).catch(() => "");
    const first = await Promise.race([this.#ready.promise, late]);
    controller.abort();
    if (first === "late") throw new HubError("DB_UNAVAILABLE", this.#lastFailure);
  }

  /** One transaction. @returns rows written by each statement @throws what pg throws; HubError DB_UNAVAILABLE when not connected */
  async run(work: readonly Bound[]): Promise<number[]> {
    const client = this.#client;
    if (client === null) throw new HubError("DB_UNAVAILABLE", this.#lastFailure);
    const trip = new RoundTrip(work);
    const timer = setTimeout(
      () => this.#lost(client, `no answer for ${this.#options.answerMs} ms`),
      this.#options.answerMs,
    );
    try {
      client.query(trip);
      return await trip.done;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives the connection up and makes a new one: after an answer that leaves the session's state in doubt. */
  reset(why: string): void {
    if (this.#client !== null) this.#lost(this.#client, why);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = null;
    if (client !== null) await Promise.race([client.end().catch(() => {}), pause(2000, undefined, { ref: false })]);
    if (client !== null) destroy(client);
  }

  #lost(client: pg.Client, why: string): void {
    if (this.#client === client) {
      this.#client = null;
      this.#lastFailure = why;
      this.#ready = Promise.withResolvers<void>();
      if (!this.#closed) this.#options.log.warn({ why }, "database connection lost");
      this.#reconnect();
    }
    destroy(client);
  }

  #reconnect(): void {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    void this.#connectUntilReady().finally(() => {
      this.#connecting = false;
    });
  }

  async #connectUntilReady(): Promise<void> {
    for (let wait = 25, tries = 0; !this.#closed; wait = Math.min(wait * 2, 1000), tries++) {
      try {
        const client = await this.#connect();
        if (this.#closed) return destroy(client);
        this.#client = client;
        if (tries > 0) this.#options.log.info("database answers again");
        this.#ready.resolve();
        return;
      } catch (error) {
        const failure = (error as Error).message;
        if (failure !== this.#lastFailure) this.#options.log.warn({ why: failure }, "database does not answer");
        this.#lastFailure = failure;
        await pause(wait);
      }
    }
  }

  async #connect(): Promise<pg.Client> {
    const { connection, statements, session } = this.#options;
    const client = new pg.Client({ ...connection, application_name: APPLICATION });
    client.on("error", (error) => this.#lost(client, error.message));
    client.on("end", () => this.#lost(client, "connection closed"));
    const timer = setTimeout(() => destroy(client), CONNECT_MS);
    try {
      await client.connect();
      await this.#takeLock(client);
      for (const command of session()) await client.query(command);
      const preparation = new Preparation(statements());
      client.query(preparation);
      await preparation.done;
      return client;
    } catch (error) {
      destroy(client);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #takeLock(client: pg.Client): Promise<void> {
    const old = this.#session;
    if (old !== null) {
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2",
        [old.pid, old.since],
      );
    }
    const { rows } = await client.query<Session & { mine: boolean }>(
      `SELECT pg_backend_pid() AS pid, pg_try_advisory_lock(${WRITER_LOCK}) AS mine,
         (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS since`,
    );
    if (!rows[0].mine) throw new Error("another hub writes to this database, or its last connection still lives");
    this.#session = { pid: rows[0].pid, since: rows[0].since };
  }
}

/** Drops the socket without a farewell: the other side may be stopped and never read it. */
function destroy(client: pg.Client): void {
  const wire = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  client.on("error", () => {});
  wire.stream.destroy();
}

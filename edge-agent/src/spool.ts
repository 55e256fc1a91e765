import { chmodSync, mkdirSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { EnvelopeRecord, Gap } from "@gridhub/device-profiles/envelope.ts";

export type SpoolLane = "t" | "raw" | "e";

/** One envelope that waits for the hub's `ack`. Identity: (boot, seq). */
export interface SpooledEnvelope {
  readonly boot: number;
  readonly seq: number;
  readonly lane: SpoolLane;
  readonly device: string;
  /** sample time of its first record, ms UTC */
  readonly ts: number;
  /** JSON of `r` */
  readonly records: string;
}

export interface SpoolOptions {
  readonly file: string;
  /** bytes of records; beyond it the oldest are dropped and declared as a gap */
  readonly maxBytes: number;
  /** longest wait of an append for company in one disk write, ms */
  readonly gatherMs: number;
  readonly now: () => number;
}

interface Waiting {
  readonly lane: SpoolLane;
  readonly device: string;
  readonly ts: number;
  readonly records: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The durable outbound queue (SQLite, WAL, synchronous FULL). An append resolves when it is on disk; a record leaves only by
 * the hub's `ack`, or, when the byte limit is reached, as part of an explicit gap that is reported until the hub knows it.
 */
export class Spool {
  readonly #options: SpoolOptions;
  #db: DatabaseSync | null = null;
  #insert!: StatementSync;
  #page!: StatementSync;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #seq = 0;
  #bytes = 0;
  #count = 0;
  boot = 0;
  /** called after records became durable */
  onAppend: (() => void) | null = null;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Opens the file and counts the boot. A new file begins with the time in seconds, so that a lost disk cannot repeat identities. */
  start(): void {
    const { file, now } = this.#options;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const db = new DatabaseSync(file);
    chmodSync(file, 0o600);
    db.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma busy_timeout = 5000;
      create table if not exists boot (id integer primary key check (id = 1), value integer not null);
      create table if not exists record (
        boot integer not null, seq integer not null, lane text not null, device text not null,
        ts integer not null, bytes integer not null, records text not null,
        primary key (boot, seq)
      ) without rowid;
      create table if not exists gap (boot integer not null, first integer not null, last integer not null, why text not null);
    `);
    this.#db = db;
    const row = db.prepare("select value from boot").get() as { value: number } | undefined;
    this.boot = row === undefined ? Math.floor(now() / 1000) : row.value + 1;
    db.prepare("insert into boot (id, value) values (1, ?) on conflict (id) do update set value = excluded.value").run(
      this.boot,
    );
    this.#insert = db.prepare(
      "insert into record (boot, seq, lane, device, ts, bytes, records) values (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#page = db.prepare(
      "select boot, seq, lane, device, ts, records from record where (boot, seq) > (?, ?) order by boot, seq limit ?",
    );
    const total = db.prepare("select count(*) as n, coalesce(sum(bytes), 0) as bytes from record").get() as {
      n: number;
      bytes: number;
    };
    this.#count = total.n;
    this.#bytes = total.bytes;
  }

  /** Keeps the records of one envelope. Resolves when they are durable; rejects when the disk refuses. */
  append(lane: SpoolLane, device: string, records: readonly EnvelopeRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#db === null) {
        reject(new Error("the spool is closed"));
        return;
      }
      this.#waiting.push({ lane, device, ts: records[0].ts, records: JSON.stringify(records), resolve, reject });
      if (this.#waiting.length >= 500) this.flush();
      else this.#timer ??= setTimeout(() => this.flush(), this.#options.gatherMs);
    });
  }

  /** Writes what waits, in one transaction. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waiting = this.#waiting;
    const db = this.#db;
    if (waiting.length === 0 || db === null) return;
    this.#waiting = [];
    let seq = this.#seq;
    let bytes = 0;
    try {
      db.exec("begin immediate");
      for (const item of waiting) {
        const size = item.records.length + item.device.length + 64;
        this.#insert.run(this.boot, ++seq, item.lane, item.device, item.ts, size, item.records);
        bytes += size;
      }
      db.exec("commit");
    } catch (error) {
      if (db.isTransaction) db.exec("rollback");
      for (const item of waiting) item.reject(error as Error);
      return;
    }
    this.#seq = seq;
    this.#bytes += bytes;
    this.#count += waiting.length;
    if (this.#bytes > this.#options.maxBytes) this.#drop();
    for (const item of waiting) item.resolve();
    this.onAppend?.();
  }

  /** Makes room: the oldest go first, a tenth of the limit at once, and the loss is written down before they are gone. */
  #drop(): void {
    const db = this.#db!;
    const target = this.#options.maxBytes * 0.9;
    let bytes = this.#bytes;
    const spans: { boot: number; first: number; last: number; count: number; bytes: number }[] = [];
    for (const row of db.prepare("select boot, seq, bytes from record order by boot, seq").iterate() as Iterable<{
      boot: number;
      seq: number;
      bytes: number;
    }>) {
      if (bytes <= target) break;
      bytes -= row.bytes;
      const span = spans[spans.length - 1];
      if (span !== undefined && span.boot === row.boot) {
        span.last = row.seq;
        span.count++;
        span.bytes += row.bytes;
      } else spans.push({ boot: row.boot, first: row.seq, last: row.seq, count: 1, bytes: row.bytes });
    }
    db.exec("begin immediate");
    for (const { boot, first, last } of spans) {
      const extended = db.prepare("update gap set last = ? where boot = ? and last = ?").run(last, boot, first - 1);
      if (extended.changes === 0)
        db.prepare("insert into gap (boot, first, last, why) values (?, ?, ?, 'spool_full')").run(boot, first, last);
      db.prepare("delete from record where boot = ? and seq between ? and ?").run(boot, first, last);
    }
    db.exec("commit");
    for (const span of spans) {
      this.#bytes -= span.bytes;
      this.#count -= span.count;
    }
  }

  /** Envelopes after (boot, seq), oldest first. */
  page(after: { readonly boot: number; readonly seq: number }, limit: number): SpooledEnvelope[] {
    return this.#db === null ? [] : (this.#page.all(after.boot, after.seq, limit) as unknown as SpooledEnvelope[]);
  }

  /** Forgets what the hub has stored: everything of `boot` up to `upto`. */
  trim(boot: number, upto: number): void {
    const db = this.#db;
    if (db === null) return;
    const gone = db
      .prepare("select count(*) as n, coalesce(sum(bytes), 0) as bytes from record where boot = ? and seq <= ?")
      .get(boot, upto) as { n: number; bytes: number };
    if (gone.n > 0) db.prepare("delete from record where boot = ? and seq <= ?").run(boot, upto);
    db.prepare("delete from gap where boot = ? and last <= ?").run(boot, upto);
    this.#count -= gone.n;
    this.#bytes -= gone.bytes;
  }

  /** The oldest sequence number still held, a boot; the current boot is always among them. */
  held(): { readonly boot: number; readonly first: number }[] {
    const rows =
      this.#db === null
        ? []
        : (this.#db
            .prepare("select boot, min(seq) as first from record group by boot order by boot")
            .all() as unknown as { boot: number; first: number }[]);
    return rows.some((row) => row.boot === this.boot) ? rows : [...rows, { boot: this.boot, first: this.#seq + 1 }];
  }

  gaps(limit = 64): Gap[] {
    if (this.#db === null) return [];
    const rows = this.#db
      .prepare('select boot as b, first as "from", last as "to", why from gap order by boot, first limit ?')
      .all(limit);
    return rows as unknown as Gap[];
  }

  stats(): {
    readonly queue: number;
    readonly bytes: number;
    readonly oldest: number | undefined;
    readonly disk: number;
  } {
    const oldest = this.#db?.prepare("select ts from record order by boot, seq limit 1").get() as
      { ts: number } | undefined;
    const disk = statfsSync(dirname(this.#options.file));
    return { queue: this.#count, bytes: this.#bytes, oldest: oldest?.ts, disk: disk.bavail * disk.bsize };
  }

  close(): void {
    this.flush();
    this.#db?.close();
    this.#db = null;
  }
}

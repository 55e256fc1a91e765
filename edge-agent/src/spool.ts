import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EnvelopeRecord, Gap } from "@gridhub/device-profiles/envelope.ts";
import type { Logger } from "pino";
import { nextBoot, writeBoot } from "./boot-counter.ts";
import { packRecords, type PackedRecords } from "./envelope-pack.ts";
import { isDamage, SpoolError } from "./spool-error.ts";
import { openSpoolFile, suspect } from "./spool-file.ts";
import { salvage } from "./spool-salvage.ts";

export type SpoolLane = "t" | "raw" | "e";

/** A place in the spool's order: boots one after the other, records of a boot by sequence number. */
export interface Position {
  readonly boot: number;
  readonly seq: number;
}

/** One envelope that waits for the hub's `ack`. Identity: (boot, seq). */
export interface SpooledEnvelope extends Position {
  readonly lane: SpoolLane;
  readonly device: string;
  /** newest sample time of its records, ms UTC */
  readonly ts: number;
  /** number of records */
  readonly n: number;
  /** bytes it counts for */
  readonly bytes: number;
  /** JSON of `r` */
  readonly records: string;
}

export interface SpoolOptions {
  readonly file: string;
  /** bytes of records; beyond it the oldest are dropped and declared as a gap */
  readonly maxBytes: number;
  /** longest wait of an append for company in one disk write, ms */
  readonly gatherMs: number;
  /** bytes of the disk that stay free: the trim that makes room again needs some itself */
  readonly reserveBytes: number;
  readonly now: () => number;
  readonly log: Logger;
}

interface Waiting {
  readonly lane: SpoolLane;
  readonly device: string;
  readonly packs: readonly PackedRecords[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const MAX_GROUP = 500;
const ROW_BYTES = 64;
/** Pages given back to the disk at once after a backlog went: 8 MB. */
const SHRINK_PAGES = 2000;
const COLUMNS = "boot, seq, lane, device, ts, n, bytes, records";

/**
 * The durable outbound queue (SQLite, WAL, synchronous FULL). An append resolves when it is on disk; a record leaves only by
 * the hub's `ack`, or, when the byte limit is reached, as part of an explicit gap that is reported until the hub knows it.
 */
export class Spool {
  readonly #options: SpoolOptions;
  #db: DatabaseSync | null = null;
  #insert!: StatementSync;
  #count!: StatementSync;
  #after!: StatementSync;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #seq = 0;
  #bytes = 0;
  #envelopes = 0;
  #bootStored = false;
  #refusing = false;
  boot = 0;
  /** place of the newest record, and of the newest one of lane `e` */
  tail: Position = { boot: 0, seq: 0 };
  lastEvent: Position = { boot: 0, seq: 0 };
  /** called after records became durable */
  onAppend: (() => void) | null = null;
  /** called once when the file turns out to be damaged; `close` and `start` move it aside and save what can be read */
  onDamage: (() => void) | null = null;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Opens the file and counts the boot. @throws Error of SQLite or the file system when the folder cannot be used */
  start(): void {
    const { file, now, log } = this.#options;
    const { db, damaged } = openSpoolFile(file, now(), log);
    this.#db = db;
    try {
      if (damaged !== null) log.error({ ...salvage(damaged, db), damaged }, "records saved from the damaged spool");
      this.#load(db, log);
    } catch (error) {
      db.close();
      this.#db = null;
      throw error;
    }
  }

  #load(db: DatabaseSync, log: Logger): void {
    const { file, now } = this.#options;
    const last = db.prepare("select max(value) as value from boot").get() as { value: number | null };
    const total = db.prepare("select envelopes, bytes from total").get() as { envelopes: number; bytes: number };
    const newest = "select boot, seq from record order by boot desc, seq desc limit 1";
    const event = "select boot, seq from record where lane = 'e' order by boot desc, seq desc limit 1";
    this.#insert = db.prepare(`insert into record (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#count = db.prepare("update total set envelopes = envelopes + ?, bytes = bytes + ?");
    this.#after = db.prepare(`select ${COLUMNS} from record where (boot, seq) > (?, ?) order by boot, seq limit ?`);
    this.#envelopes = total.envelopes;
    this.#bytes = total.bytes;
    this.#seq = 0;
    this.#refusing = false;
    this.tail = (db.prepare(newest).get() as Position | undefined) ?? { boot: 0, seq: 0 };
    this.lastEvent = (db.prepare(event).get() as Position | undefined) ?? { boot: 0, seq: 0 };
    this.boot = nextBoot(`${file}.boot`, Math.max(last.value ?? 0, this.tail.boot), now());
    this.#bootStored = false;
    try {
      this.#storeBoot(db);
      this.#bootStored = true;
      writeBoot(`${file}.boot`, this.boot);
    } catch (error) {
      if (isDamage(error)) throw error;
      // A full disk must not keep what is spooled from being sent; the first append stores the boot or fails with it.
      log.error({ err: (error as Error).message }, "the boot counter could not be written");
    }
  }

  #storeBoot(db: DatabaseSync): void {
    db.prepare("insert into boot (id, value) values (1, ?) on conflict (id) do update set value = excluded.value").run(
      this.boot,
    );
  }

  /**
   * Keeps records, as one envelope or as many as the contract's sizes need, all or none.
   * @returns resolves when they are durable; rejects with a SpoolError
   */
  append(lane: SpoolLane, device: string, records: readonly EnvelopeRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#db === null) throw new SpoolError("closed", "the spool is closed");
      this.#waiting.push({ lane, device, packs: packRecords(records), resolve, reject });
      if (this.#waiting.length >= MAX_GROUP) this.flush();
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
    try {
      this.#checkRoom();
      this.#write(db, waiting);
    } catch (error) {
      const refusal = this.#refusal(error);
      this.#attempt("resync", () => this.#resync(db));
      for (const item of waiting) item.reject(refusal);
      return;
    }
    if (this.#refusing) this.#options.log.info("the spool takes records again");
    this.#refusing = false;
    if (this.#bytes > this.#options.maxBytes) this.#attempt("drop", () => this.#drop(db));
    for (const item of waiting) item.resolve();
    this.onAppend?.();
  }

  #write(db: DatabaseSync, waiting: readonly Waiting[]): void {
    let seq = this.#seq;
    let bytes = 0;
    let event = 0;
    transaction(db, () => {
      if (!this.#bootStored) this.#storeBoot(db);
      for (const { lane, device, packs } of waiting) {
        for (const pack of packs) {
          const size = pack.bytes + device.length + ROW_BYTES;
          this.#insert.run(this.boot, ++seq, lane, device, pack.ts, pack.count, size, pack.json);
          bytes += size;
          if (lane === "e") event = seq;
        }
      }
      this.#count.run(seq - this.#seq, bytes);
    });
    this.#bootStored = true;
    this.#envelopes += seq - this.#seq;
    this.#bytes += bytes;
    this.#seq = seq;
    this.tail = { boot: this.boot, seq };
    if (event > 0) this.lastEvent = { boot: this.boot, seq: event };
  }

  /** A commit that failed may yet have reached the disk: its numbers must not be given away again. */
  #resync(db: DatabaseSync): void {
    const total = db.prepare("select envelopes, bytes from total").get() as { envelopes: number; bytes: number };
    const own = db.prepare("select max(seq) as seq from record where boot = ?").get(this.boot) as {
      seq: number | null;
    };
    this.#envelopes = total.envelopes;
    this.#bytes = total.bytes;
    this.#seq = Math.max(this.#seq, own.seq ?? 0);
  }

  #checkRoom(): void {
    const { maxBytes, reserveBytes } = this.#options;
    if (this.#disk() < reserveBytes)
      throw new SpoolError("disk", `less than ${reserveBytes} bytes are free on the disk`);
    // Only when dropping the oldest failed again and again.
    if (this.#bytes > maxBytes * 1.5) throw new SpoolError("disk", "the spool is full and cannot drop");
  }

  /** What went wrong, as a SpoolError; logged when it begins. */
  #refusal(error: unknown): SpoolError {
    const refusal =
      error instanceof SpoolError
        ? error
        : new SpoolError(isDamage(error) ? "damaged" : "disk", (error as Error).message);
    if (!this.#refusing)
      this.#options.log.error({ code: refusal.code, err: refusal.message }, "the spool refuses records");
    this.#refusing = true;
    if (refusal.code === "damaged") this.#damaged();
    return refusal;
  }

  #damaged(): void {
    suspect(this.#options.file);
    const report = this.onDamage;
    this.onDamage = null;
    report?.();
  }

  /** Reads and upkeep must not end the agent: what cannot be done now is tried again by the next ack or append. */
  #attempt<T>(what: string, action: () => T): T | null {
    try {
      return action();
    } catch (error) {
      this.#options.log.error({ err: (error as Error).message, what }, "the spool failed");
      if (isDamage(error)) this.#damaged();
      return null;
    }
  }

  /** Makes room: the oldest go first, a tenth of the limit at once, and the loss is written down with it. */
  #drop(db: DatabaseSync): void {
    const target = this.#options.maxBytes * 0.9;
    let bytes = this.#bytes;
    const spans: { boot: number; first: number; last: number; count: number }[] = [];
    const rows = db.prepare("select boot, seq, bytes from record order by boot, seq").iterate();
    for (const row of rows as unknown as Iterable<{ boot: number; seq: number; bytes: number }>) {
      if (bytes <= target) break;
      bytes -= row.bytes;
      const span = spans.at(-1);
      if (span?.boot === row.boot) {
        span.last = row.seq;
        span.count++;
      } else spans.push({ boot: row.boot, first: row.seq, last: row.seq, count: 1 });
    }
    const dropped = spans.reduce((sum, span) => sum + span.count, 0);
    transaction(db, () => {
      for (const { boot, first, last } of spans) {
        const extended = db.prepare("update gap set last = ? where boot = ? and last = ?").run(last, boot, first - 1);
        if (extended.changes === 0)
          db.prepare("insert into gap (boot, first, last, why) values (?, ?, ?, 'spool_full')").run(boot, first, last);
        db.prepare("delete from record where boot = ? and seq between ? and ?").run(boot, first, last);
      }
      this.#count.run(-dropped, bytes - this.#bytes);
    });
    this.#bytes = bytes;
    this.#envelopes -= dropped;
    this.#options.log.error({ dropped, spans }, "the spool is full: the oldest records were dropped");
  }

  /** Envelopes after a position, oldest first. */
  page(after: Position, limit: number): SpooledEnvelope[] {
    const read = () => this.#after.all(after.boot, after.seq, limit) as unknown as SpooledEnvelope[];
    return this.#db === null ? [] : (this.#attempt("page", read) ?? []);
  }

  /** Envelopes of lane `e` after a position, oldest first. */
  events(after: Position, limit: number): SpooledEnvelope[] {
    const sql = `select ${COLUMNS} from record where lane = 'e' and (boot, seq) > (?, ?) order by boot, seq limit ?`;
    const read = () => this.#db!.prepare(sql).all(after.boot, after.seq, limit) as unknown as SpooledEnvelope[];
    return this.#db === null ? [] : (this.#attempt("events", read) ?? []);
  }

  /** Place of the last envelope older than `time` (ms UTC): all after it are young. Walks back from the newest. */
  lastBefore(time: number): Position {
    const sql = "select boot, seq from record where ts < ? order by boot desc, seq desc limit 1";
    const read = () => this.#db!.prepare(sql).get(time) as Position | undefined;
    return (this.#db === null ? null : this.#attempt("lastBefore", read)) ?? { boot: 0, seq: 0 };
  }

  /** Forgets what the hub has stored: everything of `boot` up to `upto`. @returns how many envelopes went */
  trim(boot: number, upto: number): number {
    const db = this.#db;
    return db === null ? 0 : (this.#attempt("trim", () => this.#trim(db, boot, upto)) ?? 0);
  }

  #trim(db: DatabaseSync, boot: number, upto: number): number {
    const known = "select count(*) as n, coalesce(sum(bytes), 0) as bytes from record where boot = ? and seq <= ?";
    const gone = db.prepare(known).get(boot, upto) as { n: number; bytes: number };
    const gap = db.prepare("select 1 from gap where boot = ? and last <= ? limit 1").get(boot, upto);
    if (gone.n === 0 && gap === undefined) return 0;
    const remove = () => {
      db.prepare("delete from record where boot = ? and seq <= ?").run(boot, upto);
      db.prepare("delete from gap where boot = ? and last <= ?").run(boot, upto);
      this.#count.run(-gone.n, -gone.bytes);
    };
    try {
      transaction(db, remove);
    } catch (error) {
      if (isDamage(error)) throw error;
      // No room even for the note of what goes: the log (WAL) is moved into the file, which makes some.
      db.exec("pragma wal_checkpoint(truncate)");
      transaction(db, remove);
    }
    this.#envelopes -= gone.n;
    this.#bytes -= gone.bytes;
    const { freelist_count: free } = db.prepare("pragma freelist_count").get() as { freelist_count: number };
    if (free > SHRINK_PAGES * 2) db.exec(`pragma incremental_vacuum(${SHRINK_PAGES})`);
    return gone.n;
  }

  /** The oldest sequence number still held, a boot, oldest boots first; the current boot is always the last of them. */
  held(limit = 31): { readonly boot: number; readonly first: number }[] {
    const held: { boot: number; first: number }[] = [];
    const next = this.#db?.prepare("select boot, seq as first from record where boot > ? order by boot, seq limit 1");
    for (let boot = -1; next !== undefined && held.length < limit;) {
      const row = this.#attempt("held", () => next.get(boot)) as { boot: number; first: number } | null | undefined;
      if (row == null || row.boot >= this.boot) break;
      held.push(row);
      boot = row.boot;
    }
    const own = next && (this.#attempt("held", () => next.get(this.boot - 1)) as { first: number } | null | undefined);
    return [...held, { boot: this.boot, first: own?.first ?? this.#seq + 1 }];
  }

  gaps(limit = 64): Gap[] {
    const sql = 'select boot as b, first as "from", last as "to", why from gap order by boot, first limit ?';
    const read = () => this.#db!.prepare(sql).all(limit) as unknown as Gap[];
    return this.#db === null ? [] : (this.#attempt("gaps", read) ?? []);
  }

  /** Envelopes and bytes that wait, sample time of the first, free bytes of the disk (NaN when the system does not say). */
  stats(): { readonly queue: number; readonly bytes: number; readonly oldest?: number; readonly disk: number } {
    const oldest = this.page({ boot: 0, seq: 0 }, 1)[0];
    return { queue: this.#envelopes, bytes: this.#bytes, oldest: oldest?.ts, disk: this.#disk() };
  }

  get queue(): number {
    return this.#envelopes;
  }

  #disk(): number {
    try {
      const disk = statfsSync(dirname(this.#options.file));
      return disk.bavail * disk.bsize;
    } catch {
      return Number.NaN;
    }
  }

  /** Writes what waits and closes the file; appends are refused from now on. */
  close(): void {
    this.flush();
    this.#db?.close();
    this.#db = null;
  }
}

/** All or nothing; a failed commit is rolled back, so that the next one begins clean. */
function transaction(db: DatabaseSync, work: () => void): void {
  db.exec("begin immediate");
  try {
    work();
    db.exec("commit");
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    throw error;
  }
}

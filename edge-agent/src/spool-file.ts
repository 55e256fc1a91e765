import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import { isDamage, SpoolError } from "./spool-error.ts";

const VERSION = 1;
/** How long a starting agent waits for one that is ending, ms. */
const LOCK_WAIT_MS = 3000;

// `total` is written with every change, so that a start need not read the whole file to know what it holds.
const SCHEMA = `
  create table boot (id integer primary key check (id = 1), value integer not null);
  create table record (
    boot integer not null, seq integer not null, lane text not null, device text not null,
    ts integer not null, n integer not null, bytes integer not null, records text not null,
    primary key (boot, seq)
  ) without rowid;
  create index event on record (boot, seq) where lane = 'e';
  create table gap (boot integer not null, first integer not null, last integer not null, why text not null);
  create table total (id integer primary key check (id = 1), envelopes integer not null, bytes integer not null);
  insert into total values (1, 0, 0);
  pragma user_version = ${VERSION};
`;

export interface OpenedSpool {
  readonly db: DatabaseSync;
  /** where a damaged file was moved, or null */
  readonly damaged: string | null;
}

/**
 * Opens the spool's file, or makes it. A damaged file is moved aside, never deleted: it holds records that the hub has not got.
 * @throws what SQLite says of the environment: SQLITE_BUSY when another agent holds the file, no space, no permission
 */
export function openSpoolFile(file: string, now: number, log: Logger): OpenedSpool {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    if (existsSync(suspicion(file))) throw new SpoolError("damaged", "damage was found while it was read");
    return { db: open(file), damaged: null };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const damaged = moveAside(file, now);
    rmSync(suspicion(file), { force: true });
    log.error({ err: (error as Error).message, damaged }, "the spool is damaged: moved aside, a new one begins");
    return { db: open(file), damaged };
  }
}

/**
 * Remembers that reading failed, for the next start: a file with damage in its middle opens like a sound one. @throws nothing; a
 * mark that cannot be written is set when the damage is met again
 */
export function suspect(file: string): void {
  try {
    writeFileSync(suspicion(file), "", { mode: 0o600 });
  } catch {
    // the disk is full or gone
  }
}

function suspicion(file: string): string {
  return `${file}.suspect`;
}

function open(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    // The lock is held until the end: a second agent on the same folder would send and trim the same records.
    db.exec(`
      pragma busy_timeout = ${LOCK_WAIT_MS};
      pragma locking_mode = exclusive;
      pragma auto_vacuum = incremental;
      pragma journal_mode = wal;
      pragma synchronous = full;
    `);
    const { user_version: version } = db.prepare("pragma user_version").get() as { user_version: number };
    const { tables } = db.prepare("select count(*) as tables from sqlite_schema").get() as { tables: number };
    if (version > VERSION) throw new Error(`${file} was written by a newer agent (spool version ${version})`);
    if (tables > 0 && version === 0) throw new SpoolError("damaged", "a database, but no spool");
    if (tables === 0) db.exec(`begin immediate; ${SCHEMA} commit;`);
    else db.exec("begin immediate; rollback;"); // takes the lock now rather than with the first record
    chmodSync(file, 0o600);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function moveAside(file: string, now: number): string {
  let aside = `${file}.damaged-${now}`;
  for (let n = 2; existsSync(aside); n++) aside = `${file}.damaged-${now}-${n}`;
  for (const suffix of ["", "-wal", "-shm"]) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  return aside;
}

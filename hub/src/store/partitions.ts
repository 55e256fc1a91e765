import type { Pool } from "pg";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { DAILY, DAILY_TABLES, DAY_MS, type DailyTable, type Retention } from "./retention.ts";

/** Partitions stand ready this many days ahead: a hub that is offline at midnight, or a clock that runs fast. */
const AHEAD_DAYS = 3;
const DAYS_A_STATEMENT = 20;
/** After a failed attempt the rows go to the default partition for this long, ms. */
const POSTPONE_MS = 60_000;

interface Known {
  readonly days: Set<number>;
  readonly postponed: Map<number, number>;
  /** the day that was seen last, ms: one comparison a row while it lasts */
  from: number;
  to: number;
}

/**
 * Daily range partitions of plain PostgreSQL: made ahead of time, on demand for old readings, and taken away when their time is
 * over. What no partition covers (outside retention or days ahead) lies in the default partition and moves when its day is made.
 * A batch therefore never fails for want of a partition.
 */
export class Partitions {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #retention: Retention;
  readonly #log: Log;
  readonly #known = new Map<DailyTable, Known>();
  /** the writer and the chores may ask at once */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: { pool: Pool; clock: Clock; retention: Retention; log: Log }) {
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#retention = options.retention;
    this.#log = options.log;
  }

  /** Reads which partitions there are. */
  async load(): Promise<void> {
    const { rows } = await this.#pool.query<{ parent: DailyTable; child: string }>(
      `SELECT p.relname AS parent, c.relname AS child
       FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = ANY (SELECT to_regclass(t)::oid FROM unnest($1::text[]) AS t)`,
      [DAILY_TABLES],
    );
    for (const table of DAILY_TABLES) this.#of(table).days.clear();
    for (const { parent, child } of rows) {
      const day = dayOf(child);
      if (day !== null) this.#of(parent).days.add(day);
    }
  }

  #of(table: DailyTable): Known {
    let known = this.#known.get(table);
    if (known === undefined) {
      known = { days: new Set(), postponed: new Map(), from: 0, to: 0 };
      this.#known.set(table, known);
    }
    return known;
  }

  /**
   * Days among `times` that want a partition and have none. Hot path.
   * @param at reads the i-th time, ms UTC
   */
  missing(table: DailyTable, n: number, at: (i: number) => number): number[] {
    const known = this.#of(table);
    const wanted: number[] = [];
    for (let i = 0; i < n; i++) {
      const t = at(i);
      if (t >= known.from && t < known.to) continue;
      const day = Math.floor(t / DAY_MS);
      if (known.days.has(day)) {
        known.from = day * DAY_MS;
        known.to = known.from + DAY_MS;
      } else if (!wanted.includes(day) && this.#wants(table, known, day)) wanted.push(day);
    }
    return wanted;
  }

  #wants(table: DailyTable, known: Known, day: number): boolean {
    const now = this.#clock();
    const today = Math.floor(now / DAY_MS);
    if (day > today + AHEAD_DAYS || day < today - this.#retention[DAILY[table].keep]) return false;
    return (known.postponed.get(day) ?? 0) <= now;
  }

  /** Makes partitions, one at a time. Never throws: without one the rows go to the default partition. */
  create(table: DailyTable, days: readonly number[]): Promise<void> {
    this.#turn = this.#turn.then(() => this.#create(table, days));
    return this.#turn;
  }

  async #create(table: DailyTable, days: readonly number[]): Promise<void> {
    const known = this.#of(table);
    const fresh = [...new Set(days)].filter((day) => !known.days.has(day));
    for (let at = 0; at < fresh.length; at += DAYS_A_STATEMENT) {
      const some = fresh.slice(at, at + DAYS_A_STATEMENT);
      if (await this.#attempt(table, some)) continue;
      // one of them is in somebody's way: the others need not wait for it
      for (const day of some.length > 1 ? some : []) await this.#attempt(table, [day]);
    }
  }

  async #attempt(table: DailyTable, days: readonly number[]): Promise<boolean> {
    const known = this.#of(table);
    try {
      // several statements in one simple query are one transaction
      await this.#pool.query(`SET LOCAL lock_timeout = '2s';${days.map((day) => attachDay(table, day)).join(";")}`);
      for (const day of days) {
        known.days.add(day);
        known.postponed.delete(day);
      }
      return true;
    } catch (error) {
      if (days.length === 1) {
        known.postponed.set(days[0], this.#clock() + POSTPONE_MS);
        const partition = partitionName(table, days[0]);
        this.#log.warn({ partition, err: (error as Error).message }, "partition not made");
      }
      return false;
    }
  }

  /** The coming days, and the days of rows that had to go to the default partition. */
  async prepare(): Promise<void> {
    await this.load();
    const today = Math.floor(this.#clock() / DAY_MS);
    for (const table of DAILY_TABLES) {
      const known = this.#of(table);
      const days = Array.from({ length: AHEAD_DAYS + 2 }, (_, i) => today - 1 + i);
      const { column } = DAILY[table];
      const { rows } = await this.#pool.query<{ day: number }>(
        `SELECT DISTINCT floor(extract(epoch FROM ${column}) / 86400)::int AS day FROM ${table}_default`,
      );
      for (const { day } of rows) if (this.#wants(table, known, day)) days.push(day);
      await this.create(table, days);
    }
  }

  /** Drops what is older than its retention. @returns names of the partitions that went */
  async expire(): Promise<string[]> {
    const gone: string[] = [];
    const today = Math.floor(this.#clock() / DAY_MS);
    for (const table of DAILY_TABLES) {
      const first = today - this.#retention[DAILY[table].keep];
      const known = this.#of(table);
      for (const day of [...known.days].filter((d) => d < first)) {
        const name = partitionName(table, day);
        await this.#pool.query(`SET LOCAL lock_timeout = '2s'; DROP TABLE IF EXISTS ${name}`);
        known.days.delete(day);
        known.from = known.to = 0;
        gone.push(name);
      }
      await this.#pool.query(`DELETE FROM ${table}_default WHERE ${DAILY[table].column} < $1`, [isoDay(first)]);
    }
    return gone;
  }
}

/**
 * ATTACH instead of PARTITION OF: readers and the writer of other days go on meanwhile. Rows of that day that had to go to the
 * default partition move.
 */
function attachDay(table: DailyTable, day: number): string {
  const name = partitionName(table, day);
  const { column } = DAILY[table];
  const [from, to] = [`'${isoDay(day)}'`, `'${isoDay(day + 1)}'`];
  return `
    CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL EXCLUDING COMMENTS);
    LOCK TABLE ${table}_default IN ACCESS EXCLUSIVE MODE;
    WITH moved AS (DELETE FROM ${table}_default WHERE ${column} >= ${from} AND ${column} < ${to} RETURNING *)
      INSERT INTO ${name} SELECT * FROM moved;
    ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`;
}

export function partitionName(table: DailyTable, day: number): string {
  return `${table}_${isoDay(day).slice(0, 10).replaceAll("-", "")}`;
}

/** Day number since 1970-01-01 of a partition's name; null for the default partition. */
function dayOf(name: string): number | null {
  const found = /_(\d{4})(\d{2})(\d{2})$/.exec(name);
  return found === null ? null : Date.UTC(+found[1], +found[2] - 1, +found[3]) / DAY_MS;
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString();
}

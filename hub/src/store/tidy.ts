import type { Pool } from "pg";
import type { Partitions } from "./partitions.ts";
import { DAILY, DAILY_TABLES, DAY_MS, TRIMMED, type Retention } from "./retention.ts";
import type { StoreMode } from "./store.ts";

const ROWS_A_STATEMENT = 5000;
/** boots of one edge whose cursors are kept */
const BOOTS_KEPT = 32;
const OUTBOX_DAYS = 30;
/** a platform repeats itself for days at most; the timeline of the event keeps what it said */
const CALLBACK_DAYS = 400;

export interface TidyOptions {
  readonly pool: Pool;
  readonly mode: StoreMode;
  readonly partitions: Partitions | null;
  readonly retention: Retention;
}

/** Takes away what retention no longer keeps. Runs beside the write path; every statement is short. */
export async function tidy({ pool, mode, partitions, retention }: TidyOptions, now: number): Promise<void> {
  const before = (days: number): Date => new Date(now - days * DAY_MS);
  if (partitions !== null) {
    await partitions.prepare();
    await partitions.expire();
  } else {
    for (const table of DAILY_TABLES) {
      const relation = table === "telemetry_5m_data" && mode === "timescale-community" ? "telemetry_5m" : table;
      const cutoff = before(retention[DAILY[table].keep]);
      await pool.query("SELECT drop_chunks($1::regclass, older_than => $2::timestamptz)", [relation, cutoff]);
    }
  }
  for (const [table, { column, keep }] of Object.entries(TRIMMED)) {
    await trim(pool, table, `${column} < $1`, [before(retention[keep])]);
  }
  await trim(pool, "outbox", "state <> 'pending' AND updated_at < $1", [before(OUTBOX_DAYS)]);
  await trim(pool, "callback", "rx < $1", [before(CALLBACK_DAYS)]);
  await trim(pool, "session", "expires_at < $1", [new Date(now)]);
  await pool.query(
    `DELETE FROM edge_cursor c USING (
       SELECT edge_id, boot, row_number() OVER (PARTITION BY edge_id ORDER BY boot DESC) AS age FROM edge_cursor) o
     WHERE o.age > ${BOOTS_KEPT} AND c.edge_id = o.edge_id AND c.boot = o.boot`,
  );
}

async function trim(pool: Pool, table: string, condition: string, values: unknown[]): Promise<void> {
  const sql = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${ROWS_A_STATEMENT}))`;
  for (;;) if (((await pool.query(sql, values)).rowCount ?? 0) < ROWS_A_STATEMENT) return;
}

import type { Pool } from "pg";
import type { GridEvent } from "../../event.ts";
import { EVENT_COLUMNS } from "./event-row.ts";

/** What a platform said, with our answer. */
export interface CallbackRow {
  readonly target: string;
  readonly id: string;
  /** null where it spoke of several events */
  readonly eventId: string | null;
  readonly kind: string;
  /** when it happened there, ms UTC */
  readonly ts: number;
  readonly outcome: string;
  readonly detail: string;
}

/** The first answer to this id, or null. */
export async function findCallback(pool: Pool, target: string, id: string): Promise<CallbackRow | null> {
  const { rows } = await pool.query<CallbackRow>({
    name: "callback_find",
    text: `SELECT target, id, event_id AS "eventId", kind, (extract(epoch FROM ts) * 1000)::float8 AS ts, outcome, detail
           FROM callback WHERE target = $1 AND id = $2`,
    values: [target, id],
  });
  return rows[0] ?? null;
}

/** Keeps the answer; that of an id that is known stays as it is. */
export async function keepCallback(pool: Pool, row: CallbackRow): Promise<void> {
  await pool.query({
    name: "callback_keep",
    text: `INSERT INTO callback (target, id, event_id, kind, ts, outcome, detail)
           VALUES ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), $6, $7) ON CONFLICT DO NOTHING`,
    values: [row.target, row.id, row.eventId, row.kind, row.ts, row.outcome, row.detail],
  });
}

/** What the desk of callbacks asks of the database. @param pool one that sees its own writes at once */
export function storedCallbacks(pool: Pool) {
  return {
    find: (target: string, id: string) => findCallback(pool, target, id),
    keep: (row: CallbackRow) => keepCallback(pool, row),
    event: async (id: string): Promise<GridEvent | null> => {
      const { rows } = await pool.query<GridEvent>(`SELECT ${EVENT_COLUMNS} FROM event WHERE id = $1`, [id]);
      return rows[0] ?? null;
    },
  };
}

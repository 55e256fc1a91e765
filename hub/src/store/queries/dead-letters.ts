import type { Pool } from "pg";
import { ms } from "./event-row.ts";

export interface DeadLetterListRow {
  readonly id: number;
  readonly rx: number;
  readonly topic: string;
  readonly edge: string;
  readonly reason: string;
  readonly detail: string;
  readonly bytes: number;
  /** first 512 bytes */
  readonly head: Buffer;
  readonly replayed: boolean;
}

const LISTED = `id::float8 AS id, ${ms("rx")} AS rx, topic, edge, reason, detail, octet_length(payload) AS bytes,
  substring(payload FROM 1 FOR 512) AS head, replayed_at IS NOT NULL AS replayed`;

/** Newest first. @param page.cursor id of the last item of the page before */
export async function listDeadLetters(
  pool: Pool,
  filter: { readonly reason?: string },
  page: { readonly limit: number; readonly cursor?: number | null },
): Promise<{ items: DeadLetterListRow[]; next: number | null }> {
  const { rows } = await pool.query<DeadLetterListRow>(
    `SELECT ${LISTED} FROM dead_letter
     WHERE ($1::text IS NULL OR reason = $1) AND ($2::bigint IS NULL OR dead_letter.id < $2)
     ORDER BY dead_letter.id DESC LIMIT ${page.limit + 1}`,
    [filter.reason ?? null, page.cursor ?? null],
  );
  const items = rows.slice(0, page.limit);
  return { items, next: rows.length > page.limit ? items[items.length - 1].id : null };
}

export interface DeadLetterPayload {
  readonly topic: string;
  readonly edge: string;
  readonly reason: string;
  readonly rx: number;
  readonly payload: Buffer;
}

/** The letter with its bytes, to be replayed. */
export async function findDeadLetter(pool: Pool, id: number): Promise<DeadLetterPayload | null> {
  const { rows } = await pool.query<DeadLetterPayload>(
    `SELECT topic, edge, reason, ${ms("rx")} AS rx, payload FROM dead_letter WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

export async function markReplayed(pool: Pool, id: number): Promise<void> {
  await pool.query("UPDATE dead_letter SET replayed_at = now() WHERE id = $1", [id]);
}

/** Letters that were not replayed. */
export async function countDeadLetters(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM dead_letter WHERE replayed_at IS NULL",
  );
  return rows[0].n;
}

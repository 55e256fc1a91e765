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

/** Newest first. `edges`: those keys only. @param page.cursor id of the last item of the page before */
export async function listDeadLetters(
  pool: Pool,
  filter: { readonly reason?: string; readonly edges?: readonly string[] },
  page: { readonly limit: number; readonly cursor?: number | null },
): Promise<{ items: DeadLetterListRow[]; next: number | null }> {
  const { rows } = await pool.query<DeadLetterListRow>(
    `SELECT ${LISTED} FROM dead_letter
     WHERE ($1::text IS NULL OR reason = $1) AND ($2::bigint IS NULL OR dead_letter.id < $2)
       AND ($3::text[] IS NULL OR edge = ANY ($3))
     ORDER BY dead_letter.id DESC LIMIT ${page.limit + 1}`,
    [filter.reason ?? null, page.cursor ?? null, filter.edges ?? null],
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

/** Why a message that was replayed was refused again; null = it was not. @param id the letter that was replayed */
export async function reasonOfReplay(
  pool: Pool,
  id: number,
  message: { readonly topic: string; readonly payload: Buffer; readonly rx: number },
): Promise<string | null> {
  const { rows } = await pool.query<{ reason: string }>(
    "SELECT reason FROM dead_letter WHERE rx = $2 AND id > $1 AND topic = $3 AND payload = $4 ORDER BY id DESC LIMIT 1",
    [id, new Date(message.rx), message.topic, message.payload],
  );
  return rows[0]?.reason ?? null;
}

/** Letters that were not replayed; of these edges only, where given. */
export async function countDeadLetters(pool: Pool, edges?: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM dead_letter WHERE replayed_at IS NULL AND ($1::text[] IS NULL OR edge = ANY ($1))",
    [edges ?? null],
  );
  return rows[0].n;
}

import type { Pool } from "pg";
import { ms } from "./event-row.ts";

export interface AuditRow {
  readonly seq: number;
  readonly ts: number;
  readonly who: string;
  readonly action: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Newest first. @param page.cursor `seq` of the last row of the page before */
export async function listAudit(
  pool: Pool,
  page: { readonly limit: number; readonly cursor?: number | null },
): Promise<AuditRow[]> {
  const { rows } = await pool.query<AuditRow>(
    `SELECT seq::float8 AS seq, ${ms("ts")} AS ts, who, action, target, detail FROM audit
     WHERE $1::bigint IS NULL OR audit.seq < $1 ORDER BY audit.seq DESC LIMIT $2`,
    [page.cursor ?? null, page.limit],
  );
  return rows;
}

/**
 * Recomputes the hash chain.
 * @returns `seq` of the first row that was changed, or that follows a row that is missing; null = the chain is whole.
 * Rows cut off at the end leave no trace inside: keep the newest hash elsewhere to notice that.
 */
export async function verifyAudit(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ seq: number }>(
    `SELECT seq::float8 AS seq FROM (
       SELECT *, lag(hash, 1, ''::bytea) OVER (ORDER BY seq) AS before FROM audit) a
     WHERE prev <> before OR hash <> audit_hash(prev, a.seq, ts, who, action, target, detail) ORDER BY a.seq LIMIT 1`,
  );
  return rows[0]?.seq ?? null;
}

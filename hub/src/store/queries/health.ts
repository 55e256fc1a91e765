import type { Pool } from "pg";
import type { HealthState } from "../batch.ts";
import { ms } from "./event-row.ts";

export interface HealthChangeRow {
  readonly ts: number;
  readonly from: HealthState;
  readonly to: HealthState;
  readonly reason: string;
}

/** Changes of a subject (`device:<uid>`, `edge:<key>`), newest first. */
export async function healthHistory(pool: Pool, subject: string, limit: number): Promise<HealthChangeRow[]> {
  const { rows } = await pool.query<HealthChangeRow>(
    `SELECT ${ms("health_change.ts")} AS ts, from_state AS "from", to_state AS "to", reason FROM health_change
     WHERE subject = $1 ORDER BY health_change.ts DESC, id DESC LIMIT $2`,
    [subject, limit],
  );
  return rows;
}

/** Milliseconds that each subject spent in each state within [from, to); time before its first change is not counted. */
export async function availability(
  pool: Pool,
  subjects: readonly string[],
  from: number,
  to: number,
): Promise<Map<string, Partial<Record<HealthState, number>>>> {
  const { rows } = await pool.query<{ subject: string; state: HealthState; ms: number }>(
    `WITH change AS (
       SELECT subject, to_state AS state, ts,
         lead(ts, 1, $3) OVER (PARTITION BY subject ORDER BY ts, id) AS until
       FROM (
         SELECT subject, to_state, ts, id FROM health_change WHERE subject = ANY ($1) AND ts >= $2 AND ts < $3
         UNION ALL
         SELECT s, l.to_state, $2, 0 FROM unnest($1::text[]) AS s CROSS JOIN LATERAL (
           SELECT to_state FROM health_change WHERE subject = s AND ts < $2 ORDER BY ts DESC, id DESC LIMIT 1) l) c)
     SELECT subject, state, (sum(extract(epoch FROM until - ts)) * 1000)::float8 AS ms FROM change GROUP BY 1, 2`,
    [subjects, new Date(from), new Date(to)],
  );
  const result = new Map<string, Partial<Record<HealthState, number>>>();
  for (const row of rows) {
    const states = result.get(row.subject) ?? {};
    states[row.state] = row.ms;
    result.set(row.subject, states);
  }
  return result;
}

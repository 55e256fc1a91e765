import type { Pool } from "pg";
import { ms } from "./event-row.ts";

/** What people made of the events of one source. */
export interface Feedback {
  readonly source: string;
  readonly events: number;
  /** settled by a person as something real */
  readonly confirmed: number;
  readonly falseAlarms: number;
}

/** Feedback by source of the events opened since `from`, ms UTC; on these grids only, where given. */
export async function feedbackBySource(pool: Pool, from: number, grids?: readonly string[]): Promise<Feedback[]> {
  const { rows } = await pool.query<Feedback>(
    `SELECT source, count(*)::int AS events,
       count(*) FILTER (WHERE handling = 'false_alarm')::int AS "falseAlarms",
       count(*) FILTER (WHERE handling NOT IN ('new', 'acknowledged', 'false_alarm', 'rejected'))::int AS confirmed
     FROM event WHERE opened_at >= $1 AND (source LIKE 'rule:%' OR source LIKE 'area:%')
       AND ($2::text[] IS NULL OR grid_id = ANY ($2)) GROUP BY source`,
    [new Date(from), grids ?? null],
  );
  return rows;
}

export interface SeriesRow {
  readonly id: number;
  readonly deviceId: number;
  readonly metric: string;
}

/** All series of these devices, whatever version of a profile made them. */
export async function seriesOfDevices(pool: Pool, devices: readonly number[]): Promise<SeriesRow[]> {
  const { rows } = await pool.query<SeriesRow>(
    `SELECT id, device_id AS "deviceId", metric FROM series WHERE device_id = ANY ($1)`,
    [devices],
  );
  return rows;
}

/** [series, ts, value, quality] of numeric readings in order of time, at most `limit` of them. */
export async function readingsInOrder(
  pool: Pool,
  series: readonly number[],
  from: number,
  to: number,
  limit: number,
): Promise<[number, number, number | null, number][]> {
  const { rows } = await pool.query<[number, number, number | null, number]>({
    text: `SELECT series_id, ${ms("time")}, value, quality FROM telemetry
           WHERE series_id = ANY ($1) AND time >= $2 AND time < $3 ORDER BY time, series_id LIMIT $4`,
    values: [series, new Date(from), new Date(to), limit],
    rowMode: "array",
  });
  return rows;
}

import type { Pool } from "pg";
import { DAY_MS, type Retention } from "./retention.ts";

/** Of thinned days one position of a vessel in this time is kept, s. */
const EVERY_S = 300;
/** days done in one run: the rest waits for the next hour */
const DAYS_A_RUN = 3;
const HOUR_MS = 3_600_000;

/**
 * Positions at full rate for some days, one in five minutes afterwards (the first plausible one). Hour by hour, so that every
 * statement is short; a day that is done is noted and not looked at again. What arrives for it later stays as it came.
 * @param now ms UTC
 * @returns rows taken away
 */
export async function thinPositions(
  pool: Pool,
  { positionDays, positionFullDays }: Retention,
  now: number,
): Promise<number> {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const { rows } = await pool.query<{ day: string }>(
    `SELECT to_char(d, 'YYYY-MM-DD') AS day FROM generate_series($1::date, $2::date, '1 day') d
     WHERE NOT EXISTS (SELECT FROM thinned_day t WHERE t.day = d) ORDER BY d DESC LIMIT ${DAYS_A_RUN}`,
    [isoDay(today - positionDays * DAY_MS), isoDay(today - (positionFullDays + 1) * DAY_MS)],
  );
  let removed = 0;
  for (const { day } of rows) {
    let ofDay = 0;
    for (let hour = 0; hour < 24; hour++) {
      const from = Date.parse(`${day}T00:00:00Z`) + hour * HOUR_MS;
      const done = await pool.query(THIN, [new Date(from), new Date(from + HOUR_MS)]);
      ofDay += done.rowCount ?? 0;
    }
    await pool.query("INSERT INTO thinned_day (day, removed) VALUES ($1, $2) ON CONFLICT DO NOTHING", [day, ofDay]);
    removed += ofDay;
  }
  await pool.query("DELETE FROM thinned_day WHERE day < $1", [isoDay(today - (positionDays + 2) * DAY_MS)]);
  return removed;
}

const THIN = `
  DELETE FROM vessel_position p USING (
    SELECT mmsi, time, row_number() OVER (
      PARTITION BY mmsi, floor(extract(epoch FROM time) / ${EVERY_S}) ORDER BY plausible DESC, time) AS n
    FROM vessel_position WHERE time >= $1 AND time < $2) o
  WHERE o.n > 1 AND p.mmsi = o.mmsi AND p.time = o.time AND p.time >= $1 AND p.time < $2`;

function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

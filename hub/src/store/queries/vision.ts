import type { Pool } from "pg";

/** What became of what a model raised at a camera by one recipe. */
export interface PrecisionRow {
  /** the camera that opened the events; null = it is gone */
  readonly deviceId: number | null;
  readonly recipe: string;
  /** `name@version` that the newest evidence names */
  readonly model: string;
  readonly raised: number;
  readonly falseAlarms: number;
  /** closed or handed off without that label */
  readonly confirmed: number;
}

/** Events of detectors opened in [from, to) (ms UTC), by camera, recipe and model. @param grids null = everywhere */
export async function visionPrecision(
  pool: Pool,
  from: number,
  to: number,
  grids: readonly string[] | null,
): Promise<PrecisionRow[]> {
  const { rows } = await pool.query<PrecisionRow>(
    `SELECT device_id AS "deviceId", substr(source, 8) AS recipe, coalesce(evidence->>'model', '') AS model,
       count(*)::int4 AS raised, (count(*) FILTER (WHERE handling = 'false_alarm'))::int4 AS "falseAlarms",
       (count(*) FILTER (WHERE handling IN ('closed', 'handed_off', 'accepted', 'done')))::int4 AS confirmed
     FROM event
     WHERE source LIKE 'vision:%' AND NOT late AND opened_at >= $1 AND opened_at < $2 AND ($3::text[] IS NULL OR grid_id = ANY ($3))
     GROUP BY 1, 2, 3 ORDER BY raised DESC LIMIT 5000`,
    [new Date(from), new Date(to), grids],
  );
  return rows;
}

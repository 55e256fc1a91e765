import type { Pool } from "pg";

/** What became of what a model raised at a camera by one recipe. */
export interface PrecisionRow {
  /** the camera that opened the events; null = it is gone */
  readonly deviceId: number | null;
  readonly kind: string;
  readonly recipe: string;
  /** `name@version` that the newest evidence names, several with commas between */
  readonly model: string;
  readonly raised: number;
  readonly falseAlarms: number;
  /** called true, or closed or handed off without the other label */
  readonly confirmed: number;
}

/** What a query of precision is about. */
export interface PrecisionOf {
  /** opened in [from, to), ms UTC */
  readonly from: number;
  readonly to: number;
  /** absent = everywhere */
  readonly grids?: readonly string[] | undefined;
  /** cameras that opened them; absent = any */
  readonly devices?: readonly number[] | undefined;
}

/** Events of detectors, by camera, kind, recipe and model, most raised first. */
export async function visionPrecision(pool: Pool, { from, to, grids, devices }: PrecisionOf): Promise<PrecisionRow[]> {
  const { rows } = await pool.query<PrecisionRow>(
    `SELECT device_id AS "deviceId", kind, substr(source, 8) AS recipe, coalesce(evidence->>'model', '') AS model,
       count(*)::int4 AS raised, (count(*) FILTER (WHERE wrong))::int4 AS "falseAlarms",
       (count(*) FILTER (WHERE NOT wrong AND
         (life->>'verdict' = 'confirmed' OR handling IN ('closed', 'handed_off', 'accepted', 'done'))))::int4 AS confirmed
     FROM event, LATERAL (SELECT handling = 'false_alarm' OR coalesce(life->>'verdict' = 'false_alarm', false) AS wrong) AS said
     WHERE source LIKE 'vision:%' AND NOT late AND opened_at >= $1 AND opened_at < $2
       AND ($3::text[] IS NULL OR grid_id = ANY ($3)) AND ($4::int4[] IS NULL OR device_id = ANY ($4))
     GROUP BY 1, 2, 3, 4 ORDER BY raised DESC LIMIT 20000`,
    [new Date(from), new Date(to), grids ?? null, devices ?? null],
  );
  return rows;
}

/** Pictures kept as evidence, by camera; who has none is absent. */
export async function evidenceCounts(pool: Pool, devices: readonly number[]): Promise<Map<number, number>> {
  const { rows } = await pool.query<{ id: number; n: number }>(
    "SELECT device_id AS id, count(*)::int4 AS n FROM media WHERE device_id = ANY ($1) GROUP BY 1",
    [devices],
  );
  return new Map(rows.map(({ id, n }) => [id, n]));
}

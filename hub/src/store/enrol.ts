import type { Pool } from "pg";
import { jsonText } from "./binary.ts";
import { ensureSeries } from "./dictionary.ts";
import { DEVICE_COLUMNS } from "./snapshot.ts";
import type { DeviceRow, NewSeries } from "./store.ts";

/** A device with the metrics that it must have series of. */
export interface Enrolment {
  readonly device: Omit<DeviceRow, "id">;
  readonly metrics: readonly Pick<NewSeries, "metric" | "unit">[];
}

export interface Enrolled {
  readonly row: DeviceRow;
  /** ids in the order of `metrics` */
  readonly series: number[];
}

/**
 * Creates or updates devices with the series of their metrics: one round trip, however many. Metrics travel once a profile.
 * Series that exist are looked up, not upserted: an upsert would burn a number of the dictionary for each.
 * @param enrolments each device once
 * @returns in the order asked
 */
export async function enrolDevices(pool: Pool, enrolments: readonly Enrolment[]): Promise<Enrolled[]> {
  if (enrolments.length === 0) return [];
  const metrics = new Map(enrolments.map(({ device, metrics }) => [device.profile, metrics]));
  const wanted = [...metrics].flatMap(([profile, list]) => list.map(({ metric, unit }) => ({ profile, metric, unit })));
  const { rows } = await pool.query<DeviceRow & { series: Record<string, number> }>(ENROL, [
    jsonText(
      enrolments.map(({ device: { edgeId, gridId, ...rest } }) => ({ ...rest, edge_id: edgeId, grid_id: gridId })),
    ),
    jsonText(wanted),
  ]);
  const byUid = new Map(rows.map((row) => [`${row.site}/${row.name}`, row]));
  const enrolled: Enrolled[] = [];
  for (const { device, metrics } of enrolments) {
    const { series, ...row } = byUid.get(`${device.site}/${device.name}`) as (typeof rows)[number];
    const ids = metrics.map(({ metric }) => series[metric]);
    // made by somebody else while this statement ran, or a name that jsonb cannot hold as it is
    const whole = !ids.includes(undefined as unknown as number);
    enrolled.push({
      row,
      series: whole ? ids : await ensureSeries(pool, metrics.map((each) => ({ deviceId: row.id, ...each }))), // prettier-ignore
    });
  }
  return enrolled;
}

const ENROL = `
  WITH made AS (
    INSERT INTO device (site, name, edge_id, title, profile, lon, lat, grid_id, attributes)
    SELECT site, name, edge_id, title, profile, lon, lat, grid_id, attributes
    FROM jsonb_to_recordset($1::jsonb) AS d(site text, name text, edge_id int, title text, profile text, lon float8,
      lat float8, grid_id text, attributes jsonb)
    ON CONFLICT (site, name) DO UPDATE SET edge_id = excluded.edge_id, title = excluded.title, profile = excluded.profile,
      lon = excluded.lon, lat = excluded.lat, grid_id = excluded.grid_id, attributes = excluded.attributes, updated_at = now()
    RETURNING ${DEVICE_COLUMNS}),
  wanted AS (
    SELECT made.id AS device_id, w.metric, w.unit
    FROM made JOIN jsonb_to_recordset($2::jsonb) AS w(profile text, metric text, unit text) USING (profile)),
  known AS (
    SELECT s.id, s.device_id, s.metric FROM series s JOIN wanted USING (device_id, metric)),
  fresh AS (
    INSERT INTO series (device_id, metric, unit)
    SELECT device_id, metric, unit FROM wanted w
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.device_id = w.device_id AND k.metric = w.metric)
    ON CONFLICT DO NOTHING RETURNING id, device_id, metric),
  ids AS (
    SELECT device_id, jsonb_object_agg(metric, id) AS series
    FROM (SELECT * FROM known UNION ALL SELECT * FROM fresh) s GROUP BY device_id)
  SELECT made.*, coalesce(ids.series, '{}') AS series FROM made LEFT JOIN ids ON ids.device_id = made.id`;

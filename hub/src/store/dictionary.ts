import type { Pool } from "pg";
import { jsonText, withoutNul } from "./binary.ts";
import { DEVICE_COLUMNS, EDGE_COLUMNS } from "./snapshot.ts";
import type { DeviceRow, EdgeRow, NewSeries } from "./store.ts";

/**
 * Finds or creates series; ids in the order asked. Looked up first: an upsert would burn a number of the dictionary for every
 * series that exists, and the numbers are array indices elsewhere.
 */
export async function ensureSeries(pool: Pool, series: readonly NewSeries[]): Promise<number[]> {
  if (series.length === 0) return [];
  const devices = series.map((s) => s.deviceId);
  const metrics = series.map((s) => withoutNul(s.metric));
  const find = async (): Promise<Map<string, number>> => {
    const { rows } = await pool.query<{ id: number; key: string }>(
      `SELECT s.id, s.device_id || ' ' || s.metric AS key FROM series s
       JOIN (SELECT DISTINCT * FROM unnest($1::int4[], $2::text[])) AS w(device_id, metric) USING (device_id, metric)`,
      [devices, metrics],
    );
    return new Map(rows.map((row) => [row.key, row.id]));
  };
  const keys = series.map((_, i) => `${devices[i]} ${metrics[i]}`);
  let found = await find();
  const fresh = series.map((_, i) => i).filter((i) => !found.has(keys[i]));
  if (fresh.length > 0) {
    await pool.query(
      `INSERT INTO series (device_id, metric, unit) SELECT * FROM unnest($1::int4[], $2::text[], $3::text[])
       ON CONFLICT DO NOTHING`,
      [fresh.map((i) => devices[i]), fresh.map((i) => metrics[i]), fresh.map((i) => withoutNul(series[i].unit))],
    );
    found = await find();
  }
  return keys.map((key) => found.get(key) as number);
}

/** Creates or updates; what is not given stays. */
export async function upsertEdge(
  pool: Pool,
  edge: { readonly site: string; readonly name: string; readonly title?: string; readonly tokenHash?: Buffer },
): Promise<EdgeRow> {
  const title = edge.title === undefined ? null : withoutNul(edge.title);
  const { rows } = await pool.query<EdgeRow>(
    `INSERT INTO edge (site, name, title, token_hash) VALUES ($1, $2, coalesce($3, $2), $4)
     ON CONFLICT (site, name) DO UPDATE SET title = coalesce($3, edge.title), token_hash = coalesce($4, edge.token_hash)
     RETURNING ${EDGE_COLUMNS}`,
    [edge.site, edge.name, title, edge.tokenHash ?? null],
  );
  return rows[0];
}

export async function upsertDevice(pool: Pool, device: Omit<DeviceRow, "id">): Promise<DeviceRow> {
  const { rows } = await pool.query<DeviceRow>(
    `INSERT INTO device (site, name, edge_id, title, profile, lon, lat, grid_id, attributes)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (site, name) DO UPDATE SET edge_id = excluded.edge_id, title = excluded.title, profile = excluded.profile,
       lon = excluded.lon, lat = excluded.lat, grid_id = excluded.grid_id, attributes = excluded.attributes, updated_at = now()
     RETURNING ${DEVICE_COLUMNS}`,
    [
      device.site,
      device.name,
      device.edgeId,
      withoutNul(device.title),
      device.profile,
      device.lon,
      device.lat,
      device.gridId,
      jsonText(device.attributes),
    ],
  );
  return rows[0];
}

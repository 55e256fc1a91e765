import type { Pool, PoolClient } from "pg";
import type { GridEvent } from "../event.ts";
import type { EdgeCursor, FoldStateRow, HealthState } from "./batch.ts";
import { EVENT_COLUMNS, ms } from "./queries/event-row.ts";
import type { DeviceRow, EdgeRow, Snapshot } from "./store.ts";

export const EDGE_COLUMNS = `id, site, name, title, token_hash AS "tokenHash", disabled`;
export const DEVICE_COLUMNS = `id, site, name, edge_id AS "edgeId", title, profile, lon, lat, grid_id AS "gridId", attributes`;

/**
 * Everything that the folds continue from, as of one moment.
 * @param reopenSince cleared events are included if they cleared at or after this time, ms UTC
 */
export async function loadSnapshot(pool: Pool, reopenSince: number): Promise<Snapshot> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const snapshot = await read(client, reopenSince);
    await client.query("COMMIT");
    client.release();
    return snapshot;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function read(client: PoolClient, reopenSince: number): Promise<Snapshot> {
  const rows = async <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> =>
    (await client.query<T>(sql, values)).rows;
  return {
    edges: await rows<EdgeRow>(`SELECT ${EDGE_COLUMNS} FROM edge ORDER BY id`),
    devices: await rows<DeviceRow>(`SELECT ${DEVICE_COLUMNS} FROM device ORDER BY id`),
    series: await rows<{ id: number; deviceId: number; metric: string }>(
      `SELECT id, device_id AS "deviceId", metric FROM series ORDER BY id`,
    ),
    cursors: await rows<EdgeCursor>(
      `SELECT edge_id AS "edgeId", boot::float8 AS boot, upto::float8 AS upto, above FROM edge_cursor ORDER BY edge_id, boot`,
    ),
    foldState: await rows<FoldStateRow>(`SELECT room, key, state FROM fold_state`),
    health: await rows<{ subject: string; state: HealthState; reason: string; since: number }>(
      `SELECT subject, state, reason, ${ms("since")} AS since FROM device_health`,
    ),
    openEvents: await rows<GridEvent>(
      `SELECT ${EVENT_COLUMNS} FROM event
       WHERE sensing = 'active' OR (sensing = 'cleared' AND cleared_at >= $1) OR life ? 'held' ORDER BY id`,
      [new Date(reopenSince)],
    ),
  };
}

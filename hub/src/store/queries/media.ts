import type { Pool } from "pg";
import { ms } from "./event-row.ts";

export interface MediaInfo {
  readonly hash: string;
  readonly bytes: number;
  readonly type: string;
  /** the camera */
  readonly deviceId: number | null;
  /** ms UTC */
  readonly ts: number;
}

export async function findMedia(pool: Pool, hash: string): Promise<MediaInfo | null> {
  const { rows } = await pool.query<MediaInfo>(
    `SELECT hash, bytes::float8 AS bytes, type, device_id AS "deviceId", ${ms("ts")} AS ts FROM media WHERE hash = $1`,
    [hash],
  );
  return rows[0] ?? null;
}

/** Oldest pictures from before `before` (ms UTC): delete the file first, then the row by {@link forgetMedia}. */
export async function expiredMedia(pool: Pool, before: number, limit: number): Promise<MediaInfo[]> {
  const { rows } = await pool.query<MediaInfo>(
    `SELECT hash, bytes::float8 AS bytes, type, device_id AS "deviceId", ${ms("media.ts")} AS ts FROM media
     WHERE media.ts < $1 ORDER BY media.ts LIMIT $2`,
    [new Date(before), limit],
  );
  return rows;
}

export async function forgetMedia(pool: Pool, hashes: readonly string[]): Promise<void> {
  await pool.query("DELETE FROM media WHERE hash = ANY ($1)", [hashes]);
}

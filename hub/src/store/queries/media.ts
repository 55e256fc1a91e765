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

/** Rows of pictures whose files are gone. */
export async function forgetMedia(pool: Pool, hashes: readonly string[]): Promise<void> {
  await pool.query("DELETE FROM media WHERE hash = ANY ($1)", [hashes]);
}

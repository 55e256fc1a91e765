import type { Pool } from "pg";
import { ms } from "./event-row.ts";

// Devices that somebody decided not to adopt: one row of `setting` each, so that the whole duty room sees the same inbox.
const PREFIX = "quarantine.ignored/";

export interface Ignored {
  readonly by: string;
  /** ms UTC */
  readonly at: number;
}

/** By `<key of the edge>/<device>`. */
export async function ignoredDevices(pool: Pool): Promise<Map<string, Ignored>> {
  const { rows } = await pool.query<Ignored & { key: string }>(
    `SELECT substr(key, ${PREFIX.length + 1}) AS key, updated_by AS by, ${ms("updated_at")} AS at FROM setting
     WHERE starts_with(key, $1)`,
    [PREFIX],
  );
  return new Map(rows.map(({ key, by, at }) => [key, { by, at }]));
}

export async function setIgnored(
  pool: Pool,
  edge: string,
  device: string,
  ignored: boolean,
  who: string,
): Promise<void> {
  const key = `${PREFIX}${edge}/${device}`;
  if (!ignored) return void (await pool.query(`DELETE FROM setting WHERE key = $1`, [key]));
  await pool.query(
    `INSERT INTO setting (key, value, updated_by) VALUES ($1, 'true', $2)
     ON CONFLICT (key) DO UPDATE SET updated_at = now(), updated_by = excluded.updated_by`,
    [key, who],
  );
}

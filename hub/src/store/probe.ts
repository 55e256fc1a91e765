import type { Pool } from "pg";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";
import { blaming } from "./failure.ts";
import type { StoreMode } from "./store.ts";

const MIN_POSTGRES = 170_000;
/** 2.29.1 fixed security holes, 2.29.2 wrong results */
export const MIN_TIMESCALE = "2.29.2";

/**
 * Before migration: is the server new enough, and can TimescaleDB be had? It is created in an empty database where the server
 * offers it and lets us; a schema that exists already keeps the mode it was made in.
 * @throws HubError DB_TOO_OLD, DB_UNAVAILABLE
 */
export async function prepareServer(pool: Pool, minTimescale: string, log: Log): Promise<void> {
  const { rows } = await blaming(
    pool.query<{ version: number; name: string; offered: string | null; installed: string | null; fresh: boolean }>(
      `SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name,
         (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS offered,
         (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS installed,
         to_regclass('telemetry') IS NULL AS fresh`,
    ),
  );
  const [server] = rows;
  if (server.version < MIN_POSTGRES)
    throw new HubError("DB_TOO_OLD", `PostgreSQL ${server.name}, at least 17 is needed`);
  const version = server.installed ?? (server.fresh ? server.offered : null);
  if (version === null) return;
  if (older(version, minTimescale)) {
    throw new HubError("DB_TOO_OLD", `TimescaleDB ${version}, at least ${minTimescale} is needed`);
  }
  if (server.installed !== null) return;
  try {
    await pool.query("CREATE EXTENSION IF NOT EXISTS timescaledb");
  } catch (error) {
    log.warn({ err: (error as Error).message }, "TimescaleDB is offered but cannot be created: going on without");
  }
}

/** After migration: what the schema was made for. */
export async function probeMode(pool: Pool): Promise<StoreMode> {
  const { rows } = await blaming(
    pool.query<{ plain: boolean; aggregate: boolean }>(
      `SELECT (SELECT relkind = 'p' FROM pg_class WHERE oid = 'telemetry'::regclass) AS plain,
         to_regclass('telemetry_5m_data') IS NULL AS aggregate`,
    ),
  );
  if (rows[0].plain) return "plain";
  return rows[0].aggregate ? "timescale-community" : "timescale-apache";
}

export function older(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
}

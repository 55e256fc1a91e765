import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { runner } from "node-pg-migrate";
import type { Pool, PoolClient } from "pg";
import { HubError } from "../errors.ts";
import type { Log } from "../log.ts";

export const MIGRATIONS_TABLE = "schema_migration";

/**
 * Brings the schema up to date: every missing file of `dir` in order, all in one transaction, one hub at a time (advisory lock).
 * A database that a newer hub has changed already is refused.
 * @returns names of the migrations that ran
 * @throws HubError DB_MIGRATION_FAILED; nothing is changed then
 */
export async function migrate(pool: Pool, dir: string, log: Log): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query("SET client_min_messages = warning");
    await refuseNewer(client, dir);
    const done = await runner({
      dbClient: client,
      dir,
      direction: "up",
      migrationsTable: MIGRATIONS_TABLE,
      // only .sql: the folder may hold a README
      ignorePattern: "(?!.*\\.sql$).*",
      advisoryLockMode: "wait",
      singleTransaction: true,
      log: () => {},
    });
    const names = done.map((migration) => migration.name);
    if (names.length > 0) log.info({ migrations: names }, "schema brought up to date");
    return names;
  } catch (cause) {
    if (cause instanceof HubError) throw cause;
    throw new HubError("DB_MIGRATION_FAILED", (cause as Error).message, { cause });
  } finally {
    client.release(true);
  }
}

async function refuseNewer(client: PoolClient, dir: string): Promise<void> {
  const exists = await client.query("SELECT to_regclass($1) IS NOT NULL AS yes", [MIGRATIONS_TABLE]);
  if (!exists.rows[0].yes) return;
  const known = new Set(readdirSync(dir).map((file) => basename(file, ".sql")));
  const ran = await client.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`);
  const strange = ran.rows.map((row) => row.name).filter((name) => !known.has(name));
  if (strange.length > 0) {
    throw new HubError("DB_MIGRATION_FAILED", `the database has ${strange.join(", ")}, which this hub does not know`);
  }
}

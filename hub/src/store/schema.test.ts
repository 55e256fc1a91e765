import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testDatabase } from "../../../test/support/postgres.ts";
import { silentLog } from "../log.ts";
import { migrate, MIGRATIONS_TABLE } from "./migrate.ts";
import { older } from "./probe.ts";

const MIGRATIONS = join(import.meta.dirname, "../../migrations");

/** Words that a column of personal data would carry, English and pinyin. `edge.name` and the like are names of things. */
const PERSONAL =
  /person|people|owner|crew|skipper|captain|master|first_?name|last_?name|full_?name|real_?name|xingming|phone|mobile|tel(?!e)|email|mail|wechat|qq|id_?card|idcard|identity|passport|shenfen|birth|gender|sex|age$|address|zhuzhi|house|hukou|face|iris|fingerprint|biometric|portrait|plate|licen[cs]e|nation|religion|health_?code|salary|ip_?addr|client_ip|user_agent/;

describe("schema", () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await testDatabase();
    pool = new pg.Pool({ ...database.connection, max: 4 });
    await migrate(pool, MIGRATIONS, silentLog);
  });
  afterAll(async () => {
    await pool?.end();
    await database?.close();
  });

  const columns = async () =>
    (
      await pool.query<{ name: string }>(
        `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
         WHERE table_schema = 'public' ORDER BY 1`,
      )
    ).rows.map((row) => row.name);

  it("has no column for personal data", async () => {
    const found = await columns();
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter((name) => PERSONAL.test(name.slice(name.indexOf(".") + 1)))).toEqual([]);
    // the pattern itself works
    for (const bad of ["owner", "phone_number", "id_card", "crew_count", "face_vector", "plate", "client_ip"]) {
      expect(bad).toMatch(PERSONAL);
    }
  });

  it("says of every table what it is for", async () => {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class c
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
         AND relname <> $1 AND obj_description(oid, 'pg_class') IS NULL`,
      [MIGRATIONS_TABLE],
    );
    expect(rows.map((row) => row.name)).toEqual([]);
  });

  it("keeps audit and timelines append-only", async () => {
    for (const table of ["audit", "event_transition"]) {
      for (const sql of [`DELETE FROM ${table}`, `UPDATE ${table} SET ts = now()`, `TRUNCATE ${table}`]) {
        await expect(pool.query(sql), sql).rejects.toThrow("append-only");
      }
    }
  });

  it("is brought up to date once, also when two hubs start together, and a newer database is refused", async () => {
    const fresh = await testDatabase();
    const one = new pg.Pool({ ...fresh.connection, max: 4 });
    const names = readdirSync(MIGRATIONS)
      .filter((file) => file.endsWith(".sql"))
      .map((file) => file.slice(0, -4))
      .sort();
    const runs = await Promise.all([migrate(one, MIGRATIONS, silentLog), migrate(one, MIGRATIONS, silentLog)]);
    expect(runs.map((run) => run.length).sort()).toEqual([0, names.length]);
    expect(await migrate(one, MIGRATIONS, silentLog)).toEqual([]);
    await one.query(`INSERT INTO ${MIGRATIONS_TABLE} (name, run_on) VALUES ('9999_future', now())`);
    await expect(migrate(one, MIGRATIONS, silentLog)).rejects.toMatchObject({ code: "DB_MIGRATION_FAILED" });
    await one.end();
    await fresh.close();
  });

  it("changes nothing when a migration fails", async () => {
    const fresh = await testDatabase();
    const one = new pg.Pool({ ...fresh.connection, max: 2 });
    await one.query("CREATE VIEW telemetry_5m AS SELECT 1 AS x"); // in the way of the last migration
    await expect(migrate(one, MIGRATIONS, silentLog)).rejects.toMatchObject({ code: "DB_MIGRATION_FAILED" });
    const { rows } = await one.query("SELECT to_regclass('edge') AS edge");
    expect(rows).toEqual([{ edge: null }]);
    await one.end();
    await fresh.close();
  });
});

it("migrations have a number each, and grow", () => {
  const files = readdirSync(MIGRATIONS).filter((file) => file.endsWith(".sql"));
  const numbers = files.sort().map((file) => Number(file.slice(0, 4)));
  expect(numbers.every((number, i) => number > (numbers[i - 1] ?? 0))).toBe(true);
  for (const file of files) expect(readFileSync(join(MIGRATIONS, file), "utf8")).not.toMatch(/drop\s+database/i);
});

it("versions compare by number", () => {
  expect(older("2.29.1", "2.29.2")).toBe(true);
  expect(older("2.9.9", "2.29.2")).toBe(true);
  expect(older("2.29.2", "2.29.2")).toBe(false);
  expect(older("2.30.0-dev", "2.29.2")).toBe(false);
  expect(older("3.0", "2.29.2")).toBe(false);
});

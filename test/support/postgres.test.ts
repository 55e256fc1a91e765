import pg from "pg";
import { expect, it } from "vitest";
import { testDatabase } from "./postgres.ts";

it("gives each caller an empty database of its own", async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
  const a = new pg.Pool(one.connection);
  const b = new pg.Pool(two.connection);
  await a.query("CREATE TABLE mine (x int)");
  const seen = await b.query(
    "SELECT to_regclass('mine') AS found, current_setting('server_version_num')::int AS version",
  );
  expect(seen.rows[0].found).toBeNull();
  expect(seen.rows[0].version).toBeGreaterThanOrEqual(170_000);
  await a.end();
  await b.end();
  await one.close();
  await two.close();
});

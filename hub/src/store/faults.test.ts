import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HubError } from "../errors.ts";
import { silentLog } from "../log.ts";
import { type EmbeddedServer, startEmbedded } from "./embedded.ts";
import { openStore, type PostgresStore } from "./postgres.ts";
import { gridEvent, readings } from "./store-scene.ts";

const EDGE = 1;
let dir: string;
let server: EmbeddedServer;
let store: PostgresStore;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-faults-"));
  rmSync(dir, { recursive: true });
  mkdirSync(dir, { mode: 0o755 });
  server = await startEmbedded({ dataDir: dir, log: silentLog });
  store = await openStore({ connection: server.connection, log: silentLog, answerMs: 2000 });
});
afterEach(async () => {
  await store?.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Batch `k` holds 200 readings of ten series, one row of fold state, and the cursor that says so. */
function batchOf(k: number) {
  const begin = Date.now();
  const batch = readings(
    Array.from({ length: 200 }, (_, i) => [1 + (i % 10), begin + k * 100 + Math.floor(i / 10), k]),
  );
  batch.cursors.push({ edgeId: EDGE, boot: 1, upto: k, above: [] });
  batch.foldState.push({ room: "rules", key: "k", state: { k } });
  return batch;
}

/** What is stored: the last batch by the cursor, the rows of all batches up to it, and those beyond it. */
async function stored(): Promise<{ upto: number; rows: number; beyond: number; state: unknown }> {
  const { cursors, foldState } = await store.loadSnapshot();
  const upto = cursors[0]?.upto ?? 0;
  const { rows } = await store.pool.query<{ rows: number; beyond: number }>(
    `SELECT count(*) FILTER (WHERE value <= $1)::int AS rows, count(*) FILTER (WHERE value > $1)::int AS beyond FROM telemetry`,
    [upto],
  );
  return { upto, ...rows[0], state: foldState[0]?.state };
}

describe("faults of the database", () => {
  it("kill -9 of the postmaster during commits: nothing acknowledged is lost, nothing is there in part", async () => {
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const failed = (async () => {
        for (let k = acknowledged + 1; ; k++) {
          try {
            await store.commit(batchOf(k));
            acknowledged = k;
          } catch (error) {
            return error;
          }
        }
      })();
      const target = acknowledged + 20 + 7 * round;
      await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(target), { timeout: 20_000, interval: 1 });
      process.kill(server.pid as number, "SIGKILL");
      expect(await failed).toMatchObject({ code: "DB_UNAVAILABLE" });
      await expect(store.commit(batchOf(0))).rejects.toBeInstanceOf(HubError);
      await store.whenReady();
      const found = await stored();
      // the one batch in flight may have made it, whole
      expect([acknowledged, acknowledged + 1]).toContain(found.upto);
      expect(found).toEqual({ upto: found.upto, rows: found.upto * 200, beyond: 0, state: { k: found.upto } });
      acknowledged = found.upto;
    }
    await vi.waitFor(() => expect(server.restarts).toBe(3));
  });

  it("a stopped server answers nothing: the commit is given up in time, and nothing old is written after something new", async () => {
    await store.commit(batchOf(1));
    const backends = async () => {
      const { rows } = await store.pool.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'gridhub writer'",
      );
      return rows.map((row) => row.pid);
    };
    const [writer] = await backends();
    process.kill(writer, "SIGSTOP");
    const hanging = store.commit(batchOf(2)).then(
      () => "committed",
      (error: unknown) => error,
    );
    try {
      expect(await hanging).toMatchObject({ code: "DB_UNAVAILABLE" });
      expect(store.ready).toBe(false);
      await expect(store.loadSnapshot()).rejects.toMatchObject({ code: "DB_UNAVAILABLE" });
    } finally {
      process.kill(writer, "SIGCONT");
    }
    await store.whenReady();
    const before = await stored();
    expect([1, 2]).toContain(before.upto);
    await store.commit(batchOf(before.upto + 1));
    expect(await backends()).not.toContain(writer);
    expect((await stored()).upto).toBe(before.upto + 1);
  });

  it("a restart of the server: commits are refused meanwhile and go on afterwards", async () => {
    await store.commit(batchOf(1));
    const restarting = server.restart();
    await vi.waitFor(() => expect(store.ready).toBe(false), { timeout: 20_000, interval: 2 });
    await expect(store.commit(batchOf(2))).rejects.toMatchObject({ code: "DB_UNAVAILABLE" });
    await restarting;
    await store.whenReady();
    await store.commit(batchOf(2));
    expect(await stored()).toMatchObject({ upto: 2, rows: 400 });
  });

  it("a second hub on the same database is refused", async () => {
    const second = openStore({ connection: server.connection, log: silentLog, startMs: 3000 });
    await expect(second).rejects.toMatchObject({
      code: "DB_UNAVAILABLE",
      message: expect.stringContaining("another hub") as string,
    });
    await store.commit(batchOf(1));
  });

  it("a server that takes no connections: DB_UNAVAILABLE until it does", async () => {
    const admin = new pg.Client({ ...server.connection, database: "postgres" });
    await admin.connect();
    await admin.query("ALTER DATABASE gridhub ALLOW_CONNECTIONS false");
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gridhub'");
    await vi.waitFor(() => expect(store.ready).toBe(false));
    await expect(store.commit(batchOf(1))).rejects.toMatchObject({ code: "DB_UNAVAILABLE" });
    await expect(store.ensureSeries([{ deviceId: 1, metric: "m", unit: "1" }])).rejects.toMatchObject({
      code: "DB_UNAVAILABLE",
    });
    await admin.query("ALTER DATABASE gridhub ALLOW_CONNECTIONS true");
    await admin.end();
    await store.whenReady();
    await store.commit(batchOf(1));
  });

  it("a closed store refuses commits, and closing twice is harmless", async () => {
    await store.close();
    await store.close();
    await expect(store.commit(batchOf(1))).rejects.toMatchObject({ code: "DB_UNAVAILABLE" });
  });

  it("close writes the latest values that wait", async () => {
    await store.commit(batchOf(1));
    await store.close();
    const client = new pg.Client(server.connection);
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS n FROM telemetry_latest");
    await client.end();
    expect(rows).toEqual([{ n: 10 }]);
  });

  it("a partition that cannot be made does not stop a batch: its rows wait in the default partition", async () => {
    const old = Date.now() - 100 * 86_400_000;
    const blocker = new pg.Client(server.connection);
    await blocker.connect();
    await blocker.query("BEGIN; SELECT count(*) FROM telemetry_default");
    const batch = readings([[1, old, 1]]);
    batch.events.push(gridEvent());
    await store.commit(batch);
    await blocker.query("COMMIT");
    await blocker.end();
    const inDefault = async () =>
      (await store.pool.query("SELECT count(*)::int AS n FROM telemetry_default")).rows[0] as unknown;
    expect(await inDefault()).toEqual({ n: 1 });
    const later = await openLater();
    await later.tidy();
    expect(await inDefaultOf(later)).toEqual({ n: 0 });
    expect((await later.pool.query("SELECT count(*)::int AS n FROM telemetry")).rows).toEqual([{ n: 1 }]);
  });

  it("readings that come again leave no line in the server's log", async () => {
    await store.commit(batchOf(1));
    const again = readings([[1, 1_700_000_000_000, 1]]);
    await store.commit(again);
    expect(await store.commit(again)).toEqual({ telemetryInserted: 0 });
    await expect(store.pool.query("SELECT 1/0")).rejects.toThrow();
    const log = () => readFileSync(join(dir, "postgres/postgres.log"), "utf8");
    await vi.waitFor(() => expect(log()).toContain("division by zero"));
    expect(log()).not.toContain("duplicate");
  });
});

/** The same database as a hub would find it two minutes later, when a postponed partition is due again. */
async function openLater(): Promise<PostgresStore> {
  await store.close();
  store = await openStore({ connection: server.connection, log: silentLog, clock: () => Date.now() + 120_000 });
  return store;
}

async function inDefaultOf(opened: PostgresStore): Promise<unknown> {
  return (await opened.pool.query("SELECT count(*)::int AS n FROM telemetry_default")).rows[0];
}

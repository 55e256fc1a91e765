import { topics } from "@gridhub/device-profiles/topic.ts";
import { loadProfiles } from "@gridhub/device-profiles/load.ts";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { testDatabase } from "../../test/support/postgres.ts";
import { EventBook } from "./events/event-book.ts";
import { Fleet } from "./fleet/fleet.ts";
import { GridSet } from "./grids/grid-set.ts";
import { HealthMonitor } from "./health/health-monitor.ts";
import { Cursors } from "./ingest/cursor.ts";
import { Ingest } from "./ingest/ingest.ts";
import { QualityWatch } from "./ingest/quality.ts";
import { silentLog } from "./log.ts";
import type { Message } from "./message.ts";
import { Pipeline } from "./pipeline.ts";
import { Registry } from "./registry/registry.ts";
import { RuleEngine } from "./rules/rule-engine.ts";
import { RoomStages } from "./stages.ts";
import type { CommitBatch } from "./store/batch.ts";
import { openStore, type PostgresStore } from "./store/postgres.ts";
import { HubError } from "./errors.ts";
import { RowRefused, type Store } from "./store/store.ts";
import { Vision } from "./vision/vision.ts";

const ROOT = join(import.meta.dirname, "../..");

/** All rooms over a real database, without broker and API; the store may be made to fail. */
class Bench {
  readonly store: PostgresStore;
  readonly registry: Registry;
  readonly events: EventBook;
  readonly ingest: Ingest;
  readonly pipeline: Pipeline;
  fail: ((batch: CommitBatch) => Error | null) | null = null;
  now = () => Date.now();

  constructor(store: PostgresStore) {
    this.store = store;
    const port: Store = {
      mode: store.mode,
      commit: (batch) => {
        const error = this.fail?.(batch) ?? null;
        return error === null ? store.commit(batch) : Promise.reject(error);
      },
      loadSnapshot: () => store.loadSnapshot(),
      ensureSeries: (series) => store.ensureSeries(series),
      upsertEdge: (edge) => store.upsertEdge(edge),
      upsertDevice: (device) => store.upsertDevice(device),
      enrolDevices: (devices) => store.enrolDevices(devices),
      whenReady: () => store.whenReady(),
      close: () => store.close(),
    };
    const grids = new GridSet([], 0);
    const { profiles } = loadProfiles([join(ROOT, "device-profiles/profiles"), join(ROOT, "test/bench/profiles")]);
    this.registry = new Registry({ store: port, profiles, locator: grids, autoRegister: true, maxDevicesPerEdge: 100 });
    this.events = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, grids, () => []);
    const cursors = new Cursors();
    const stages = new RoomStages(
      {
        registry: this.registry,
        cursors,
        rules: new RuleEngine({ durationScale: 1, allowedLatenessMs: 120_000 }),
        health: new HealthMonitor({ durationScale: 1, flapCount: 4, flapWindowMs: 3_600_000 }),
        fleet: new Fleet({ durationScale: 1 }, grids),
        vision: new Vision({ modelsDir: "", mediaDir: "", workers: 0, durationScale: 1, log: silentLog }),
        events: this.events,
      },
      () => this.now(),
      (edge, meta) => this.pipeline.birth(edge, meta),
    );
    this.ingest = new Ingest(
      { maxSkewMs: 300_000, latenessMs: 120_000 },
      this.registry,
      cursors,
      new QualityWatch(),
      stages,
    );
    this.pipeline = new Pipeline(
      { maxBatch: 64, gatherMs: 0, maxPendingBytes: 10_000_000, tickMs: 1000 },
      port,
      this.ingest,
      stages,
      this.now,
      silentLog,
    );
  }

  /** Hands a message in as the broker would. @returns resolves when it is settled, rejects when it is refused */
  send(lane: "t" | "raw" | "meta" | "state" | "backfill", payload: string | Buffer, edge = "e"): Promise<void> {
    const prefix = topics.prefix("town", edge);
    const device = lane === "t" || lane === "raw" ? "d" : "";
    const topic = device === "" ? `${prefix}/${lane}` : `${prefix}/d/${device}/${lane}`;
    const message: Message = {
      topic,
      site: "town",
      edge,
      lane: lane === "t" ? "telemetry" : lane,
      device,
      payload: Buffer.from(payload),
      rx: Date.now(),
    };
    return new Promise((resolve, reject) =>
      this.pipeline.accept(message, (error) => (error ? reject(error) : resolve())),
    );
  }

  reading(q: number, temperature: number | string): Promise<void> {
    return this.send("t", JSON.stringify({ v: 1, b: 1, q, r: [{ ts: Date.now() - 1000 + q, m: { temperature } }] }));
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.store.pool.query<Record<string, unknown>>(sql)).rows;
  }
}

describe("pipeline", () => {
  let bench: Bench;
  let database: Awaited<ReturnType<typeof testDatabase>>;

  beforeEach(async () => {
    database = await testDatabase();
    bench = new Bench(await openStore({ connection: database.connection, log: silentLog }));
    await bench.registry.createEdge("town", "e");
    await bench.pipeline.start();
    await bench.send("meta", JSON.stringify({ agent: "test", devices: [{ id: "d", profile: "bench/three-metrics" }] }));
  });
  afterEach(async () => {
    await bench.pipeline.close();
    await bench.store.close();
    await database.close();
  });

  it("settles a message only after its readings are stored", async () => {
    await bench.reading(1, 21.5);
    expect(await bench.rows("select value from telemetry")).toEqual([{ value: 21.5 }]);
    expect(await bench.rows("select upto::int from edge_cursor")).toEqual([{ upto: 1 }]);
  });

  it("stores a message that comes twice once", async () => {
    await Promise.all([bench.reading(1, 20), bench.reading(1, 20), bench.reading(2, 20)]);
    await bench.reading(2, 20);
    expect(await bench.rows("select count(*)::int as n from telemetry")).toEqual([{ n: 2 }]);
    expect(bench.ingest.counters.duplicates).toBe(2);
  });

  it("keeps refused messages as dead letters with their bytes, and the good ones between them", async () => {
    const bad = [
      "",
      "{",
      "null",
      "[]",
      '{"v":2,"r":[]}',
      '{"v":1,"r":[{"ts":0,"m":{}}]}',
      '{"v":1,"r":[{"ts":1e12,"m":{"temperature":"hot"}}]}',
      '{"v":1,"r":[{"ts":1e12,"m":{"nothing":1}}]}',
      "[".repeat(10_000),
    ];
    await Promise.all([...bad.map((text) => bench.send("t", text)), bench.reading(1, 20)]);
    const letters = await bench.rows("select reason, payload from dead_letter order by id");
    expect(letters.map((row) => (row.payload as Buffer).toString())).toEqual(bad);
    expect(new Set(letters.map((row) => row.reason)).size).toBeGreaterThan(3);
    expect(await bench.rows("select count(*)::int as n from telemetry")).toEqual([{ n: 1 }]);
  });

  it("processes everything again after a lost database, whether the commit had happened or not", async () => {
    let failures = 0;
    bench.fail = (batch) => {
      if (batch.telemetry.n === 0 || failures >= 3) return null;
      failures++;
      // The second time the transaction does happen, but the answer is lost.
      if (failures === 2) void bench.store.commit(batch);
      return new HubError("DB_UNAVAILABLE", "connection lost");
    };
    await Promise.all([bench.reading(1, 20), bench.reading(2, 21), bench.reading(3, 22)]);
    expect(failures).toBeGreaterThan(1);
    expect(await bench.rows("select value from telemetry order by time")).toEqual([
      { value: 20 },
      { value: 21 },
      { value: 22 },
    ]);
    expect(await bench.rows("select upto::int from edge_cursor")).toEqual([{ upto: 3 }]);
  });

  it("isolates the one message whose content the database refuses", async () => {
    bench.fail = (batch) => {
      for (let i = 0; i < batch.telemetry.n; i++)
        if (batch.telemetry.value[i] === 66) return new RowRefused("22000", "poison");
      return null;
    };
    await Promise.all(Array.from({ length: 40 }, (_, i) => bench.reading(i + 1, i === 17 ? 66 : 20)));
    expect(await bench.rows("select count(*)::int as n from telemetry")).toEqual([{ n: 39 }]);
    expect(await bench.rows("select reason from dead_letter")).toEqual([{ reason: "store_rejected" }]);
    expect(bench.pipeline.stats.poisoned).toBe(1);
  });

  it("stores a backfill late, and takes its entries once", async () => {
    const ts = Date.now() - 3_600_000;
    const entry = (q: number) => ({ v: 1, d: "d", k: "t", b: 9, q, r: [{ ts: ts + q, m: { temperature: q } }] });
    await bench.send("state", JSON.stringify({ s: "on", b: 9, q: 1 }));
    await bench.send("backfill", JSON.stringify({ v: 1, bf: [entry(1), entry(2)] }));
    await bench.send("backfill", JSON.stringify({ v: 1, bf: [entry(2), entry(3)] }));
    expect(await bench.rows("select value, quality & 32 as late from telemetry order by time")).toEqual(
      [1, 2, 3].map((value) => ({ value, late: 32 })),
    );
  });

  it("leaves no hole behind a refused envelope that had a number", async () => {
    await bench.reading(1, 20);
    await bench.send("t", JSON.stringify({ v: 1, b: 1, q: 2, r: [{ ts: -1, m: {} }] }));
    await bench.reading(3, 20);
    expect(await bench.rows("select upto::int, above from edge_cursor")).toEqual([{ upto: 3, above: [] }]);
    expect(await bench.rows("select reason from dead_letter")).toEqual([{ reason: "time_invalid" }]);
  });

  it("runs a command between batches and resolves after its effects are stored", async () => {
    await expect(bench.pipeline.submit((now) => now > 0)).resolves.toBe(true);
  });

  it("refuses an unknown device with a reason, and a replay succeeds once it is registered", async () => {
    const payload = Buffer.from(JSON.stringify({ v: 1, b: 1, q: 1, r: [{ ts: Date.now(), m: { temperature: 1 } }] }));
    const message: Message = {
      topic: topics.telemetry("town", "e", "later"),
      site: "town",
      edge: "e",
      lane: "telemetry",
      device: "later",
      payload,
      rx: Date.now(),
    };
    await new Promise<void>((resolve, reject) => bench.pipeline.accept(message, (e) => (e ? reject(e) : resolve())));
    expect(await bench.rows("select reason from dead_letter")).toEqual([{ reason: "device_unknown" }]);
    await bench.send(
      "meta",
      JSON.stringify({ agent: "test", devices: [{ id: "later", profile: "bench/three-metrics" }] }),
    );
    await bench.pipeline.replay(message);
    expect(await bench.rows("select count(*)::int as n from telemetry")).toEqual([{ n: 1 }]);
  });

  it("disconnects senders rather than growing without bound", async () => {
    bench.fail = () => new HubError("DB_UNAVAILABLE", "away");
    const outcomes = Array.from({ length: 30 }, (_, i) =>
      bench.send("t", Buffer.alloc(500_000, i)).catch((error: Error) => error.message),
    );
    await vi.waitFor(() => expect(bench.pipeline.stats.overloaded).toBeGreaterThan(0));
    expect(bench.pipeline.pending.bytes).toBeLessThan(11_000_000);
    bench.fail = null;
    expect(await Promise.all(outcomes)).toContain("overloaded");
  });
});

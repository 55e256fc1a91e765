import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { silentLog } from "../../hub/src/log.ts";
import { type CommitBatch, emptyBatch } from "../../hub/src/store/batch.ts";
import { startEmbedded } from "../../hub/src/store/embedded.ts";
import { openStore, type PostgresStore } from "../../hub/src/store/postgres.ts";

const SERIES = 5000;
const EDGES = 50;
const SECONDS = 4;

interface Rate {
  readonly rowsPerSecond: number;
  /** of the baseline of the same batch size */
  readonly ratio: number;
  /** processor time of this process, share of one core */
  readonly nodeCore: number;
  readonly msPerCommit: number;
}

/** Fills the batch with the next readings: every series in turn, a reading each 10 ms, the cursors of all edges. */
function fill(batch: CommitBatch, rows: number, base: number, begin: number): void {
  const { series, time, value, quality } = batch.telemetry;
  batch.telemetry.n = rows;
  for (let i = 0; i < rows; i++) {
    series[i] = 1 + ((base + i) % SERIES);
    time[i] = begin + Math.floor((base + i) / SERIES) * 10;
    value[i] = i * 0.1;
    quality[i] = 0;
  }
  batch.cursors.length = 0;
  for (let edge = 1; edge <= EDGES; edge++) batch.cursors.push({ edgeId: edge, boot: 1, upto: base, above: [] });
}

async function measure(rows: number, seconds: number, turn: (base: number) => Promise<unknown>): Promise<Rate> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  let base = 0;
  let turns = 0;
  while (performance.now() - began < seconds * 1000) {
    await turn(base);
    base += rows;
    turns++;
  }
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return {
    rowsPerSecond: Math.round((base / ms) * 1000),
    ratio: 1,
    nodeCore: Number(((user + system) / 1000 / ms).toFixed(2)),
    msPerCommit: Number((ms / turns).toFixed(1)),
  };
}

/** What anybody would write first: arrays as parameters of `pg`, ON CONFLICT, in a transaction of its own with the cursors. */
async function plainUnnest(client: pg.Client, batch: CommitBatch): Promise<void> {
  const { n, series, time, value, quality } = batch.telemetry;
  await client.query("BEGIN");
  await client.query({
    name: "insert",
    text: `INSERT INTO telemetry (series_id, time, value, quality)
      SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::float8[], $4::smallint[]) ON CONFLICT DO NOTHING`,
    values: [
      Array.from(series.subarray(0, n)),
      Array.from(time.subarray(0, n), (t) => new Date(t).toISOString()),
      Array.from(value.subarray(0, n)),
      Array.from(quality.subarray(0, n)),
    ],
  });
  await client.query({
    name: "cursors",
    text: `INSERT INTO edge_cursor (edge_id, boot, upto) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[])
      ON CONFLICT (edge_id, boot) DO UPDATE SET upto = excluded.upto`,
    values: [batch.cursors.map((c) => c.edgeId), batch.cursors.map((c) => c.boot), batch.cursors.map((c) => c.upto)],
  });
  await client.query("COMMIT");
}

async function empty(store: PostgresStore): Promise<void> {
  await store.flushLatest();
  await store.pool.query("TRUNCATE telemetry, telemetry_latest, edge_cursor");
  await store.pool.query("CHECKPOINT");
}

/**
 * Rows a second of `commit` (readings and 50 cursors, one transaction) against the same by arrays and ON CONFLICT; fsync and
 * synchronous_commit on. `again` sends readings that
 * are there already.
 */
export async function storeBench(): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-bench-"));
  rmSync(dir, { recursive: true });
  mkdirSync(dir, { mode: 0o755 });
  const server = await startEmbedded({ dataDir: dir, log: silentLog });
  const store = await openStore({ connection: server.connection, log: silentLog });
  const client = new pg.Client(server.connection);
  await client.connect();
  const begin = Date.now() - 3_600_000;
  const result: Record<string, object> = {};
  try {
    for (const rows of [2000, 6000, 20_000]) {
      const batch = emptyBatch(rows);
      const turn = (write: () => Promise<unknown>) => (base: number) => {
        fill(batch, rows, base, begin);
        return write();
      };
      await empty(store);
      const baseline = await measure(
        rows,
        SECONDS,
        turn(() => plainUnnest(client, batch)),
      );
      await empty(store);
      const commit = await measure(
        rows,
        SECONDS,
        turn(() => store.commit(batch)),
      );
      const again = await measure(
        rows,
        SECONDS / 4,
        turn(() => store.commit(batch)),
      );
      const to = (rate: Rate): Rate => ({
        ...rate,
        ratio: Number((rate.rowsPerSecond / baseline.rowsPerSecond).toFixed(2)),
      });
      result[`${rows} rows a batch`] = { baseline, commit: to(commit), again: to(again) };
    }
  } finally {
    await client.end();
    await store.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  return result;
}

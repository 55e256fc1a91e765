import type { ClientBase, Pool } from "pg";
import { withoutNul } from "../binary.ts";
import { BUCKET_MS } from "../rollup.ts";
import type { StoreMode } from "../store.ts";
import { ms } from "./event-row.ts";

/** One stored reading, numeric or text. */
export interface StoredReading {
  readonly series: number;
  /** sample time, ms UTC */
  readonly time: number;
  /** null = not available */
  readonly value: number | string | null;
  readonly quality: number;
}

/** Readings that say something else, are new, are no more. */
export interface Corrections {
  readonly changed: readonly StoredReading[];
  readonly added: readonly StoredReading[];
  readonly removed: readonly StoredReading[];
}

/**
 * One transaction for a correction. It yields to the write path: a lock that is not there within half a second, before the server
 * looks for deadlocks, fails it (DB_UNAVAILABLE by `blame`), and the caller tries again.
 */
export async function correcting<T>(pool: Pool, mode: StoreMode, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query("BEGIN; SET LOCAL lock_timeout = '500ms'");
    // old readings may lie in the columnstore: what they need of it is opened
    if (mode === "timescale-community")
      await client.query("SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0");
    const result = await work(client);
    await client.query("COMMIT");
    broken = false;
    return result;
  } finally {
    if (broken) await client.query("ROLLBACK").catch(() => {});
    client.release();
  }
}

const times = (rows: readonly { readonly time: number }[]) => rows.map(({ time }) => new Date(time));
const spanOf = (rows: readonly { readonly time: number }[]): [Date, Date] => {
  let [from, to] = [Infinity, -Infinity];
  for (const { time } of rows) {
    if (time < from) from = time;
    if (time > to) to = time;
  }
  return [new Date(from), new Date(to)];
};

/** What is stored at these places. The span of times keeps other days' partitions and chunks closed. */
export async function readingsAt(
  client: ClientBase,
  table: "telemetry" | "telemetry_text",
  at: readonly { readonly series: number; readonly time: number }[],
): Promise<StoredReading[]> {
  if (at.length === 0) return [];
  const { rows } = await client.query<StoredReading>(
    `SELECT t.series_id AS series, ${ms("t.time")} AS time, t.value, t.quality
     FROM unnest($1::int4[], $2::timestamptz[]) AS k(s, at) JOIN ${table} t ON t.series_id = k.s AND t.time = k.at
     WHERE t.time BETWEEN $3 AND $4`,
    [at.map(({ series }) => series), times(at), ...spanOf(at)],
  );
  return rows;
}

/** Writes corrections, and corrects what was made of the readings: newest values and totals. */
export async function correctReadings(
  client: ClientBase,
  mode: StoreMode,
  numbers: Corrections,
  texts: Corrections,
): Promise<void> {
  await correctTable(client, "telemetry", "float8", numbers);
  await correctTable(client, "telemetry_text", "text", texts);
  await correctLatest(client, numbers, texts);
  if (mode !== "timescale-community") await correctTotals(client, numbers);
}

async function correctTable(
  client: ClientBase,
  table: "telemetry" | "telemetry_text",
  type: "float8" | "text",
  { changed, added, removed }: Corrections,
): Promise<void> {
  const columns = (rows: readonly StoredReading[]) => [
    rows.map(({ series }) => series),
    times(rows),
    rows.map(({ value }) => (typeof value === "string" ? withoutNul(value) : value)),
    rows.map(({ quality }) => quality),
  ];
  const from = `unnest($1::int4[], $2::timestamptz[], $3::${type}[], $4::int2[]) AS n(s, at, v, q)`;
  if (changed.length > 0)
    await client.query(
      `UPDATE ${table} t SET value = n.v, quality = n.q FROM ${from}
       WHERE t.series_id = n.s AND t.time = n.at AND t.time BETWEEN $5 AND $6`,
      [...columns(changed), ...spanOf(changed)],
    );
  if (removed.length > 0)
    await client.query(
      `DELETE FROM ${table} t USING unnest($1::int4[], $2::timestamptz[]) AS n(s, at)
       WHERE t.series_id = n.s AND t.time = n.at AND t.time BETWEEN $3 AND $4`,
      [removed.map(({ series }) => series), times(removed), ...spanOf(removed)],
    );
  if (added.length > 0)
    await client.query(
      `INSERT INTO ${table} (series_id, time, value, quality) SELECT n.s, n.at, n.v, n.q FROM ${from} ON CONFLICT DO NOTHING`,
      columns(added),
    );
}

/** Newest values that are concerned are found anew; one that a live reading made newer meanwhile stays. */
async function correctLatest(client: ClientBase, ...all: readonly Corrections[]): Promise<void> {
  const touched = new Map<number, number>();
  for (const { changed, added, removed } of all)
    for (const rows of [changed, added, removed])
      for (const { series, time } of rows) touched.set(series, Math.max(time, touched.get(series) ?? 0));
  if (touched.size === 0) return;
  const ids = [...touched.keys()].sort((a, b) => a - b);
  const { rows } = await client.query<{ id: number }>(
    `SELECT n.s AS id FROM unnest($1::int4[], $2::timestamptz[]) AS n(s, at)
     LEFT JOIN telemetry_latest l ON l.series_id = n.s WHERE l.time IS NULL OR l.time <= n.at`,
    [ids, ids.map((id) => new Date(touched.get(id) as number))],
  );
  if (rows.length === 0) return;
  const stale = rows.map(({ id }) => id);
  const newest = ["telemetry", "telemetry_text"].map(
    (table, i) => `(SELECT time, ${i === 0 ? "value, NULL::text AS text" : "NULL::float8, value"}, quality FROM ${table}
        WHERE series_id = s.id ORDER BY time DESC LIMIT 1)`,
  );
  await client.query(
    `DELETE FROM telemetry_latest l USING unnest($1::int4[], $2::timestamptz[]) AS n(s, at)
     WHERE l.series_id = n.s AND l.time <= n.at`,
    [stale, stale.map((id) => new Date(touched.get(id) as number))],
  );
  await client.query(
    `INSERT INTO telemetry_latest AS l (series_id, time, value, text, quality)
     SELECT s.id, x.time, x.value, x.text, x.quality FROM unnest($1::int4[]) AS s(id)
     CROSS JOIN LATERAL (${newest.join(" UNION ALL ")} ORDER BY time DESC LIMIT 1) x ORDER BY s.id
     ON CONFLICT (series_id) DO UPDATE
     SET time = excluded.time, value = excluded.value, text = excluded.text, quality = excluded.quality
     WHERE l.time < excluded.time`,
    [stale],
  );
}

/**
 * Marks the 5-minute buckets, and takes totals away that may have no reading any more. The order matters: a total that is being
 * made (it holds rollup_work) must not come back after its reading is gone; the marks come last, because a claim waits for them
 * on the connection that live readings take. A mark that is there already is locked, or a claim would pass before we commit.
 */
async function correctTotals(client: ClientBase, { changed, added, removed }: Corrections): Promise<void> {
  const bucketOf = (time: number) => Math.floor(time / BUCKET_MS) * BUCKET_MS;
  const buckets = new Set<number>();
  for (const rows of [changed, added, removed]) for (const { time } of rows) buckets.add(bucketOf(time));
  if (buckets.size === 0) return;
  if (removed.length > 0) {
    const totals = removed.map(({ series, time }) => ({ series, time: bucketOf(time) }));
    await client.query("LOCK TABLE rollup_work IN SHARE ROW EXCLUSIVE MODE");
    await client.query(
      `DELETE FROM telemetry_5m_data d USING unnest($1::int4[], $2::timestamptz[]) AS n(s, at)
       WHERE d.series_id = n.s AND d.bucket = n.at AND d.bucket BETWEEN $3 AND $4`,
      [totals.map(({ series }) => series), times(totals), ...spanOf(totals)],
    );
  }
  await client.query(
    `INSERT INTO rollup_dirty (bucket) SELECT unnest($1::timestamptz[]) ON CONFLICT (bucket) DO UPDATE SET bucket = excluded.bucket`,
    [[...buckets].sort((a, b) => a - b).map((b) => new Date(b))],
  );
}

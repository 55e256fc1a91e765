import { availableParallelism } from "node:os";
import type pg from "pg";
import { partitionName } from "../../../hub/src/store/partitions.ts";
import type { Size } from "./fill.ts";

export const DAYS = 30;
/** gauges that report all the time; the others are battery devices */
const DENSE = 500;
/** share of the readings that gauges make */
const DENSE_SHARE = 0.86;
const DAY = 86_400_000;

/**
 * Readings of `DAYS` days before `now`: a few gauges by the minute, and battery devices in turn.
 * @param series ids of each device: of what a gauge measures, and two of what a battery device tells in turn
 * @returns how many there are
 */
export async function fillReadings(
  pool: pg.Pool,
  series: readonly number[][],
  size: Size,
  now: number,
  progress: (line: string) => void,
): Promise<number> {
  const dense = Math.min(DENSE, Math.floor(series.length / 10));
  const slots = Math.floor((size.readings * DENSE_SHARE) / dense);
  const start = now - DAYS * DAY;
  const values = [
    series.map((ids) => ids[0]),
    series.map((ids) => ids[1]),
    series.map((ids) => ids[2]),
    dense,
    series.length - dense,
    slots,
    (size.readings - slots * dense) / slots,
    start,
    (DAYS * DAY) / slots,
  ];
  const days = Array.from({ length: DAYS + 1 }, (_, i) => Math.floor(start / DAY) + i);
  const all = days.length;
  let total = 0;
  let done = 0;
  const worker = async () => {
    for (let day = days.shift(); day !== undefined; day = days.shift()) {
      const rows = await fillDay(pool, day, values);
      total += rows;
      if (++done % 5 === 0) progress(`${done} of ${all} days, ${total} of ${size.readings} readings`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(3, availableParallelism()) }, worker));
  return total;
}

/** Rows before the index, the index before the partition is part of the table: ATTACH finds both as it needs them. */
async function fillDay(pool: pg.Pool, day: number, values: readonly unknown[]): Promise<number> {
  const client = await pool.connect();
  const telemetry = partitionName("telemetry", day);
  const totals = partitionName("telemetry_5m_data", day);
  const [from, to] = [day * DAY, (day + 1) * DAY];
  const bounds = `FROM ('${new Date(from).toISOString()}') TO ('${new Date(to).toISOString()}')`;
  try {
    await client.query("SET statement_timeout = 0");
    // the store made those of the coming days and of yesterday already
    for (const name of [telemetry, totals]) await client.query(`DROP TABLE IF EXISTS ${name}`);
    await client.query("BEGIN");
    await client.query(`SET LOCAL maintenance_work_mem = '256MB'`);
    await client.query(`CREATE TABLE ${telemetry} (LIKE telemetry INCLUDING ALL EXCLUDING INDEXES EXCLUDING COMMENTS)`);
    const { rowCount } = await client.query(`INSERT INTO ${telemetry} (series_id, time, value, quality) ${ROWS}`, [
      ...values,
      from,
      to,
    ]);
    await client.query(`CREATE UNIQUE INDEX ON ${telemetry} (series_id, time DESC)`);
    await client.query(
      `CREATE INDEX ON ${telemetry} USING brin (time) WITH (pages_per_range = 64, autosummarize = on)`,
    );
    await client.query(
      `CREATE TABLE ${totals} (LIKE telemetry_5m_data INCLUDING ALL EXCLUDING INDEXES EXCLUDING COMMENTS)`,
    );
    await client.query(
      `INSERT INTO ${totals} (series_id, bucket, n, sum, min, max) ${TOTALS.replace("$table", telemetry)}`,
    );
    await client.query(`CREATE UNIQUE INDEX ON ${totals} (series_id, bucket DESC)`);
    await client.query(`ALTER TABLE telemetry ATTACH PARTITION ${telemetry} FOR VALUES ${bounds}`);
    await client.query(`ALTER TABLE telemetry_5m_data ATTACH PARTITION ${totals} FOR VALUES ${bounds}`);
    await client.query("COMMIT");
    return rowCount ?? 0;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release(true);
  }
}

// Slot by slot, as they would have come: gauges some ms apart, then the battery devices whose turn it is. A slot may reach over
// midnight: the day before and this one each take their part of it.
const ROWS = `
  WITH given AS (SELECT $1::int[] AS first, $2::int[] AS second, $3::int[] AS third, $4::int AS dense, $5::int AS rest, $6::float8 AS slots,
    $7::float8 AS per_slot, $8::float8 AS start, $9::float8 AS step, $10::float8 AS lo, $11::float8 AS hi)
  SELECT r.series_id, r.time, r.value, 0
  FROM given g
  CROSS JOIN LATERAL generate_series(greatest(0, floor((g.lo - g.start) / g.step)::int - 1),
    least(g.slots::int - 1, ceil((g.hi - g.start) / g.step)::int)) slot
  CROSS JOIN LATERAL (SELECT round((g.start + slot * g.step)::numeric)::float8 AS at) s
  CROSS JOIN LATERAL (
    SELECT g.first[n + 1] AS series_id, s.at + n AS ms, 20 + 5 * sin(slot / 300.0 + n) AS value FROM generate_series(0, g.dense - 1) n
    UNION ALL
    SELECT CASE WHEN (i / g.rest) % 2 = 0 THEN g.third[n + 1] ELSE g.second[n + 1] END, s.at + i % 997,
      3.6 - slot / g.slots * (0.1 + (n % 10) / 20.0)
    FROM generate_series(floor(slot * g.per_slot)::int, floor((slot + 1) * g.per_slot)::int - 1) i
    CROSS JOIN LATERAL (SELECT g.dense + i % g.rest AS n) d) v
  CROSS JOIN LATERAL (SELECT v.series_id, v.value, to_timestamp(v.ms / 1000) AS time) r
  WHERE v.ms >= g.lo AND v.ms < g.hi`;

const TOTALS = `
  SELECT series_id, time_bucket(interval '5 minutes', time), count(value), sum(value), min(value), max(value)
  FROM $table GROUP BY 1, 2 ORDER BY 2, 1`;

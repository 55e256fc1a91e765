import type { Pool } from "pg";
import { BUCKET_MS } from "../rollup.ts";
import { ms } from "./event-row.ts";

export interface LatestReadingRow {
  readonly metric: string;
  readonly unit: string;
  /** ms UTC */
  readonly ts: number;
  readonly value: number | null;
  readonly text: string | null;
  readonly quality: number;
}

/** Newest reading of every metric of a device; at most a second old. */
export async function latestReadings(pool: Pool, deviceId: number): Promise<LatestReadingRow[]> {
  const { rows } = await pool.query<LatestReadingRow>(
    `SELECT s.metric, s.unit, ${ms("l.time")} AS ts, l.value, l.text, l.quality
     FROM series s JOIN telemetry_latest l ON l.series_id = s.id WHERE s.device_id = $1 ORDER BY s.metric`,
    [deviceId],
  );
  return rows;
}

/** Sample time of the newest reading of each device, ms UTC. */
export async function lastSeen(pool: Pool): Promise<Map<number, number>> {
  const { rows } = await pool.query<{ id: number; ts: number }>(
    `SELECT s.device_id AS id, ${ms("max(l.time)")} AS ts
     FROM series s JOIN telemetry_latest l ON l.series_id = s.id GROUP BY s.device_id`,
  );
  return new Map(rows.map(({ id, ts }) => [id, ts]));
}

export interface SeriesRows {
  /** 0 = raw rows */
  readonly stepMs: number;
  /** raw: [ts, value]; else [start, mean, min, max, count]; ms UTC */
  readonly rows: (number | null)[][];
}

/** Widths of buckets, ms; from 5 minutes on they are made of the roll-up. */
const STEPS = [1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000];

/**
 * One metric of a device over [from, to), fit for a chart: raw where there are at most `points` readings, else buckets.
 * @returns null where the device has no such metric
 */
export async function seriesRows(
  pool: Pool,
  query: { deviceId: number; metric: string; from: number; to: number; points: number },
): Promise<(SeriesRows & { readonly unit: string }) | null> {
  const { deviceId, metric, from, to } = query;
  const points = Math.max(1, Math.min(query.points, 10_000));
  const found = await pool.query<{ id: number; unit: string }>(
    "SELECT id, unit FROM series WHERE device_id = $1 AND metric = $2",
    [deviceId, metric],
  );
  if (found.rows.length === 0) return null;
  const { id, unit } = found.rows[0];
  const range = [id, new Date(from), new Date(to)];
  const raw = await pool.query<(number | null)[]>({
    text: `SELECT ${ms("time")}, value FROM telemetry
           WHERE series_id = $1 AND time >= $2 AND time < $3 ORDER BY time DESC LIMIT ${points + 1}`,
    values: range,
    rowMode: "array",
  });
  if (raw.rows.length <= points) return { unit, stepMs: 0, rows: raw.rows.reverse() };
  const least = (to - from) / points;
  const stepMs = STEPS.find((step) => step >= least) ?? STEPS[STEPS.length - 1];
  const buckets = await pool.query<(number | null)[]>({
    text: stepMs < BUCKET_MS ? FROM_READINGS : FROM_ROLLUP,
    values: [...range, stepMs],
    rowMode: "array",
  });
  return { unit, stepMs, rows: buckets.rows };
}

const WIDTH = "$4 * interval '1 ms'";
const FROM_READINGS = `
  SELECT ${ms(`time_bucket(${WIDTH}, time)`)} AS start, avg(value), min(value), max(value), count(value)::int
  FROM telemetry WHERE series_id = $1 AND time >= $2 AND time < $3 GROUP BY 1 ORDER BY 1`;
// the first bucket is the one that holds `from`
const FROM_ROLLUP = `
  SELECT ${ms(`time_bucket(${WIDTH}, bucket)`)} AS start, sum(sum) / nullif(sum(n), 0), min(min), max(max), sum(n)::int
  FROM telemetry_5m WHERE series_id = $1 AND bucket >= time_bucket(interval '5 minutes', $2::timestamptz) AND bucket < $3
  GROUP BY 1 ORDER BY 1`;

export interface RawFrameInfo {
  readonly rx: number;
  readonly ts: number;
  readonly port: number;
  readonly payload: Buffer;
}

/** Newest undecoded frames of a device. */
export async function rawFrames(pool: Pool, deviceId: number, limit: number): Promise<RawFrameInfo[]> {
  const { rows } = await pool.query<RawFrameInfo>(
    `SELECT ${ms("rx")} AS rx, ${ms("ts")} AS ts, port, payload FROM raw_frame
     WHERE device_id = $1 ORDER BY raw_frame.rx DESC LIMIT $2`,
    [deviceId, limit],
  );
  return rows;
}

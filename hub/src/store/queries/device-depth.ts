import { Quality } from "@gridhub/device-profiles/reading.ts";
import type { Pool } from "pg";
import { ms } from "./event-row.ts";

const DAY = 86_400_000;

export interface MetricQualityRow {
  readonly metric: string;
  readonly readings: number;
  readonly outOfRange: number;
  readonly invalid: number;
  readonly jumps: number;
  readonly stuck: number;
  /** sample times ahead of the hub's clock */
  readonly clock: number;
  /** came by backfill or too old */
  readonly late: number;
  /** newest reading of the period, ms UTC */
  readonly last: number | null;
}

const has = (bit: number) => `(count(*) FILTER (WHERE t.quality & ${bit} <> 0))::int`;

/** What the readings of a device are worth, metric by metric, within [from, to), ms UTC; also metrics that had none. */
export async function metricQuality(
  pool: Pool,
  deviceId: number,
  from: number,
  to: number,
): Promise<MetricQualityRow[]> {
  const { rows } = await pool.query<MetricQualityRow>(
    `SELECT s.metric, count(t.time)::int AS readings, ${has(Quality.out_of_range)} AS "outOfRange",
       ${has(Quality.invalid)} AS invalid, ${has(Quality.jump)} AS jumps, ${has(Quality.stuck)} AS stuck,
       ${has(Quality.clock)} AS clock, ${has(Quality.late)} AS late, ${ms("max(t.time)")} AS last
     FROM series s LEFT JOIN LATERAL (
       SELECT time, quality FROM telemetry WHERE series_id = s.id AND time >= $2 AND time < $3
       UNION ALL
       SELECT time, quality FROM telemetry_text WHERE series_id = s.id AND time >= $2 AND time < $3) t ON true
     WHERE s.device_id = $1 GROUP BY s.metric ORDER BY s.metric`,
    [deviceId, new Date(from), new Date(to)],
  );
  return rows;
}

/** Distinct sample times of a device: how often it reported, however many metrics it has. */
export async function samples(pool: Pool, deviceId: number, from: number, to: number): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (
       SELECT DISTINCT t.time FROM series s CROSS JOIN LATERAL (
         SELECT time FROM telemetry WHERE series_id = s.id AND time >= $2 AND time < $3) t WHERE s.device_id = $1) d`,
    [deviceId, new Date(from), new Date(to)],
  );
  return rows[0].n;
}

export interface FrameCountRow {
  readonly received: number;
  readonly lost: number;
  /** the counter began anew: the device started again, or rolled over */
  readonly resets: number;
}

/**
 * Loss by the device's own counter of reports (`frame_counter`): what is missing between neighbours in time. A step back is a
 * restart; a step of more than `MAX_STEP` is one too, since no radio loses that many.
 * @returns null where it has no such metric or fewer than two readings
 */
export async function frameLoss(pool: Pool, deviceId: number, from: number, to: number): Promise<FrameCountRow | null> {
  const { rows } = await pool.query<FrameCountRow>(
    `SELECT count(*)::int AS received, coalesce(sum(step - 1) FILTER (WHERE step BETWEEN 1 AND ${MAX_STEP}), 0)::int AS lost,
       (count(*) FILTER (WHERE step < 0 OR step > ${MAX_STEP}))::int AS resets
     FROM (SELECT t.value - lag(t.value) OVER (ORDER BY t.time) AS step
       FROM series s JOIN telemetry t ON t.series_id = s.id AND t.time >= $2 AND t.time < $3
       WHERE s.device_id = $1 AND s.metric = 'frame_counter' AND t.value IS NOT NULL) d`,
    [deviceId, new Date(from), new Date(to)],
  );
  return rows[0].received < 2 ? null : rows[0];
}

const MAX_STEP = 10_000;

/** Daily means of the radio: [start of the day in ms UTC, rssi or rsrp, snr]. */
export async function radioTrend(
  pool: Pool,
  deviceId: number,
  from: number,
  to: number,
  timeZone: string,
): Promise<[number, number | null, number | null][]> {
  const { rows } = await pool.query<[number, number | null, number | null]>({
    text: `SELECT ${ms("date_trunc('day', r.bucket, $4)")} AS day,
        sum(r.sum) FILTER (WHERE s.metric <> 'snr') / nullif(sum(r.n) FILTER (WHERE s.metric <> 'snr'), 0),
        sum(r.sum) FILTER (WHERE s.metric = 'snr') / nullif(sum(r.n) FILTER (WHERE s.metric = 'snr'), 0)
      FROM series s JOIN telemetry_5m r ON r.series_id = s.id AND r.bucket >= $2 AND r.bucket < $3
      WHERE s.device_id = $1 AND s.metric IN ('rssi', 'rsrp', 'snr') GROUP BY 1 ORDER BY 1`,
    values: [deviceId, new Date(from), new Date(to), timeZone],
    rowMode: "array",
  });
  return rows;
}

export interface BatteryRow {
  readonly deviceId: number;
  readonly metric: "battery" | "battery_percent";
  readonly unit: string;
  readonly value: number;
  /** ms UTC */
  readonly ts: number;
  /** change a day by a line through the roll-up of the last 30 days; null = less than three days of history */
  readonly perDay: number | null;
}

/**
 * Newest value and trend of every battery; those of one device where it is named. The series are asked for as one sorted array: each
 * partition is gone through once along its index, and not looked into once for each of ten thousand series.
 */
export async function batteries(pool: Pool, now: number, deviceId?: number): Promise<BatteryRow[]> {
  const ours = `s.metric IN ('battery', 'battery_percent') AND ($2::int IS NULL OR s.device_id = $2)`;
  const { rows } = await pool.query<BatteryRow>(
    `SELECT s.device_id AS "deviceId", s.metric, s.unit, l.value, ${ms("l.time")} AS ts, r.per_day AS "perDay"
     FROM series s JOIN telemetry_latest l ON l.series_id = s.id AND l.value IS NOT NULL
     LEFT JOIN (
       SELECT series_id, CASE WHEN max(bucket) - min(bucket) >= interval '3 days'
         THEN regr_slope(sum / n, date_part('epoch', bucket) / 86400) END AS per_day
       FROM telemetry_5m
       WHERE series_id = ANY (ARRAY(SELECT s.id FROM series s WHERE ${ours} ORDER BY s.id)) AND bucket >= $1 AND n > 0
       GROUP BY series_id) r ON r.series_id = s.id
     WHERE ${ours}`,
    [new Date(now - 30 * DAY), deviceId ?? null],
  );
  return rows;
}

export interface FirmwareRow {
  readonly deviceId: number;
  readonly version: string;
  /** first of the newest run of it that is stored, ms UTC */
  readonly ts: number;
}

/** The version that each device last said. */
export async function firmwareVersions(pool: Pool): Promise<FirmwareRow[]> {
  const { rows } = await pool.query<FirmwareRow>(
    `SELECT s.device_id AS "deviceId", l.text AS version, ${ms("l.time")} AS ts
     FROM series s JOIN telemetry_latest l ON l.series_id = s.id
     WHERE s.metric = 'firmware' AND l.text IS NOT NULL`,
  );
  return rows;
}

/** The versions of one device in the order in which they came, within [from, to). */
export async function firmwareHistory(
  pool: Pool,
  deviceId: number,
  from: number,
  to: number,
): Promise<{ version: string; since: number }[]> {
  const { rows } = await pool.query<{ version: string; since: number }>(
    `SELECT version, since FROM (
       SELECT t.value AS version, ${ms("t.time")} AS since, lag(t.value) OVER (ORDER BY t.time) AS before
       FROM series s JOIN telemetry_text t ON t.series_id = s.id AND t.time >= $2 AND t.time < $3
       WHERE s.device_id = $1 AND s.metric = 'firmware') v
     WHERE before IS DISTINCT FROM version ORDER BY since LIMIT 100`,
    [deviceId, new Date(from), new Date(to)],
  );
  return rows;
}

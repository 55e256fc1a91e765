import type { Pool } from "pg";
import { ms } from "./event-row.ts";

/** A frame as it came. Times in ms UTC: arrival, and sample time by its envelope. */
export interface StoredFrame {
  readonly rx: number;
  readonly ts: number;
  readonly port: number;
  readonly payload: Buffer;
}

export interface FrameRange {
  readonly deviceId: number;
  /** sample times, ms UTC: [since, until) */
  readonly since: number;
  readonly until: number;
  /** arrival at the latest, ms UTC */
  readonly before: number;
}

const FRAME = `${ms("f.rx")} AS rx, ${ms("f.ts")} AS ts, f.port, f.payload`;
// a frame may carry a time that is ahead of its arrival by the skew of the sender's clock, not by more than a day
const IN_RANGE = `f.device_id = $1 AND f.ts >= $2 AND f.ts < $3 AND f.rx <= $4 AND f.rx >= $2::timestamptz - interval '1 day'`;
const rangeOf = ({ deviceId, since, until, before }: FrameRange) => [
  deviceId,
  new Date(since),
  new Date(until),
  new Date(before),
];

/** The next frames in the order of arrival; those that came in one moment stay together, so that `after` is enough to go on. */
export async function framesAfter(
  pool: Pool,
  range: FrameRange,
  after: number | null,
  atLeast: number,
): Promise<StoredFrame[]> {
  const { rows } = await pool.query<StoredFrame>(
    `SELECT ${FRAME} FROM raw_frame f WHERE ${IN_RANGE} AND f.rx > coalesce($5::timestamptz, '-infinity')
     ORDER BY f.rx FETCH FIRST ($6::int) ROWS WITH TIES`,
    [...rangeOf(range), after === null ? null : new Date(after), atLeast],
  );
  return rows;
}

/** The last frames that came before `rx` (ms UTC), in the order of arrival. */
export async function framesBefore(pool: Pool, deviceId: number, rx: number, limit: number): Promise<StoredFrame[]> {
  const { rows } = await pool.query<StoredFrame>(
    `SELECT ${FRAME} FROM raw_frame f WHERE f.device_id = $1 AND f.rx < $2 ORDER BY f.rx DESC LIMIT $3`,
    [deviceId, new Date(rx), limit],
  );
  return rows.reverse();
}

/** All frames by sample time, `atOnce` of them in memory. */
export async function* framesInTime(pool: Pool, range: FrameRange, atOnce: number): AsyncGenerator<StoredFrame[]> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN READ ONLY");
    await client.query(
      `DECLARE frames NO SCROLL CURSOR FOR SELECT ${FRAME} FROM raw_frame f WHERE ${IN_RANGE} ORDER BY f.ts, f.rx`,
      rangeOf(range),
    );
    for (;;) {
      const { rows } = await client.query<StoredFrame>(`FETCH ${atOnce} FROM frames`);
      if (rows.length > 0) yield rows;
      if (rows.length < atOnce) return;
    }
  } finally {
    await client.query("ROLLBACK").catch(() => {});
    client.release();
  }
}

/** Of these kinds of event of a subject: when each was there, ms UTC; Infinity = still. */
export async function eventSpans(
  pool: Pool,
  subject: string,
  kinds: readonly string[],
): Promise<{ readonly kind: string; readonly from: number; readonly to: number }[]> {
  const { rows } = await pool.query<{ kind: string; from: number; to: number | null }>(
    `SELECT kind, ${ms("opened_at")} AS "from", ${ms("cleared_at")} AS "to" FROM event WHERE subject = $1 AND kind = ANY ($2)`,
    [subject, kinds],
  );
  return rows.map(({ kind, from, to }) => ({ kind, from, to: to ?? Infinity }));
}

/** metric -> series of a device. */
export async function seriesOf(pool: Pool, deviceId: number): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ metric: string; id: number }>(
    "SELECT metric, id FROM series WHERE device_id = $1",
    [deviceId],
  );
  return new Map(rows.map(({ metric, id }) => [metric, id]));
}

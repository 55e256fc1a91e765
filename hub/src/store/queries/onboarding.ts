import type { Pool } from "pg";
import { ms } from "./event-row.ts";

/** Of the newest letters that name an unknown device this many are looked at. */
const SCAN = 50_000;

/**
 * The device that a letter speaks of: the topic names it on device lanes; a backfill names it inside, and ingest repeats it in the
 * detail. Letters about edges or declarations name none and are left out.
 */
const DEVICE = `coalesce(substring(topic from '/d/([^/]+)/[a-z]+$'), substring(detail from '^no device (\\S+) at edge '))`;
const OPEN = `SELECT id, rx, topic, edge, detail, payload, ${DEVICE} AS device, substring(topic from '[^/]+$') AS lane
  FROM dead_letter WHERE reason = 'device_unknown' AND replayed_at IS NULL`;

export interface QuarantineRow {
  /** key of the edge, `<site>/<name>` */
  readonly edge: string;
  readonly device: string;
  /** ms UTC */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly count: number;
  /** last parts of the topics: t, raw, e, frame, backfill */
  readonly lanes: string[];
}

/** Who sends without being registered, last heard first. `edges`: those keys only; `device`: that name only. */
export async function listQuarantine(
  pool: Pool,
  filter: { readonly edges?: readonly string[]; readonly device?: string },
  limit: number,
): Promise<QuarantineRow[]> {
  const { rows } = await pool.query<QuarantineRow>(
    `SELECT edge, device, ${ms("min(rx)")} AS "firstSeen", ${ms("max(rx)")} AS "lastSeen", count(*)::int AS count,
       array_agg(DISTINCT lane ORDER BY lane) AS lanes
     FROM (${OPEN} AND ($1::text[] IS NULL OR edge = ANY ($1)) ORDER BY dead_letter.id DESC LIMIT ${SCAN}) l
     WHERE device IS NOT NULL AND ($2::text IS NULL OR device = $2)
     GROUP BY edge, device ORDER BY max(rx) DESC, edge, device LIMIT $3`,
    [filter.edges ?? null, filter.device ?? null, limit],
  );
  return rows;
}

export interface QuarantineLetter {
  readonly id: number;
  /** ms UTC */
  readonly rx: number;
  readonly topic: string;
  readonly edge: string;
  readonly reason: string;
  readonly lane: string;
  readonly payload: Buffer;
}

const LETTER = `id::float8 AS id, ${ms("rx")} AS rx, topic, edge, 'device_unknown' AS reason, lane, payload`;

/** The newest letters of one unknown device, newest first. */
export async function newestLetters(
  pool: Pool,
  edge: string,
  device: string,
  limit: number,
): Promise<QuarantineLetter[]> {
  const { rows } = await pool.query<QuarantineLetter>(
    `SELECT ${LETTER} FROM (${OPEN} AND edge = $1) l WHERE device = $2 ORDER BY l.id DESC LIMIT $3`,
    [edge, device, limit],
  );
  return rows;
}

/** Letters in the order in which they came. @param after id of the last one that was dealt with */
export async function lettersInOrder(
  pool: Pool,
  edge: string,
  device: string,
  after: number,
  limit: number,
): Promise<QuarantineLetter[]> {
  const { rows } = await pool.query<QuarantineLetter>(
    `SELECT ${LETTER} FROM (${OPEN} AND edge = $1) l WHERE device = $2 AND l.id > $3 ORDER BY l.id LIMIT $4`,
    [edge, device, after, limit],
  );
  return rows;
}

/**
 * Marks letters as replayed.
 * @param rx the time of arrival that each was replayed with, ms UTC: by it the letter that took its place is found
 * @returns reasons why some were refused again, with how many
 */
export async function settleReplayed(
  pool: Pool,
  ids: readonly number[],
  rx: readonly number[],
): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ reason: string; n: number }>(
    `WITH done AS (
       UPDATE dead_letter o SET replayed_at = now() FROM unnest($1::int8[], $2::timestamptz[]) AS w(id, at)
       WHERE o.id = w.id RETURNING o.id, o.topic, o.payload, w.at)
     SELECT n.reason, count(DISTINCT done.id)::int AS n FROM done
     JOIN dead_letter n ON n.rx = done.at AND n.id > done.id AND n.topic = done.topic AND n.payload = done.payload
     WHERE n.replayed_at IS NULL AND NOT n.id = ANY ($1::int8[]) GROUP BY n.reason`,
    [ids, rx.map((t) => new Date(t))],
  );
  return new Map(rows.map(({ reason, n }) => [reason, n]));
}

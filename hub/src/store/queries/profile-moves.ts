import type { Pool } from "pg";
import { ms } from "./event-row.ts";

/** Devices that were moved from one version of a profile to another, together. */
export interface ProfileMove {
  readonly id: number;
  /** ms UTC */
  readonly ts: number;
  readonly who: string;
  readonly from: string;
  readonly to: string;
  readonly devices: readonly number[];
}

const MOVE = `id, ${ms("ts")} AS ts, who, from_profile AS "from", to_profile AS "to", devices`;

/**
 * Binds the devices to `to` and notes the move, in one transaction. Those that left `from` meanwhile are not touched.
 * @param move.all the whole profile moves: new devices take `to` from now on
 */
export async function moveDevices(
  pool: Pool,
  move: {
    readonly who: string;
    readonly from: string;
    readonly to: string;
    readonly devices: readonly number[];
    readonly all: boolean;
  },
): Promise<void> {
  await pool.query(
    `WITH moved AS (
       UPDATE device SET profile = $3, updated_at = now() WHERE id = ANY ($4::int4[]) AND profile = $2 RETURNING id),
     version AS (
       UPDATE profile_source SET used_at = coalesce(used_at, now()),
         promoted_at = CASE WHEN $5::boolean THEN now() ELSE promoted_at END WHERE id = $3)
     INSERT INTO profile_move (who, from_profile, to_profile, devices)
     SELECT $1, $2, $3, coalesce(array_agg(id), '{}') FROM moved`,
    [move.who, move.from, move.to, move.devices, move.all],
  );
}

/** The last move to a version that was not taken back. */
export async function lastMove(pool: Pool, to: string): Promise<ProfileMove | null> {
  const { rows } = await pool.query<ProfileMove>(
    `SELECT ${MOVE} FROM profile_move WHERE to_profile = $1 AND undone_at IS NULL ORDER BY profile_move.id DESC LIMIT 1`,
    [to],
  );
  return rows[0] ?? null;
}

/** Takes a move back: its devices that are still on its version return, in one transaction. */
export async function undoMove(pool: Pool, id: number, devices: readonly number[]): Promise<void> {
  await pool.query(
    `WITH move AS (UPDATE profile_move SET undone_at = now() WHERE id = $1 AND undone_at IS NULL RETURNING *),
     -- new devices take the old version again, where they took this one
     version AS (
       UPDATE profile_source s SET promoted_at = CASE WHEN s.id = move.from_profile THEN now() END FROM move
       WHERE s.id IN (move.from_profile, move.to_profile)
         AND EXISTS (SELECT FROM profile_source t WHERE t.id = move.to_profile AND t.promoted_at >= date_trunc('milliseconds', move.ts)))
     UPDATE device d SET profile = move.from_profile, updated_at = now() FROM move
     WHERE d.id = ANY ($2::int4[]) AND d.profile = move.to_profile`,
    [id, devices],
  );
}

/** Moves that hold, oldest first: [from, to]. */
export async function movesInForce(pool: Pool): Promise<[string, string][]> {
  const { rows } = await pool.query<{ from: string; to: string }>(
    'SELECT from_profile AS "from", to_profile AS "to" FROM profile_move WHERE undone_at IS NULL ORDER BY profile_move.id',
  );
  return rows.map(({ from, to }) => [from, to]);
}

/** A frame of some device, newest first among others. */
export interface NewestFrame {
  readonly deviceId: number;
  /** ms UTC */
  readonly ts: number;
  readonly port: number;
  readonly payload: Buffer;
}

/** The newest raw frames of these devices, newest first. */
export async function newestFrames(pool: Pool, devices: readonly number[], limit: number): Promise<NewestFrame[]> {
  const { rows } = await pool.query<NewestFrame>(
    `SELECT device_id AS "deviceId", ${ms("ts")} AS ts, port, payload FROM raw_frame
     WHERE device_id = ANY ($1::int4[]) ORDER BY raw_frame.rx DESC LIMIT $2`,
    [devices, limit],
  );
  return rows;
}

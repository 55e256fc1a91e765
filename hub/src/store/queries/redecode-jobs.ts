import type { ClientBase, Pool } from "pg";
import { ms } from "./event-row.ts";

export type RedecodeState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface RedecodeCounts {
  /** frames read */
  frames: number;
  /** readings that were not there, that say something else now, that the version does not give any more */
  added: number;
  changed: number;
  removed: number;
  /** readings of another origin at the same time: left as they are */
  kept: number;
  /** frames that the version refuses, by reason */
  refused: Record<string, number>;
  /** late events that were found */
  events: number;
  /** added + changed + removed of the device that is being worked on */
  ofDevice: number;
}

export interface RedecodeDifference {
  /** uid */
  readonly device: string;
  readonly metric: string;
  /** ms UTC */
  readonly ts: number;
  readonly before: number | string | null;
  readonly after: number | string | null;
  readonly what: "added" | "changed" | "removed";
}

export interface RedecodeJob {
  readonly id: number;
  readonly profile: string;
  readonly devices: readonly number[];
  /** sample times, ms UTC: [since, until) */
  readonly since: number;
  readonly until: number;
  readonly dryRun: boolean;
  readonly who: string;
  readonly state: RedecodeState;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly done: number;
  readonly total: number;
  /** how far it is: position in `devices`, and arrival of the last frame of that device that is dealt with */
  readonly deviceAt: number;
  readonly afterRx: number | null;
  readonly counts: RedecodeCounts;
  readonly error: string | null;
}

const JOB = `id, profile, devices, ${ms("since")} AS since, ${ms("until")} AS until, dry_run AS "dryRun", who, state,
  ${ms("created_at")} AS "createdAt", ${ms("started_at")} AS "startedAt", ${ms("ended_at")} AS "endedAt", done, total,
  device_at AS "deviceAt", ${ms("after_rx")} AS "afterRx", counts, error`;
/** Older jobs that have ended are forgotten. */
const KEPT = 200;

export function noCounts(): RedecodeCounts {
  return { frames: 0, added: 0, changed: 0, removed: 0, kept: 0, refused: {}, events: 0, ofDevice: 0 };
}

/** @param job.at the moment it was asked, ms UTC: frames that came later are not its business */
export async function createJob(
  pool: Pool,
  job: Pick<RedecodeJob, "profile" | "devices" | "since" | "until" | "dryRun" | "who"> & { readonly at: number },
): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `WITH gone AS (
       DELETE FROM redecode_job WHERE ended_at IS NOT NULL
         AND id <= (SELECT id FROM redecode_job ORDER BY id DESC OFFSET ${KEPT} LIMIT 1))
     INSERT INTO redecode_job (profile, devices, since, until, dry_run, who, state, created_at, counts)
     VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8) RETURNING id`,
    [
      job.profile,
      job.devices,
      new Date(job.since),
      new Date(job.until),
      job.dryRun,
      job.who,
      new Date(job.at),
      JSON.stringify(noCounts()),
    ],
  );
  return rows[0].id;
}

/** Newest first. */
export async function listJobs(pool: Pool, limit: number): Promise<RedecodeJob[]> {
  const { rows } = await pool.query<RedecodeJob>(
    `SELECT ${JOB} FROM redecode_job ORDER BY redecode_job.id DESC LIMIT $1`,
    [limit],
  );
  return rows;
}

export async function findJob(
  pool: Pool,
  id: number,
): Promise<(RedecodeJob & { readonly differences: readonly RedecodeDifference[] }) | null> {
  const { rows } = await pool.query<RedecodeJob & { differences: RedecodeDifference[] }>(
    `SELECT ${JOB}, differences FROM redecode_job WHERE id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** The job whose turn it is: the one that a stop interrupted, else the oldest that waits. */
export async function nextJob(pool: Pool): Promise<RedecodeJob | null> {
  const { rows } = await pool.query<RedecodeJob>(
    `SELECT ${JOB} FROM redecode_job WHERE state IN ('running', 'queued') ORDER BY state = 'running' DESC, redecode_job.id LIMIT 1`,
  );
  return rows[0] ?? null;
}

/** Counts what is to do. @returns false where it was cancelled meanwhile */
export async function beginJob(pool: Pool, job: RedecodeJob): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE redecode_job SET state = 'running', started_at = now(),
       total = (SELECT count(*) FROM raw_frame f WHERE f.device_id = ANY ($2::int4[]) AND f.ts >= $3 AND f.ts < $4
                AND f.rx >= $3::timestamptz - interval '1 day' AND f.rx <= $5)
     WHERE id = $1 AND state = 'queued'`,
    [job.id, job.devices, new Date(job.since), new Date(job.until), new Date(job.createdAt)],
  );
  return rowCount === 1;
}

/** @returns false where it runs no more */
export async function endJob(
  pool: Pool,
  id: number,
  state: "done" | "failed" | "cancelled",
  error: string | null = null,
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE redecode_job SET state = $2, ended_at = now(), error = $3 WHERE id = $1 AND state IN ('queued', 'running')`,
    [id, state, error],
  );
  return rowCount === 1;
}

/** How far the job is, in the transaction of what it did. @returns false where it was cancelled: then nothing may be kept */
export async function advanceJob(
  client: ClientBase,
  id: number,
  to: {
    readonly done: number;
    readonly deviceAt: number;
    readonly afterRx: number | null;
    readonly counts: RedecodeCounts;
    readonly differences: readonly RedecodeDifference[];
  },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE redecode_job SET done = $2, total = greatest(total, $2), device_at = $3, after_rx = $4, counts = $5,
       differences = differences || $6::jsonb
     WHERE id = $1 AND state = 'running'`,
    [
      id,
      to.done,
      to.deviceAt,
      to.afterRx === null ? null : new Date(to.afterRx),
      JSON.stringify(to.counts),
      JSON.stringify(to.differences),
    ],
  );
  return rowCount === 1;
}

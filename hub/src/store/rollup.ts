import type { Pool } from "pg";
import type { TelemetryColumns } from "./batch.ts";
import { times } from "./binary.ts";
import type { Partitions } from "./partitions.ts";
import { DAY_MS } from "./retention.ts";
import type { Bound, Statement } from "./round-trip.ts";
import { STATEMENTS } from "./statements.ts";

export const BUCKET_MS = 300_000;
/** A bucket is rolled up once no live reading is expected for it any more. */
const GRACE_MS = 60_000;
const BUCKETS_A_RUN = 500;

/** Moves buckets from dirty to work. Sent through the write connection: see {@link Rollup}. */
export const CLAIM: Statement = {
  name: "rollup_claim",
  text: `WITH taken AS (
      DELETE FROM rollup_dirty USING unnest($1::timestamptz[]) AS w(bucket) WHERE rollup_dirty.bucket = w.bucket
      RETURNING rollup_dirty.bucket)
    INSERT INTO rollup_work SELECT bucket FROM taken ON CONFLICT DO NOTHING`,
  types: [1185],
};

/**
 * Totals by 5 minutes where no continuous aggregate makes them. The transaction that stores a reading also marks its bucket as
 * dirty, but only if this process has not marked it already: one row in five minutes, not one a batch.
 *
 * Invariant: whoever skips the mark does so before the claim, and both go through the one write connection, so its readings are
 * committed before the claim and seen by the job. The view telemetry_5m counts dirty and claimed buckets from the readings.
 */
export class Rollup {
  readonly #pool: Pool;
  readonly #partitions: Partitions | null;
  #marked = new Set<number>();
  #last = -1;

  constructor(pool: Pool, partitions: Partitions | null) {
    this.#pool = pool;
    this.#partitions = partitions;
  }

  /** Marks for the buckets of these readings, or null. Call when the batch is sent; then {@link stored} once it is. */
  marks({ n, time }: TelemetryColumns): { work: Bound; buckets: number[] } | null {
    let fresh: Set<number> | null = null;
    for (let i = 0; i < n; i++) {
      const bucket = Math.floor(time[i] / BUCKET_MS);
      if (bucket === this.#last) continue;
      if (this.#marked.has(bucket)) this.#last = bucket;
      else (fresh ??= new Set()).add(bucket);
    }
    if (fresh === null) return null;
    const buckets = [...fresh].sort((a, b) => a - b);
    return { buckets, work: { statement: STATEMENTS.rollupDirty, values: [times(buckets, (b) => b * BUCKET_MS)] } };
  }

  stored(buckets: readonly number[]): void {
    for (const bucket of buckets) this.#marked.add(bucket);
  }

  /** The statement that claims; from its sending on, new readings of these buckets mark them again. */
  claim(buckets: readonly number[]): Bound {
    for (const bucket of buckets) this.#marked.delete(bucket);
    this.#last = -1;
    return { statement: CLAIM, values: [times(buckets, (b) => b * BUCKET_MS)] };
  }

  /**
   * Rolls up what is complete.
   * @param send sends a statement through the write connection
   * @returns buckets done; {@link BUCKETS_A_RUN} at most, call again then
   */
  async run(now: number, send: (work: () => Bound) => Promise<unknown>): Promise<number> {
    const dirty = await this.#pool.query<{ b: number }>(
      `SELECT (extract(epoch FROM bucket) / 300)::float8 AS b FROM rollup_dirty
       WHERE bucket <= $1 ORDER BY bucket LIMIT ${BUCKETS_A_RUN}`,
      [new Date(now - BUCKET_MS - GRACE_MS)],
    );
    const ripe = dirty.rows.map((row) => row.b);
    if (ripe.length > 0) await send(() => this.claim(ripe));
    const work = await this.#pool.query<{ b: number }>(
      `SELECT (extract(epoch FROM bucket) / 300)::float8 AS b FROM rollup_work ORDER BY bucket LIMIT ${BUCKETS_A_RUN}`,
    );
    const days = new Set(work.rows.map(({ b }) => Math.floor((b * BUCKET_MS) / DAY_MS)));
    await this.#partitions?.create("telemetry_5m_data", [...days]);
    for (const { b } of work.rows) await this.#total(b);
    return work.rows.length;
  }

  async #total(bucket: number): Promise<void> {
    const [from, to] = [new Date(bucket * BUCKET_MS), new Date((bucket + 1) * BUCKET_MS)];
    await this.#pool.query(
      `WITH done AS (DELETE FROM rollup_work WHERE bucket = $1)
       INSERT INTO telemetry_5m_data (series_id, bucket, n, sum, min, max)
       SELECT series_id, $1, count(value), sum(value), min(value), max(value)
       FROM telemetry WHERE time >= $1 AND time < $2 GROUP BY series_id
       ON CONFLICT (series_id, bucket) DO UPDATE
       SET n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max`,
      [from, to],
    );
  }
}

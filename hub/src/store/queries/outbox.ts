import type { Pool } from "pg";

/** A row that waits to be delivered, as `dispatch/outbox.ts` describes it. */
interface WaitingRow {
  readonly id: number;
  readonly eventId: string;
  readonly revision: number;
  readonly type: string;
  readonly target: string;
  readonly body: unknown;
  readonly attempts: number;
  /** ms since it was written */
  readonly ageMs: number;
}

/**
 * Rows of which no earlier revision of the same event waits for the same target: only these may be sent. A row that another hub
 * has leased still waits, so it holds back those behind it.
 */
const IS_HEAD = `NOT EXISTS (
  SELECT FROM outbox e
  WHERE e.event_id = o.event_id AND e.revision < o.revision AND e.target = o.target AND e.state = 'pending')`;

const claim = (isDue: string) => `
UPDATE outbox SET next_at = now() + $3 * interval '1 ms', attempts = attempts + 1, last_error = '', updated_at = now()
WHERE id IN (
  SELECT o.id FROM outbox o
  WHERE o.target = $1 AND o.state = 'pending' AND o.next_at <= now() AND ${isDue}
  ORDER BY o.next_at, o.id LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id::float8 AS id, event_id AS "eventId", revision, type, target, body, attempts,
  greatest(0, extract(epoch FROM now() - created_at) * 1000)::float8 AS "ageMs"`;
const CLAIM = claim(IS_HEAD);
const CLAIM_ANY = claim("true");

/** The dispatcher's port on the table `outbox`. The database's clock rules, so hubs need not agree on the time. */
export class OutboxQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async claim(target: string, limit: number, leaseMs: number, ordered = true): Promise<WaitingRow[]> {
    const { rows } = await this.#pool.query<WaitingRow>({
      name: ordered ? "outbox_claim" : "outbox_claim_any",
      text: ordered ? CLAIM : CLAIM_ANY,
      values: [target, limit, leaseMs],
    });
    // UPDATE ... RETURNING has no order of its own.
    return rows.sort((a, b) => a.id - b.id);
  }

  async delivered(id: number): Promise<void> {
    await this.#pool.query(
      "UPDATE outbox SET state = 'delivered', last_error = '', updated_at = now() WHERE id = $1 AND state = 'pending'",
      [id],
    );
  }

  async retry(id: number, delayMs: number, error: string): Promise<void> {
    await this.#pool.query(
      `UPDATE outbox SET next_at = now() + $2 * interval '1 ms', last_error = $3, updated_at = now()
       WHERE id = $1 AND state = 'pending'`,
      [id, delayMs, error],
    );
  }

  async defer(id: number, delayMs: number): Promise<void> {
    await this.#pool.query(
      `UPDATE outbox SET next_at = now() + $2 * interval '1 ms', attempts = greatest(0, attempts - 1)
       WHERE id = $1 AND state = 'pending'`,
      [id, delayMs],
    );
  }

  async park(id: number, error: string): Promise<void> {
    await this.#pool.query(
      "UPDATE outbox SET state = 'failed', last_error = $2, updated_at = now() WHERE id = $1 AND state = 'pending'",
      [id, error],
    );
  }

  async hasten(target: string): Promise<void> {
    await this.#pool.query(
      // A leased row has no error: it stays with whom it was given to.
      "UPDATE outbox SET next_at = least(next_at, now()), attempts = 0 WHERE target = $1 AND state = 'pending' AND last_error <> ''",
      [target],
    );
  }

  async replay({ target, eventId }: { readonly target?: string; readonly eventId?: string }): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `UPDATE outbox SET state = 'pending', attempts = 0, next_at = now(), updated_at = now()
       WHERE state = 'failed' AND ($1::text IS NULL OR target = $1) AND ($2::uuid IS NULL OR event_id = $2)`,
      [target ?? null, eventId ?? null],
    );
    return rowCount ?? 0;
  }

  async resend(target: string, eventIds: readonly string[]): Promise<string[]> {
    await this.#pool.query(
      `UPDATE outbox SET state = 'pending', attempts = 0, next_at = now(), last_error = '', updated_at = now()
       WHERE target = $1 AND event_id = ANY ($2::uuid[]) AND state <> 'pending'`,
      [target, eventIds],
    );
    const { rows } = await this.#pool.query<{ id: string }>(
      "SELECT DISTINCT event_id AS id FROM outbox WHERE target = $1 AND event_id = ANY ($2::uuid[])",
      [target, eventIds],
    );
    return rows.map(({ id }) => id);
  }

  async nextDue(target: string, ordered = true): Promise<number | null> {
    const { rows } = await this.#pool.query<{ ms: number }>({
      name: ordered ? "outbox_next" : "outbox_next_any",
      text: `SELECT greatest(0, extract(epoch FROM o.next_at - now()) * 1000)::float8 AS ms FROM outbox o
             WHERE o.target = $1 AND o.state = 'pending' AND ${ordered ? IS_HEAD : "true"} ORDER BY o.next_at LIMIT 1`,
      values: [target],
    });
    return rows.length === 0 ? null : rows[0].ms;
  }
}

/**
 * What a hub that is gone had under way is due now, not when its lease runs out. Call where no other hub can be at work: the one that
 * holds the store's lock. A leased row is one that waits without an error, see `hasten`. @returns how many
 */
export async function endLeases(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query(
    "UPDATE outbox SET next_at = now() WHERE state = 'pending' AND attempts > 0 AND last_error = '' AND next_at > now()",
  );
  return rowCount ?? 0;
}

export interface OutboxCount {
  readonly target: string;
  readonly waiting: number;
  readonly parked: number;
  /** ms; null = none waits */
  readonly oldestMs: number | null;
  readonly lastError: string;
}

/** What stands still, by target; delivered rows are not looked at. */
export async function outboxCounts(pool: Pool): Promise<OutboxCount[]> {
  const { rows } = await pool.query<OutboxCount>(
    `SELECT target, count(*) FILTER (WHERE state = 'pending')::int AS waiting,
       count(*) FILTER (WHERE state = 'failed')::int AS parked,
       (extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'pending')) * 1000)::float8 AS "oldestMs",
       coalesce((array_agg(last_error ORDER BY updated_at DESC) FILTER (WHERE last_error <> ''))[1], '') AS "lastError"
     FROM outbox WHERE state <> 'delivered' GROUP BY target`,
  );
  return rows;
}

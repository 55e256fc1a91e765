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
}

/**
 * Rows of which no earlier revision of the same event waits for the same target: only these may be sent. A row that another hub
 * has leased still waits, so it holds back those behind it.
 */
const IS_HEAD = `NOT EXISTS (
  SELECT FROM outbox e
  WHERE e.event_id = o.event_id AND e.revision < o.revision AND e.target = o.target AND e.state = 'pending')`;

const CLAIM = `
UPDATE outbox SET next_at = now() + $3 * interval '1 ms', attempts = attempts + 1, last_error = '', updated_at = now()
WHERE id IN (
  SELECT o.id FROM outbox o
  WHERE o.target = $1 AND o.state = 'pending' AND o.next_at <= now() AND ${IS_HEAD}
  ORDER BY o.next_at, o.id LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id::float8 AS id, event_id AS "eventId", revision, type, target, body, attempts`;

/** The dispatcher's port on the table `outbox`. The database's clock rules, so hubs need not agree on the time. */
export class OutboxQueries {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async claim(target: string, limit: number, leaseMs: number): Promise<WaitingRow[]> {
    const { rows } = await this.#pool.query<WaitingRow>({
      name: "outbox_claim",
      text: CLAIM,
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

  async nextDue(target: string): Promise<number | null> {
    const { rows } = await this.#pool.query<{ ms: number }>({
      name: "outbox_next",
      text: `SELECT greatest(0, extract(epoch FROM o.next_at - now()) * 1000)::float8 AS ms FROM outbox o
             WHERE o.target = $1 AND o.state = 'pending' AND ${IS_HEAD} ORDER BY o.next_at LIMIT 1`,
      values: [target],
    });
    return rows.length === 0 ? null : rows[0].ms;
  }
}

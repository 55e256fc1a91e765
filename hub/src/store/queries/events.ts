import type { Pool } from "pg";
import type { GridEvent, Handling, SensingState } from "../../event.ts";
import type { Severity } from "../../finding.ts";
import { EVENT_COLUMNS, ms } from "./event-row.ts";

/** Every condition is optional; lists mean "one of". An empty list matches nothing. */
export interface EventFilter {
  readonly sensing?: SensingState;
  readonly handling?: readonly Handling[];
  readonly severity?: readonly Severity[];
  /** the caller resolves subtrees */
  readonly grids?: readonly string[];
  readonly kinds?: readonly string[];
  readonly deviceId?: number;
  /** opened in [from, to), ms UTC */
  readonly from?: number;
  readonly to?: number;
  /** words in kind or subject */
  readonly q?: string;
  /** what `q` means in words that the database does not hold (titles, names): any of these matches, too */
  readonly meaning?: {
    readonly kinds: readonly string[];
    readonly devices: readonly number[];
    readonly grids: readonly string[];
  };
}

class Conditions {
  readonly values: unknown[] = [];
  readonly #parts: string[] = [];

  /** @param sql with `?` for the value, `?2` and so on for the others */
  add(sql: string, value: unknown, ...others: readonly unknown[]): void {
    if (value === undefined) return;
    const before = this.values.length;
    this.values.push(value, ...others);
    this.#parts.push(sql.replaceAll(/\?(\d?)/g, (_, i: string) => `$${before + Number(i || 1)}`));
  }

  toString(): string {
    return this.#parts.length === 0 ? "" : `WHERE ${this.#parts.join(" AND ")}`;
  }
}

function conditions(filter: EventFilter): Conditions {
  const where = new Conditions();
  where.add("sensing = ?", filter.sensing);
  where.add("handling = ANY (?::text[])", filter.handling);
  where.add("severity = ANY (?::int2[])", filter.severity);
  where.add("grid_id = ANY (?::text[])", filter.grids);
  where.add("kind = ANY (?::text[])", filter.kinds);
  where.add("device_id = ?", filter.deviceId);
  where.add("opened_at >= ?", filter.from === undefined ? undefined : new Date(filter.from));
  where.add("opened_at < ?", filter.to === undefined ? undefined : new Date(filter.to));
  const q = filter.q?.trim() ?? "";
  if (q === "") return where;
  const { kinds = [], devices = [], grids = [] } = filter.meaning ?? {};
  where.add(
    `(kind ILIKE ? OR subject ILIKE ? OR kind = ANY (?2::text[]) OR device_id = ANY (?3::int4[])
      OR grid_id = ANY (?4::text[]))`,
    `%${q.replaceAll(/[\\%_]/g, "\\$&")}%`,
    kinds,
    devices,
    grids,
  );
  return where;
}

export interface EventPage {
  readonly items: GridEvent[];
  /** `cursor` of the next page; null = this was the last */
  readonly next: string | null;
}

/** Newest first. The cursor is the id of the last item: ids sort by creation, so pages stay put while events come in. */
export async function listEvents(
  pool: Pool,
  filter: EventFilter,
  page: { readonly limit: number; readonly cursor?: string | null },
): Promise<EventPage> {
  const where = conditions(filter);
  if (page.cursor != null) {
    if (!isUuid(page.cursor)) return { items: [], next: null };
    where.add("id < ?::uuid", page.cursor);
  }
  const { rows } = await pool.query<GridEvent>(
    `SELECT ${EVENT_COLUMNS} FROM event ${where.toString()} ORDER BY id DESC LIMIT ${page.limit + 1}`,
    where.values,
  );
  const items = rows.slice(0, page.limit);
  return { items, next: rows.length > page.limit ? items[items.length - 1].id : null };
}

/** @param atMost counting stops there */
export async function countEvents(pool: Pool, filter: EventFilter, atMost = 2 ** 31 - 1): Promise<number> {
  const where = conditions(filter);
  const { rows } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (SELECT FROM event ${where.toString()} LIMIT ${atMost}) e`,
    where.values,
  );
  return rows[0].n;
}

export interface TimelineRow {
  readonly revision: number;
  readonly ts: number;
  readonly what: string;
  readonly who: string;
  readonly severity: Severity;
  readonly note: string;
  readonly evidence: Readonly<Record<string, unknown>> | null;
}

export interface DeliveryRow {
  readonly target: string;
  readonly type: string;
  readonly state: "pending" | "delivered" | "failed";
  readonly attempts: number;
  readonly lastError: string;
  readonly ts: number;
}

/** An event with its timeline (oldest first) and deliveries; null = no such event. */
export async function eventDetail(
  pool: Pool,
  id: string,
): Promise<{ event: GridEvent; timeline: TimelineRow[]; deliveries: DeliveryRow[] } | null> {
  if (!isUuid(id)) return null;
  const [event, timeline, deliveries] = await Promise.all([
    pool.query<GridEvent>(`SELECT ${EVENT_COLUMNS} FROM event WHERE id = $1`, [id]),
    pool.query<TimelineRow>(
      `SELECT revision, ${ms("ts")} AS ts, what, who, severity, note, evidence FROM event_transition
       WHERE event_id = $1 ORDER BY revision`,
      [id],
    ),
    pool.query<DeliveryRow>(
      `SELECT target, type, state, attempts, last_error AS "lastError", ${ms("updated_at")} AS ts FROM outbox
       WHERE event_id = $1 ORDER BY id`,
      [id],
    ),
  ]);
  if (event.rows.length === 0) return null;
  return { event: event.rows[0], timeline: timeline.rows, deliveries: deliveries.rows };
}

/** The newest event about `subject`, of those of a device; null = none. */
export async function eventOfSubject(pool: Pool, deviceId: number, subject: string): Promise<GridEvent | null> {
  const { rows } = await pool.query<GridEvent>(
    `SELECT ${EVENT_COLUMNS} FROM event WHERE device_id = $1 AND subject = $2 ORDER BY id DESC LIMIT 1`,
    [deviceId, subject],
  );
  return rows[0] ?? null;
}

/** Events opened, and handlings closed, since `from`, ms UTC; on these grids only, where given. */
export async function openedAndClosedSince(
  pool: Pool,
  from: number,
  grids?: readonly string[],
): Promise<{ opened: number; closed: number }> {
  const { rows } = await pool.query<{ opened: number; closed: number }>(
    `SELECT (SELECT count(*)::int FROM event WHERE opened_at >= $1 AND ($2::text[] IS NULL OR grid_id = ANY ($2))) AS opened,
       (SELECT count(DISTINCT event_id)::int FROM event_transition t
        WHERE what IN ('close', 'done', 'false_alarm') AND ts >= $1 AND ($2::text[] IS NULL
          OR EXISTS (SELECT FROM event e WHERE e.id = t.event_id AND e.grid_id = ANY ($2)))) AS closed`,
    [new Date(from), grids ?? null],
  );
  return rows[0];
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

import type { Pool } from "pg";
import { jsonText } from "../binary.ts";
import { ms } from "./event-row.ts";

/** A row of `event_code`. */
export interface CodeRecord {
  readonly kind: string;
  readonly class: string;
  readonly code: string;
  readonly codeName: string;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly group: string;
  readonly severity: number | null;
  readonly autoHandOff: number;
  readonly provisional: boolean;
  readonly towns: readonly string[] | null;
}

/** A row of `event_quiet`; times in ms UTC. */
export interface QuietRecord {
  readonly id: number;
  readonly type: "window" | "mute";
  readonly gridId: string | null;
  readonly kind: string | null;
  readonly subject: string | null;
  readonly from: number;
  readonly to: number;
  readonly weekly: { readonly days: number[]; readonly from: string; readonly minutes: number } | null;
  readonly reason: string;
  readonly who: string;
  readonly createdAt: number;
  /** taken back before its time */
  readonly endedAt: number | null;
}

export async function listCodes(pool: Pool): Promise<(CodeRecord & { edited: boolean })[]> {
  const { rows } = await pool.query<CodeRecord & { edited: boolean }>(
    `SELECT kind, class, code, code_name AS "codeName", title_zh AS "titleZh", title_en AS "titleEn",
       kind_group AS "group", severity, auto_hand_off AS "autoHandOff", provisional, towns, edited
     FROM event_code ORDER BY kind`,
  );
  return rows;
}

/** @param edited false = seeds of the release: rows that somebody edited stay as they are */
export async function upsertCodes(pool: Pool, rows: readonly CodeRecord[], edited: boolean): Promise<void> {
  if (rows.length === 0) return;
  await pool.query(
    `INSERT INTO event_code (kind, class, code, code_name, title_zh, title_en, kind_group, severity, auto_hand_off,
       provisional, towns, edited)
     SELECT r->>'kind', r->>'class', r->>'code', r->>'codeName', r->>'titleZh', r->>'titleEn', r->>'group',
       (r->>'severity')::smallint, (r->>'autoHandOff')::smallint, (r->>'provisional')::boolean,
       CASE WHEN jsonb_typeof(r->'towns') = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(r->'towns')) END, $2
     FROM jsonb_array_elements($1::jsonb) r
     ON CONFLICT (kind) DO UPDATE SET class = excluded.class, code = excluded.code, code_name = excluded.code_name,
       title_zh = excluded.title_zh, title_en = excluded.title_en, kind_group = excluded.kind_group,
       severity = excluded.severity, auto_hand_off = excluded.auto_hand_off, provisional = excluded.provisional,
       towns = excluded.towns, edited = excluded.edited, updated_at = now()
     WHERE $2 OR NOT event_code.edited`,
    [jsonText(rows), edited],
  );
}

const QUIET_COLUMNS = `id, type, grid_id AS "gridId", kind, subject, ${ms("from_at")} AS "from", ${ms("to_at")} AS "to",
  weekly, reason, who, ${ms("created_at")} AS "createdAt", ${ms("ended_at")} AS "endedAt"`;

/** Windows and mutes that are not over, soonest end first; with `past` the newest 200 that are over, too. */
export async function listQuiet(pool: Pool, now: number, past = false): Promise<QuietRecord[]> {
  const { rows } = await pool.query<QuietRecord>(
    `SELECT ${QUIET_COLUMNS} FROM event_quiet WHERE ended_at IS NULL AND to_at > $1 ORDER BY to_at, id LIMIT 5000`,
    [new Date(now)],
  );
  if (!past) return rows;
  const old = await pool.query<QuietRecord>(
    `SELECT ${QUIET_COLUMNS} FROM event_quiet WHERE ended_at IS NOT NULL OR to_at <= $1 ORDER BY id DESC LIMIT 200`,
    [new Date(now)],
  );
  return [...rows, ...old.rows];
}

export async function addQuiet(
  pool: Pool,
  { type, gridId, kind, subject, from, to, weekly, reason, who }: Omit<QuietRecord, "id" | "createdAt" | "endedAt">,
): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO event_quiet (type, grid_id, kind, subject, from_at, to_at, weekly, reason, who)
     VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9) RETURNING id`,
    [type, gridId, kind, subject, new Date(from), new Date(to), weekly === null ? null : JSON.stringify(weekly), reason, who], // prettier-ignore
  );
  return rows[0].id;
}

/** @returns false when there is none, or it is over already */
export async function endQuiet(pool: Pool, id: number, now: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE event_quiet SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND to_at > $2`,
    [id, new Date(now)],
  );
  return rowCount === 1;
}

/** Edited lists by name; what nobody edited is not there. */
export async function eventSettings(pool: Pool): Promise<Map<string, unknown>> {
  const { rows } = await pool.query<{ name: string; value: unknown }>(`SELECT name, value FROM event_setting`);
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** @param value null = back to the defaults of the release */
export async function setEventSetting(pool: Pool, name: string, value: unknown): Promise<void> {
  if (value === null) return void (await pool.query(`DELETE FROM event_setting WHERE name = $1`, [name]));
  await pool.query(
    `INSERT INTO event_setting (name, value) VALUES ($1, $2::jsonb)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now()`,
    [name, jsonText(value)],
  );
}

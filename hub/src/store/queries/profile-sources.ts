import type { Pool } from "pg";
import { withoutNul } from "../binary.ts";
import { ms } from "./event-row.ts";

/** One version of a profile as the database keeps it. Times in ms UTC. */
export interface ProfileSource {
  /** `maker/model@semver` */
  readonly id: string;
  /** sha256 of what it says, hex; comments and layout do not count */
  hash: string;
  /** YAML */
  text: string;
  /** the file it came from, or "api" */
  origin: string;
  addedAt: number;
  addedBy: string;
  /** when a device was first bound to it; from then on it never changes */
  usedAt: number | null;
  /** when it became the version that new devices take; null = it is not, or no more */
  promotedAt: number | null;
  /** when it was last tried in the shadow */
  triedAt: number | null;
}

export async function loadSources(pool: Pool): Promise<ProfileSource[]> {
  const { rows } = await pool.query<ProfileSource>(
    `SELECT id, hash, text, origin, ${ms("added_at")} AS "addedAt", added_by AS "addedBy", ${ms("used_at")} AS "usedAt",
       ${ms("promoted_at")} AS "promotedAt", ${ms("tried_at")} AS "triedAt" FROM profile_source ORDER BY id`,
  );
  return rows;
}

/** Versions that devices are or were bound to, as far as bindings and moves tell. */
export async function versionsInUse(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT profile AS id FROM device UNION SELECT from_profile FROM profile_move UNION SELECT to_profile FROM profile_move`,
  );
  return rows.map(({ id }) => id);
}

/** Writes rows. The text of a version that was used stays what it was, and what moves said of promotion is not undone here. */
export async function saveSources(pool: Pool, rows: readonly ProfileSource[]): Promise<void> {
  const time = (t: number | null) => (t === null ? null : new Date(t));
  await pool.query(
    `INSERT INTO profile_source AS s (id, hash, text, origin, added_at, added_by, used_at, promoted_at, tried_at)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::timestamptz[],
       $8::timestamptz[], $9::timestamptz[])
     ON CONFLICT (id) DO UPDATE SET
       hash = CASE WHEN s.used_at IS NULL THEN excluded.hash ELSE s.hash END,
       text = CASE WHEN s.used_at IS NULL THEN excluded.text ELSE s.text END,
       origin = excluded.origin, added_at = excluded.added_at, added_by = excluded.added_by,
       used_at = coalesce(s.used_at, excluded.used_at), promoted_at = coalesce(s.promoted_at, excluded.promoted_at), tried_at = excluded.tried_at`,
    [
      rows.map((r) => r.id),
      rows.map((r) => r.hash),
      rows.map((r) => withoutNul(r.text)),
      rows.map((r) => r.origin),
      rows.map((r) => time(r.addedAt)),
      rows.map((r) => r.addedBy),
      rows.map((r) => time(r.usedAt)),
      rows.map((r) => time(r.promotedAt)),
      rows.map((r) => time(r.triedAt)),
    ],
  );
}

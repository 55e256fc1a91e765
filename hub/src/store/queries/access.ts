import type pg from "pg";
import { jsonText } from "../binary.ts";
import { inTransaction } from "./in-transaction.ts";

export type RoleName = "admin" | "operator" | "viewer";

export interface UserRow {
  readonly id: number;
  readonly username: string;
  readonly passwordHash: string;
  readonly role: RoleName;
  /** roots of the grid subtrees that the account sees; empty = all */
  readonly grids: readonly string[];
  readonly disabled: boolean;
  readonly failedLogins: number;
  /** ms UTC */
  readonly lockedUntil: number | null;
}

const USER = `id, username, password_hash as "passwordHash", role, grids, disabled, failed_logins as "failedLogins",
  (extract(epoch from locked_until) * 1000)::float8 as "lockedUntil"`;

export async function findUser(pool: pg.Pool, username: string): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>(`select ${USER} from app_user where username = $1`, [username]);
  return rows[0];
}

export async function countUsers(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>("select count(*)::int as n from app_user");
  return rows[0].n;
}

/** Creates the account or sets its password; ends its sessions. */
export async function setPassword(
  pool: pg.Pool,
  username: string,
  passwordHash: string,
  role: RoleName,
): Promise<void> {
  await pool.query(
    `with account as (
       insert into app_user (username, password_hash, role) values ($1, $2, $3)
       on conflict (username) do update set password_hash = excluded.password_hash, password_changed_at = now(),
         failed_logins = 0, locked_until = null
       returning id)
     delete from session where user_id in (select id from account)`,
    [username, passwordHash, role],
  );
}

/**
 * Replaces a password that is still the one that was checked, and ends the account's sessions but the one of `keep`.
 * @returns sessions ended; undefined = the password was changed meanwhile
 */
export async function changePassword(
  pool: pg.Pool,
  id: number,
  before: string,
  after: string,
  keep: Buffer,
): Promise<number | undefined> {
  const { rows } = await pool.query<{ changed: number; ended: number }>(
    `with account as (
       update app_user set password_hash = $3, password_changed_at = now(), failed_logins = 0, locked_until = null
       where id = $1 and password_hash = $2 returning id),
     gone as (
       delete from session where user_id in (select id from account) and token_hash <> $4 returning expires_at)
     select (select count(*) from account)::int as changed,
       (select count(*) from gone where expires_at > now())::int as ended`,
    [id, before, after, keep],
  );
  return rows[0].changed === 1 ? rows[0].ended : undefined;
}

/** Sets the roots of the grid subtrees that an account sees; empty = all. */
export async function setGrids(pool: pg.Pool, username: string, grids: readonly string[]): Promise<void> {
  await pool.query("update app_user set grids = $2 where username = $1", [username, grids]);
}

/** Counts a wrong password; from `limit` on the account is locked for `lockMs`. */
export async function loginFailed(pool: pg.Pool, id: number, limit: number, lockMs: number): Promise<void> {
  await pool.query(
    `update app_user set failed_logins = failed_logins + 1,
       locked_until = case when failed_logins + 1 >= $2 then now() + make_interval(secs => $3) else locked_until end
     where id = $1`,
    [id, limit, lockMs / 1000],
  );
}

export async function loginSucceeded(pool: pg.Pool, id: number): Promise<void> {
  await pool.query(
    "update app_user set failed_logins = 0, locked_until = null where id = $1 and (failed_logins > 0 or locked_until is not null)",
    [id],
  );
}

export async function openSession(pool: pg.Pool, tokenHash: Buffer, userId: number, lifetimeMs: number): Promise<void> {
  await pool.query(
    "insert into session (token_hash, user_id, expires_at) values ($1, $2, now() + make_interval(secs => $3))",
    [tokenHash, userId, lifetimeMs / 1000],
  );
  await pool.query("delete from session where expires_at < now()");
}

/** The account behind a session that is neither expired nor idle for too long; notes that it was seen. */
export async function findSession(pool: pg.Pool, tokenHash: Buffer, idleMs: number): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>(
    `with seen as (
       update session set seen_at = now()
       where token_hash = $1 and expires_at > now() and seen_at > now() - make_interval(secs => $2)
       returning user_id)
     select ${USER} from app_user where id in (select user_id from seen) and not disabled`,
    [tokenHash, idleMs / 1000],
  );
  return rows[0];
}

export async function closeSession(pool: pg.Pool, tokenHash: Buffer): Promise<void> {
  await pool.query("delete from session where token_hash = $1", [tokenHash]);
}

/** Appends to the hash chain; one writer at a time, so that the chain never forks. */
export async function audit(
  pool: pg.Pool,
  who: string,
  action: string,
  target: string,
  detail: object = {},
): Promise<void> {
  await inTransaction(pool, (client) => appendAudit(client, who, action, target, detail));
}

/** The same within a transaction of the caller: what is done and the line about it are stored together or not at all. */
export async function appendAudit(
  client: pg.ClientBase,
  who: string,
  action: string,
  target: string,
  detail: object,
): Promise<void> {
  await client.query("lock table audit in exclusive mode");
  await client.query(
    `insert into audit (seq, ts, who, action, target, detail, prev, hash)
     select n.seq, n.ts, $1, $2, $3, $4::jsonb, n.prev, audit_hash(n.prev, n.seq, n.ts, $1, $2, $3, $4::jsonb)
     from (select coalesce(max(seq), 0) + 1 as seq, date_trunc('microseconds', clock_timestamp()) as ts,
             coalesce((select hash from audit order by seq desc limit 1), ''::bytea) as prev from audit) n`,
    [who, action, target, jsonText(detail)],
  );
}

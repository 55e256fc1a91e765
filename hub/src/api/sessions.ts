import { createHash, randomBytes } from "node:crypto";
import type pg from "pg";
import {
  audit,
  changePassword,
  closeSession,
  countUsers,
  findSession,
  findUser,
  loginFailed,
  loginSucceeded,
  openSession,
  setPassword,
  type RoleName,
} from "../store/queries/access.ts";
import { generatePassword, hashPassword, passwordMatches } from "./password.ts";

export interface Account {
  readonly username: string;
  readonly role: RoleName;
  readonly grids: readonly string[];
}

export interface SessionOptions {
  readonly lifetimeMs: number;
  readonly idleMs: number;
  /** wrong passwords in a row that lock an account */
  readonly maxFailures: number;
  readonly lockMs: number;
}

export const DEFAULT_SESSIONS: SessionOptions = {
  lifetimeMs: 12 * 3_600_000,
  idleMs: 2 * 3_600_000,
  maxFailures: 5,
  lockMs: 900_000,
};
/** How long a looked-up session is believed without asking the database again, ms. */
const CACHE_MS = 5000;
const CACHE_SIZE = 10_000;

const RANK: Readonly<Record<RoleName, number>> = { viewer: 0, operator: 1, admin: 2 };

export function roleCovers(role: RoleName, needed: RoleName): boolean {
  return RANK[role] >= RANK[needed];
}

/** Log-in, sessions, lockout. Tokens are random; the database knows their hash only. */
export class Sessions {
  readonly #pool: pg.Pool;
  readonly #options: SessionOptions;
  readonly #now: () => number;
  readonly #cache = new Map<string, { account: Account; until: number }>();

  constructor(pool: pg.Pool, now: () => number, options: SessionOptions = DEFAULT_SESSIONS) {
    this.#pool = pool;
    this.#now = now;
    this.#options = options;
  }

  /**
   * Makes sure that somebody can log in. @returns the password of `admin` if one was generated now, else null
   */
  async bootstrap(adminPassword: string): Promise<string | null> {
    if (adminPassword !== "") {
      const known = await findUser(this.#pool, "admin");
      if (known === undefined || !(await passwordMatches(adminPassword, known.passwordHash))) {
        await setPassword(this.#pool, "admin", await hashPassword(adminPassword), "admin");
      }
      return null;
    }
    if ((await countUsers(this.#pool)) > 0) return null;
    const password = generatePassword();
    await setPassword(this.#pool, "admin", await hashPassword(password), "admin");
    return password;
  }

  /** @returns a session token, or why not: wrong name or password (never which), or the account is locked */
  async login(username: string, password: string): Promise<{ token: string; account: Account } | "denied" | "locked"> {
    const user = await findUser(this.#pool, username);
    // The same work for an unknown name, so that the time of the answer tells nothing.
    const matches = await passwordMatches(password, user?.passwordHash ?? (await DUMMY));
    if (user === undefined || user.disabled) return "denied";
    if (user.lockedUntil !== null && user.lockedUntil > this.#now()) return "locked";
    if (!matches) {
      await loginFailed(this.#pool, user.id, this.#options.maxFailures, this.#options.lockMs);
      await audit(this.#pool, username, "login_failed", username);
      return "denied";
    }
    await loginSucceeded(this.#pool, user.id);
    const token = randomBytes(32).toString("base64url");
    await openSession(this.#pool, sha256(token), user.id, this.#options.lifetimeMs);
    await audit(this.#pool, username, "login", username);
    return { token, account: { username, role: user.role, grids: user.grids } };
  }

  async find(token: string): Promise<Account | undefined> {
    if (token.length < 20 || token.length > 100) return undefined;
    const now = this.#now();
    const cached = this.#cache.get(token);
    if (cached !== undefined && cached.until > now) return cached.account;
    const user = await findSession(this.#pool, sha256(token), this.#options.idleMs);
    if (user === undefined) {
      this.#cache.delete(token);
      return undefined;
    }
    const account: Account = { username: user.username, role: user.role, grids: user.grids };
    if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
    this.#cache.set(token, { account, until: now + CACHE_MS });
    return account;
  }

  /**
   * Sets a new password for who knows the current one; the account's other sessions end, the one of `token` goes on.
   * @returns sessions ended, or why not; a wrong current password counts toward the lockout like one at log-in
   */
  async changePassword(
    username: string,
    token: string,
    current: string,
    next: string,
  ): Promise<number | "wrong" | "locked"> {
    const user = await findUser(this.#pool, username);
    if (user === undefined || user.disabled) return "wrong";
    if (user.lockedUntil !== null && user.lockedUntil > this.#now()) return "locked";
    const ended = (await passwordMatches(current, user.passwordHash))
      ? await changePassword(this.#pool, user.id, user.passwordHash, await hashPassword(next), sha256(token))
      : undefined;
    if (ended === undefined) {
      await loginFailed(this.#pool, user.id, this.#options.maxFailures, this.#options.lockMs);
      await audit(this.#pool, username, "password_change_failed", username);
      return "wrong";
    }
    for (const [known, { account }] of this.#cache) {
      if (account.username === username && known !== token) this.#cache.delete(known);
    }
    await audit(this.#pool, username, "password_change", username, { sessionsEnded: ended });
    return ended;
  }

  async logout(token: string, who: string): Promise<void> {
    this.#cache.delete(token);
    await closeSession(this.#pool, sha256(token));
    await audit(this.#pool, who, "logout", who);
  }
}

function sha256(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

const DUMMY = hashPassword("no account has this password");

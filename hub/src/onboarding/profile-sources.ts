import { createHash } from "node:crypto";
import type { LoadedProfile } from "@gridhub/device-profiles/load.ts";
import type { Pool } from "pg";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { blaming } from "../store/failure.ts";
import { loadSources, type ProfileSource, saveSources, versionsInUse } from "../store/queries/profile-sources.ts";

export interface SourcesOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
  /** pause before rows that could not be written are tried again, ms; default 5,000 */
  readonly retryMs?: number;
}

/** Who defines a version that came by no file. */
export const UPLOADED = "api";

/**
 * The sources of all profile versions, in memory and in the database. Memory leads and the rows follow: what is noted here is
 * in force at once, and a row that could not be written is tried again until it is.
 */
export class ProfileSources {
  readonly #options: SourcesOptions;
  readonly #rows = new Map<string, ProfileSource>();
  readonly #dirty = new Set<string>();
  #turn: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** Reads what is stored. Call again after a move was written. */
  async load(): Promise<void> {
    if (this.#dirty.size > 0) await this.flush();
    const { pool } = this.#options;
    const [rows, used] = [await blaming(loadSources(pool)), await blaming(versionsInUse(pool))];
    this.#rows.clear();
    for (const row of rows) this.#rows.set(row.id, row);
    for (const id of used) this.used(id);
  }

  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    return this.#turn;
  }

  get(id: string): ProfileSource | undefined {
    return this.#rows.get(id);
  }

  all(): Iterable<ProfileSource> {
    return this.#rows.values();
  }

  /** Versions of `maker/model`. */
  of(model: string): ProfileSource[] {
    return [...this.#rows.values()].filter(({ id }) => id.startsWith(`${model}@`));
  }

  /** Notes a version that is loaded now. One that was used is not touched. */
  keep({ compiled, source, text }: LoadedProfile, origin: string, who: string): void {
    const { id } = compiled;
    const hash = hashOf(source);
    const known = this.#rows.get(id);
    if (known?.hash === hash || (known !== undefined && known.usedAt !== null)) return;
    const fresh = { id, hash, text, origin, addedAt: this.#options.clock(), addedBy: who };
    const state = known ?? { usedAt: null, promotedAt: null, triedAt: null };
    this.#put({ ...state, ...fresh });
  }

  /** A device is bound to this version. The first version of a profile that is used is the one that new devices take. */
  used(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const now = this.#options.clock();
    const first = this.promoted(modelOfId(id)) === undefined;
    if (row.usedAt !== null && !first) return;
    this.#put({ ...row, usedAt: row.usedAt ?? now, promotedAt: first ? now : row.promotedAt });
  }

  tried(id: string): void {
    const row = this.#rows.get(id);
    if (row !== undefined) this.#put({ ...row, triedAt: this.#options.clock() });
  }

  /** The version that a new device without a version takes; undefined while the profile was never used. */
  promoted(model: string): string | undefined {
    let best: ProfileSource | undefined;
    for (const row of this.of(model))
      if (row.promotedAt !== null && row.promotedAt >= (best?.promotedAt ?? -Infinity)) best = row;
    return best?.id;
  }

  #put(row: ProfileSource): void {
    this.#rows.set(row.id, row);
    this.#dirty.add(row.id);
    // one write for all that changes in one go
    if (this.#dirty.size === 1) queueMicrotask(() => void this.flush().catch((error: Error) => this.#later(error)));
  }

  #later(error: Error): void {
    if (this.#closed) return;
    this.#options.log.warn({ err: error.message }, "profile sources are not stored yet");
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.flush().catch((again: Error) => this.#later(again));
    }, this.#options.retryMs ?? 5000);
    this.#retry.unref();
  }

  /** Writes what is not written yet. @throws HubError DB_UNAVAILABLE */
  flush(): Promise<void> {
    const work = this.#turn.then(async () => {
      const ids = [...this.#dirty];
      if (ids.length === 0) return;
      this.#dirty.clear();
      try {
        const rows = ids.flatMap((id) => this.#rows.get(id) ?? []);
        await blaming(saveSources(this.#options.pool, rows));
      } catch (error) {
        for (const id of ids) this.#dirty.add(id);
        throw error;
      }
    });
    this.#turn = work.catch(() => {});
    return work;
  }
}

/** What a profile says, without comments and layout. */
export function hashOf(source: unknown): string {
  return createHash("sha256").update(JSON.stringify(source)).digest("hex");
}

function modelOfId(id: string): string {
  return id.slice(0, id.lastIndexOf("@"));
}

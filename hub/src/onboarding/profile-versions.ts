import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Pool } from "pg";
import type { Device } from "../device.ts";
import { blaming } from "../store/failure.ts";
import { lastMove, moveDevices, movesInForce, newestFrames, undoMove } from "../store/queries/profile-moves.ts";
import type { ProfileSource } from "../store/queries/profile-sources.ts";
import type { Fresh } from "./history-run.ts";
import { modelOf } from "./profile-library.ts";
import type { RecentRecord } from "./recent-records.ts";
import { shadow, type Shadow, type ShadowRecord } from "./shadow.ts";
import { type AlarmDifference, shadowAlarms } from "./shadow-alarms.ts";

export interface VersionsOptions {
  readonly pool: Pool;
  readonly profiles: Versions;
  readonly registry: Rebinding;
  readonly sources?: VersionSources;
  /** records of values that a device sent lately; absent = frames alone are tried */
  readonly recent?: { of(uid: string): RecentRecord[] };
  /** absent = alarms are not compared */
  readonly fresh?: Fresh;
}

/** Where it is kept what versions there are and were. */
export interface VersionSources {
  load(): Promise<void>;
  /** what is not written yet: a move writes to the rows */
  flush(): Promise<void>;
  get(id: string): ProfileSource | undefined;
  of(model: string): ProfileSource[];
  tried(id: string): void;
  promoted(model: string): string | undefined;
}

/** A version, and what it is to the devices. */
export interface VersionState {
  /** `maker/model@semver` */
  readonly id: string;
  /**
   * promoted: new devices take it; shadow: tried on stored frames, used by none; retired: was used and is no more what new
   * devices take; file: never used
   */
  readonly state: "promoted" | "shadow" | "retired" | "file";
  /** bound to it */
  readonly devices: number;
  readonly source: ProfileSource | undefined;
}

/** What moving devices needs of the library. */
export interface Versions {
  get(id: string): CompiledProfile | undefined;
  all(): CompiledProfile[];
  inForce(id: string): CompiledProfile | undefined;
  /** moves that hold, oldest first */
  moved(moves: readonly (readonly [from: string, to: string])[]): void;
}

export interface Rebinding {
  boundTo(profile: string): Device[];
  deviceById(id: number): Device | undefined;
  /** prepares, calls `write`, and then moves all devices at once */
  rebind(devices: readonly Device[], profile: CompiledProfile, write: () => Promise<void>): Promise<void>;
}

export interface Moved {
  readonly from: string;
  readonly to: string;
  /** uids */
  readonly devices: readonly string[];
}

/** Why it cannot be done: a version that is not loaded, not of the same profile, one and the same; nothing to take back. */
export interface VersionProblem {
  readonly problem: "unknown" | "unrelated" | "same" | "nothing";
  readonly detail: string;
}

/** Tries a new version of a profile on what devices have sent, moves the devices to it, and back. */
export class ProfileVersions {
  readonly #options: VersionsOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: VersionsOptions) {
    this.#options = options;
  }

  /** Call before devices are loaded or declared. */
  async start(): Promise<void> {
    await this.#options.sources?.load();
    this.#options.profiles.moved(await blaming(movesInForce(this.#options.pool)));
  }

  /** All versions of `maker/model`, newest first: those that are loaded and those whose source alone is left. */
  list(model: string): VersionState[] {
    const { profiles, registry, sources } = this.#options;
    const ids = new Set([...profiles.all().map(({ id }) => id), ...(sources?.of(model) ?? []).map(({ id }) => id)]);
    const promoted = profiles.inForce(model)?.id;
    return [...ids]
      .filter((id) => modelOf(id) === model)
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
      .map((id) => {
        const source = sources?.get(id);
        const devices = registry.boundTo(id).length;
        const used = devices > 0 || (source?.usedAt ?? null) !== null;
        const tried = (source?.triedAt ?? null) !== null;
        const state = id === promoted ? "promoted" : used ? "retired" : tried ? "shadow" : "file";
        return { id, state, devices, source };
      });
  }

  /**
   * Tries both on what the devices on `from` have sent: the newest `limit` raw frames, and the records of values that are still
   * in memory.
   */
  async shadow(
    from: string,
    to: string,
    limit: number,
  ): Promise<(Shadow & { readonly alarms: AlarmDifference[] }) | VersionProblem> {
    const pair = this.#pair(from, to);
    if ("problem" in pair) return pair;
    const { pool, registry, recent, fresh, sources } = this.#options;
    const devices = registry.boundTo(from);
    const frames = await blaming(
      newestFrames(
        pool,
        devices.map(({ id }) => id),
        limit,
      ),
    );
    const records: ShadowRecord[] = frames;
    for (const { id, uid } of devices)
      for (const { ts, m } of records.length < limit ? (recent?.of(uid) ?? []) : [])
        records.push({ deviceId: id, ts, port: 0, payload: m });
    sources?.tried(to);
    const alarms =
      fresh === undefined ? [] : shadowAlarms(pair.from, pair.to, records, (id) => registry.deviceById(id), fresh);
    return { ...shadow(pair.from, pair.to, records), alarms };
  }

  /**
   * Moves the devices on `from` to `to`: all of them, and new devices take `to` from now on; or only those that are named, each of
   * which stays where it is put.
   * @param only devices; those that are not on `from` are left alone
   */
  promote(from: string, to: string, who: string, only?: readonly Device[]): Promise<Moved | VersionProblem> {
    return this.#inTurn(async () => {
      const pair = this.#pair(from, to);
      if ("problem" in pair) return pair;
      const { pool, registry, profiles, sources } = this.#options;
      const bound = registry.boundTo(from);
      const devices = only === undefined ? bound : bound.filter((device) => only.includes(device));
      // a profile without devices has a version that the next device takes, too
      const current = only === undefined && profiles.inForce(modelOf(from))?.id === from && sources !== undefined;
      if (devices.length === 0 && !current) return { problem: "nothing", detail: `no device is on ${from}` };
      const ids = devices.map(({ id }) => id);
      const all = only === undefined;
      await sources?.flush();
      await registry.rebind(devices, pair.to, async () => {
        await blaming(moveDevices(pool, { who, from, to, devices: ids, all }));
        await this.start();
      });
      return { from, to, devices: devices.map(({ uid }) => uid) };
    });
  }

  /** Takes the last promotion to `profile` back: the devices that it moved and that are still there return. */
  rollback(profile: string): Promise<Moved | VersionProblem> {
    return this.#inTurn(async () => {
      const { pool, profiles, registry, sources } = this.#options;
      const move = await blaming(lastMove(pool, profile));
      if (move === null) return { problem: "nothing", detail: `no promotion to ${profile} is in force` };
      const back = profiles.get(move.from);
      if (back?.id !== move.from) return { problem: "unknown", detail: `${move.from} is not loaded any more` };
      const devices = move.devices
        .map((id) => registry.deviceById(id))
        .filter((device): device is Device => device?.profile.id === profile);
      const ids = devices.map(({ id }) => id);
      await sources?.flush();
      await registry.rebind(devices, back, async () => {
        await blaming(undoMove(pool, move.id, ids));
        await this.start();
      });
      return { from: profile, to: move.from, devices: devices.map(({ uid }) => uid) };
    });
  }

  #pair(from: string, to: string): { from: CompiledProfile; to: CompiledProfile } | VersionProblem {
    const { profiles } = this.#options;
    const [a, b] = [profiles.get(from), profiles.get(to)];
    if (a?.id !== from || b?.id !== to)
      return { problem: "unknown", detail: `${a?.id === from ? to : from} is no loaded version` };
    if (from === to) return { problem: "same", detail: `${from} is one version` };
    if (modelOf(from) !== modelOf(to)) return { problem: "unrelated", detail: `${to} is another profile than ${from}` };
    return { from: a, to: b };
  }

  /** One move at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

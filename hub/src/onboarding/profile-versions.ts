import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Pool } from "pg";
import type { Device } from "../device.ts";
import { blaming } from "../store/failure.ts";
import { lastMove, moveDevices, movesInForce, newestFrames, undoMove } from "../store/queries/profile-moves.ts";
import { modelOf } from "./profile-library.ts";
import { shadow, type Shadow } from "./shadow.ts";

export interface VersionsOptions {
  readonly pool: Pool;
  readonly profiles: Versions;
  readonly registry: Rebinding;
}

/** What moving devices needs of the library. */
export interface Versions {
  get(id: string): CompiledProfile | undefined;
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
    this.#options.profiles.moved(await blaming(movesInForce(this.#options.pool)));
  }

  /** Decodes the newest `limit` raw frames of the devices on `from` with both. */
  async shadow(from: string, to: string, limit: number): Promise<Shadow | VersionProblem> {
    const pair = this.#pair(from, to);
    if ("problem" in pair) return pair;
    const { pool, registry } = this.#options;
    const ids = registry.boundTo(from).map(({ id }) => id);
    return shadow(pair.from, pair.to, await blaming(newestFrames(pool, ids, limit)));
  }

  /** Moves every device on `from` to `to`. */
  promote(from: string, to: string, who: string): Promise<Moved | VersionProblem> {
    return this.#inTurn(async () => {
      const pair = this.#pair(from, to);
      if ("problem" in pair) return pair;
      const { pool, registry } = this.#options;
      const devices = registry.boundTo(from);
      if (devices.length === 0) return { problem: "nothing", detail: `no device is on ${from}` };
      const ids = devices.map(({ id }) => id);
      await registry.rebind(devices, pair.to, () => blaming(moveDevices(pool, { who, from, to, devices: ids })));
      await this.start();
      return { from, to, devices: devices.map(({ uid }) => uid) };
    });
  }

  /** Takes the last promotion to `profile` back: the devices that it moved and that are still there return. */
  rollback(profile: string): Promise<Moved | VersionProblem> {
    return this.#inTurn(async () => {
      const { pool, profiles, registry } = this.#options;
      const move = await blaming(lastMove(pool, profile));
      if (move === null) return { problem: "nothing", detail: `no promotion to ${profile} is in force` };
      const back = profiles.get(move.from);
      if (back?.id !== move.from) return { problem: "unknown", detail: `${move.from} is not loaded any more` };
      const devices = move.devices
        .map((id) => registry.deviceById(id))
        .filter((device): device is Device => device?.profile.id === profile);
      const ids = devices.map(({ id }) => id);
      await registry.rebind(devices, back, () => blaming(undoMove(pool, move.id, ids)));
      await this.start();
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

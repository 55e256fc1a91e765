import { setTimeout as pause } from "node:timers/promises";
import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Pool } from "pg";
import type { Clock } from "../clock.ts";
import type { Device } from "../device.ts";
import { HubError } from "../errors.ts";
import type { Finding } from "../finding.ts";
import type { Log } from "../log.ts";
import { blame, blaming } from "../store/failure.ts";
import {
  beginJob,
  createJob,
  endJob,
  findJob,
  listJobs,
  nextJob,
  type RedecodeDifference,
  type RedecodeJob,
} from "../store/queries/redecode-jobs.ts";
import type { NewSeries, StoreMode } from "../store/store.ts";
import type { Fresh } from "./history-run.ts";
import { modelOf } from "./profile-library.ts";
import type { VersionProblem } from "./profile-versions.ts";
import { CancelledMeanwhile, RedecodeDevice } from "./redecode-device.ts";
import type { RedecodeLimits } from "./redecode-plan.ts";

export interface RedecoderOptions {
  readonly pool: Pool;
  readonly mode: StoreMode;
  readonly profiles: RedecodeProfiles;
  readonly registry: RedecodeRegistry;
  readonly ensureSeries: (series: readonly NewSeries[]) => Promise<number[]>;
  /** resolves once all that had arrived is stored, newest values included */
  readonly settled: () => Promise<void>;
  readonly fresh: Fresh;
  /** hands findings to the events; resolves when they are stored */
  readonly emit: (findings: readonly Finding[]) => Promise<void>;
  /** messages that wait for the live path */
  readonly busy: () => number;
  readonly limits: RedecodeLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** frames a transaction; default 250 */
  readonly chunk?: number;
  /** called after every chunk; tests stop there */
  readonly onChunk?: () => void;
}

export interface RedecodeProfiles {
  all(): CompiledProfile[];
  inForce(id: string): CompiledProfile | undefined;
}

export interface RedecodeRegistry {
  boundTo(profile: string): Device[];
  device(uid: string): Device | undefined;
  deviceById(id: number): Device | undefined;
}

export interface RedecodeRequest {
  /** `maker/model@semver`, or `maker/model` for the version in force */
  readonly profile: string;
  /** all of one profile, any version of it; undefined = all that are bound to the version */
  readonly devices?: readonly Device[];
  /** sample times, ms UTC: [from, to); undefined = all that is kept, until now */
  readonly from?: number;
  readonly to?: number;
  readonly dryRun: boolean;
  readonly who: string;
}

/** Messages that wait, from which on history waits as well. */
const BUSY = 2000;
const RETRY_MS = 1000;

/**
 * Decodes stored frames again: one job at a time, in the background, in small transactions that hold the readings, what was made
 * of them and how far the job is. So a stop at any moment loses and repeats nothing; the next start goes on.
 */
export class Redecoder {
  readonly #options: RedecoderOptions;
  #running: Promise<void> | null = null;
  #again = false;
  readonly #stop = new AbortController();

  constructor(options: RedecoderOptions) {
    this.#options = options;
  }

  /** Goes on with what a stop interrupted. */
  start(): void {
    this.#wake();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async create(request: RedecodeRequest): Promise<{ readonly id: number; readonly profile: string } | VersionProblem> {
    const { pool, profiles, registry, clock } = this.#options;
    const version = profiles.inForce(request.profile);
    if (version === undefined || (request.profile.includes("@") && version.id !== request.profile))
      return { problem: "unknown", detail: `${request.profile} is no loaded version` };
    if (version.positions || version.uplink === "frame")
      return { problem: "unrelated", detail: `${version.id} gives positions or pictures, not readings` };
    const devices = request.devices ?? registry.boundTo(version.id);
    const stranger = devices.find((device) => modelOf(device.profile.id) !== modelOf(version.id));
    if (stranger !== undefined)
      return { problem: "unrelated", detail: `${stranger.uid} is bound to ${stranger.profile.id}` };
    if (devices.length === 0) return { problem: "nothing", detail: `no device is on ${version.id}` };
    const at = clock();
    const { from: since = 0, to: until = at + 86_400_000, dryRun, who } = request;
    const ids = devices.map(({ id }) => id);
    const id = await blaming(createJob(pool, { profile: version.id, devices: ids, since, until, dryRun, who, at }));
    this.#wake();
    return { id, profile: version.id };
  }

  list(limit = 100): Promise<RedecodeJob[]> {
    return blaming(listJobs(this.#options.pool, limit));
  }

  find(id: number): Promise<(RedecodeJob & { readonly differences: readonly RedecodeDifference[] }) | null> {
    return blaming(findJob(this.#options.pool, id));
  }

  /** What is done stays done. @returns false where it had ended already */
  cancel(id: number): Promise<boolean> {
    return blaming(endJob(this.#options.pool, id, "cancelled"));
  }

  #wake(): void {
    this.#again = true;
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
      if (this.#again && !this.#stop.signal.aborted) this.#wake();
    });
  }

  async #work(): Promise<void> {
    const { pool, log } = this.#options;
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      try {
        for (let job = await blaming(nextJob(pool)); job !== null; job = await blaming(nextJob(pool))) {
          await this.#job(job);
          if (this.#stop.signal.aborted) return;
        }
      } catch (error) {
        if (!(error instanceof HubError)) throw error;
        if (this.#stop.signal.aborted) return;
        log.warn({ code: error.code, err: error.message }, "decoding again waits for the database");
        await this.#pause(RETRY_MS);
        this.#again = true;
      }
    }
  }

  async #job(job: RedecodeJob): Promise<void> {
    const { pool, log } = this.#options;
    try {
      if (job.state === "queued") {
        await this.#options.settled();
        if (!(await blaming(beginJob(pool, job)))) return;
      }
      const begun = await blaming(findJob(pool, job.id));
      if (begun === null || !(await this.#devices(begun))) return;
      await blaming(endJob(pool, job.id, "done"));
    } catch (cause) {
      const error = blame(cause);
      if (error instanceof HubError) throw error;
      log.error({ job: job.id, err: error.message }, "frames could not be decoded again");
      await blaming(endJob(pool, job.id, "failed", error.message.slice(0, 500)));
    }
  }

  /** @returns false where it was cancelled or the hub stops */
  async #devices(job: RedecodeJob & { readonly differences: readonly RedecodeDifference[] }): Promise<boolean> {
    const { profiles, registry, ...rest } = this.#options;
    const version = profiles.inForce(job.profile);
    if (version?.id !== job.profile) throw new Error(`${job.profile} is not loaded any more`);
    const others = profiles
      .all()
      .filter(({ id, positions }) => id !== version.id && modelOf(id) === modelOf(version.id) && !positions);
    const progress = { ...job, differences: job.differences.length };
    for (let at = job.deviceAt; at < job.devices.length; at++) {
      const device = registry.deviceById(job.devices[at]);
      const work = new RedecodeDevice({ ...rest, job: progress, version, others, at, device });
      try {
        for (let more = true; more;) {
          if (this.#stop.signal.aborted) return false;
          const began = performance.now();
          more = await this.#yielding(() => work.step());
          this.#options.onChunk?.();
          // at most half of the time, and none while the live path has its hands full
          await this.#pause(Math.max(1, performance.now() - began));
          while (rest.busy() > BUSY && !this.#stop.signal.aborted) await this.#pause(50);
        }
      } catch (error) {
        if (error instanceof CancelledMeanwhile) return false;
        throw error;
      }
    }
    return true;
  }

  /** A transaction that gave way to the live path is tried again. */
  async #yielding<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (cause) {
        const error = blame(cause);
        if (!(error instanceof HubError) || tries >= 5 || this.#stop.signal.aborted) throw error;
        await this.#pause(100 << tries);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
  }
}

import type { CompiledProfile } from "@gridhub/device-profiles/compiled.ts";
import type { Pool } from "pg";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { blaming } from "../store/failure.ts";
import { correcting, correctReadings, readingsAt, type StoredReading } from "../store/queries/correct-readings.ts";
import {
  advanceJob,
  type RedecodeCounts,
  type RedecodeDifference,
  type RedecodeJob,
} from "../store/queries/redecode-jobs.ts";
import {
  eventSpans,
  type FrameRange,
  framesAfter,
  framesBefore,
  framesInTime,
  seriesOf,
  type StoredFrame,
} from "../store/queries/stored-frames.ts";
import type { NewSeries, StoreMode } from "../store/store.ts";
import { VersionReader } from "./frame-samples.ts";
import { type Episode, type Fresh, HistoryRun } from "./history-run.ts";
import { type PlaceChange, type RedecodeLimits, RedecodePlan } from "./redecode-plan.ts";

/** Differences that a job remembers. */
const DIFFERENCES = 500;
const EPISODES_AT_ONCE = 200;

/** The job was cancelled: what the transaction did is not kept. */
export class CancelledMeanwhile extends Error {}

/** How far the job is, in memory; written with every chunk. */
export type Progress = { -readonly [K in "done" | "deviceAt" | "afterRx" | "counts"]: RedecodeJob[K] } & {
  differences: number;
} & Pick<RedecodeJob, "id" | "since" | "until" | "createdAt" | "dryRun">;

export interface RedecodeDeviceOptions {
  readonly pool: Pool;
  readonly mode: StoreMode;
  readonly ensureSeries: (series: readonly NewSeries[]) => Promise<number[]>;
  readonly fresh: Fresh;
  readonly emit: (findings: readonly Finding[]) => Promise<void>;
  readonly limits: RedecodeLimits;
  readonly chunk?: number;
  readonly job: Progress;
  readonly version: CompiledProfile;
  readonly others: readonly CompiledProfile[];
  /** position of the device in the job */
  readonly at: number;
  /** undefined = it is gone: nothing to do */
  readonly device: Device | undefined;
}

/** The frames of one device, chunk by chunk, and then the events that they tell of. */
export class RedecodeDevice {
  readonly #options: RedecodeDeviceOptions;
  #series: Map<string, number> | null = null;
  #readers: VersionReader[] | null = null;
  #page: { readonly frames: readonly StoredFrame[]; readonly plan: RedecodePlan } | null = null;

  constructor(options: RedecodeDeviceOptions) {
    this.#options = options;
  }

  /** Does the next part. Whatever fails, it can be called again. @returns false when the device is done */
  async step(): Promise<boolean> {
    const { pool, job, device, chunk = 250 } = this.#options;
    if (device === undefined) return this.#next();
    const frames = this.#page?.frames ?? (await blaming(framesAfter(pool, this.#range(device), job.afterRx, chunk)));
    if (frames.length === 0) {
      if (job.counts.ofDevice > 0 && this.#options.version.alarms.length > 0)
        job.counts.events += await this.#events(device);
      return this.#next();
    }
    this.#series ??= await this.#seriesOf(device);
    const series = this.#series;
    // A chunk that is tried again must not be read again: what is derived goes on from frame to frame.
    if (this.#page === null) {
      const [version, ...others] = (this.#readers ??= await this.#read(device, frames[0].rx));
      const plan = new RedecodePlan(frames, version, others, (metric) => series.get(metric), this.#options.limits);
      this.#page = { frames, plan };
    }
    const { plan } = this.#page;
    const done = await correcting(pool, this.#options.mode, async (client) => {
      const numbers = await readingsAt(client, "telemetry", plan.places(false));
      const texts = await readingsAt(client, "telemetry_text", plan.places(true));
      const counts: RedecodeCounts = { ...job.counts, refused: { ...job.counts.refused } };
      for (const [reason, n] of plan.refused) counts.refused[reason] = (counts.refused[reason] ?? 0) + n;
      counts.frames += frames.length;
      const sorted = { numbers: none(), texts: none() };
      const differences: RedecodeDifference[] = [];
      for (const change of plan.changes(numbers, texts, () => counts.kept++)) {
        const what = sort(change, change.text ? sorted.texts : sorted.numbers);
        counts[what]++;
        counts.ofDevice++;
        if (job.differences + differences.length < DIFFERENCES)
          differences.push(differenceOf(device.uid, what, change));
      }
      if (!job.dryRun) await correctReadings(client, this.#options.mode, sorted.numbers, sorted.texts);
      const to = {
        done: job.done + frames.length,
        deviceAt: job.deviceAt,
        afterRx: frames[frames.length - 1].rx,
        counts,
        differences,
      };
      if (!(await advanceJob(client, job.id, to))) throw new CancelledMeanwhile();
      return to;
    });
    this.#page = null;
    Object.assign(job, done, { differences: job.differences + done.differences.length });
    return true;
  }

  /** On to the next device: from here on a restart begins with that one. */
  async #next(): Promise<boolean> {
    const { pool, mode, job, at } = this.#options;
    const to = {
      done: job.done,
      deviceAt: at + 1,
      afterRx: null,
      counts: { ...job.counts, ofDevice: 0 },
      differences: [],
    };
    const running = await correcting(pool, mode, (client) => advanceJob(client, job.id, to));
    if (!running) throw new CancelledMeanwhile();
    Object.assign(job, to, { differences: job.differences });
    return false;
  }

  /** The version and the others, each with what it derives of frames that came just before. */
  async #read(device: Device, first: number): Promise<VersionReader[]> {
    const { pool, version, others, fresh, limits, chunk = 250 } = this.#options;
    const readers = [version, ...others].map(
      (profile) => new VersionReader(profile, device, fresh.derived, limits.latenessMs),
    );
    if (!readers.some(({ remembers }) => remembers)) return readers;
    for (const frame of await blaming(framesBefore(pool, device.id, first, chunk)))
      for (const reader of readers) if (reader.remembers) reader.read(frame, () => {});
    return readers;
  }

  #range({ id }: Device): FrameRange {
    const { since, until, createdAt } = this.#options.job;
    return { deviceId: id, since, until, before: createdAt };
  }

  /** A trial creates no series: numbers below zero stand for those that there would be. */
  async #seriesOf({ id }: Device): Promise<Map<string, number>> {
    const { pool, job, version, ensureSeries } = this.#options;
    const wanted = version.metrics.map(({ name, unit }) => ({ deviceId: id, metric: name, unit }));
    if (!job.dryRun && wanted.length > 0) await ensureSeries(wanted);
    const found = await blaming(seriesOf(pool, id));
    for (const [i, { metric }] of wanted.entries()) if (!found.has(metric)) found.set(metric, -1 - i);
    return found;
  }

  /**
   * Alarms that the corrected readings tell of become late events, which sound nowhere and are handed to nobody. What is an event
   * at that time already, found live or by a run before, is not told again. Runs from the beginning after a restart.
   * @returns how many are new
   */
  async #events(device: Device): Promise<number> {
    const { pool, job, version, emit, fresh: from, chunk = 250 } = this.#options;
    const kinds = [...new Set(version.alarms.map(({ event }) => event))];
    const known = await blaming(eventSpans(pool, `device:${device.uid}`, kinds));
    const run = new HistoryRun(device, version, from);
    let fresh: Episode[] = [];
    let count = 0;
    const tell = async (episodes: readonly Episode[], atLeast: number) => {
      for (const episode of episodes) {
        const { raise, clear } = episode;
        if (known.some(({ kind, from, to }) => kind === raise.kind && from <= clear.ts && to >= raise.ts)) continue;
        known.push({ kind: raise.kind, from: raise.ts, to: clear.ts });
        fresh.push(episode);
        count++;
      }
      if (fresh.length < atLeast || fresh.length === 0) return;
      if (!job.dryRun) await emit(fresh.flatMap(({ raise, clear }) => [raise, clear]));
      fresh = [];
    };
    for await (const frames of framesInTime(pool, this.#range(device), chunk)) {
      for (const frame of frames) await tell(run.observe(frame), EPISODES_AT_ONCE);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await tell(run.end(), 1);
    return count;
  }
}

interface Sorted {
  readonly changed: StoredReading[];
  readonly added: StoredReading[];
  readonly removed: StoredReading[];
}

function none(): Sorted {
  return { changed: [], added: [], removed: [] };
}

function sort({ before, after }: PlaceChange, into: Sorted): RedecodeDifference["what"] {
  if (after === null) into.removed.push(before as StoredReading);
  else (before === null ? into.added : into.changed).push(after);
  return after === null ? "removed" : before === null ? "added" : "changed";
}

function differenceOf(device: string, what: RedecodeDifference["what"], change: PlaceChange): RedecodeDifference {
  const { metric, before, after } = change;
  const { time } = (after ?? before) as StoredReading;
  return { device, metric, ts: time, before: before?.value ?? null, after: after?.value ?? null, what };
}

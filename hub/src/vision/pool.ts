import "./no-telemetry.ts";
import { Worker } from "node:worker_threads";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import { HubError } from "../errors.ts";
import type { Detected } from "./detector.ts";
import type { DetectJob, WorkerMessage, WorkerSetup } from "./worker.ts";

/** What came of one frame: per model what it saw, a refused picture, or a detector that broke. */
export type JobResult =
  | { readonly found: readonly { readonly model: number; readonly result: Detected }[] }
  | { readonly rejection: Rejection }
  | { readonly error: string };

interface Slot {
  worker: Worker;
  ready: boolean;
  job: ((result: JobResult) => void) | null;
}

/** Longest wait before a crashed thread is started again, ms. */
const RESTART_MS = 5000;

/**
 * Detector threads. A thread that dies takes its frame with it (the frame is counted as failed) and is started again; the hub
 * stays up.
 */
export class DetectorPool {
  private readonly setup: WorkerSetup;
  private readonly size: number;
  private readonly slots: Slot[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private closed = false;
  private next = 0;
  /** a thread became free */
  onIdle: (() => void) | null = null;
  /** threads that ended by themselves */
  crashes = 0;

  constructor(size: number, setup: WorkerSetup) {
    this.size = size;
    this.setup = setup;
  }

  /** @throws HubError MODEL_INVALID when a thread cannot load the models */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.size }, () => this.spawn()));
  }

  get idle(): boolean {
    return this.slots.some((s) => s.ready && s.job === null);
  }

  /** Runs a frame on a free thread; call only while {@link idle}. The picture is copied, the caller keeps its own. */
  run(models: readonly number[], picture: Uint8Array): Promise<JobResult> {
    const slot = this.slots.find((s) => s.ready && s.job === null);
    if (slot === undefined) return Promise.resolve({ error: "no detector is free" });
    const copy = new Uint8Array(picture);
    const job: DetectJob = { id: this.next++, models, picture: copy };
    return new Promise((resolve) => {
      slot.job = resolve;
      slot.worker.postMessage(job, [copy.buffer]);
    });
  }

  /** Waits for the frames that are being looked at: a thread cannot be ended from outside while its session runs. */
  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    const ended = this.slots.map((s) => new Promise<void>((resolve) => s.worker.once("exit", () => resolve())));
    for (const slot of this.slots) slot.worker.postMessage("close");
    await Promise.all(ended);
  }

  private spawn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: this.setup });
      const slot: Slot = { worker, ready: false, job: null };
      this.slots.push(slot);
      worker.on("message", (message: WorkerMessage) => {
        if ("ready" in message) {
          slot.ready = true;
          resolve();
          this.onIdle?.();
        } else if ("failed" in message) reject(new HubError("MODEL_INVALID", message.failed));
        else this.settle(slot, message);
      });
      worker.on("error", (error) => reject(new HubError("MODEL_INVALID", error.message, { cause: error })));
      worker.on("exit", () => {
        this.slots.splice(this.slots.indexOf(slot), 1);
        const wasReady = slot.ready;
        slot.ready = false;
        this.settle(slot, { error: "the detector thread ended" });
        if (this.closed || !wasReady) return;
        this.crashes++;
        this.restart();
      });
    });
  }

  private restart(): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closed) this.spawn().catch(() => this.restart());
    }, RESTART_MS);
    this.timers.add(timer);
  }

  private settle(slot: Slot, result: JobResult): void {
    const job = slot.job;
    slot.job = null;
    job?.(result);
    if (slot.ready) this.onIdle?.();
  }
}

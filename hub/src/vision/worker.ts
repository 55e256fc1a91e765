/**
 * Body of a detector thread: one single-threaded session a model. Pictures are decoded here too, so that the main thread never
 * touches pixels. One job at a time; the owner sends the next after the answer.
 */
import { parentPort, workerData } from "node:worker_threads";
import sharp from "sharp";
import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { LoadedModel } from "./card.ts";
import { Detector, type Detected } from "./detector.ts";

export interface WorkerSetup {
  /** in the order of {@link DetectJob.models}; bytes, not paths: a file that is exchanged meanwhile is another model's */
  readonly models: readonly LoadedModel[];
  readonly maxPixels: number;
}

export interface DetectJob {
  readonly id: number;
  /** indices into the set-up's models */
  readonly models: readonly number[];
  readonly picture: Uint8Array<ArrayBuffer>;
}

export type WorkerMessage =
  | { readonly ready: true }
  | { readonly failed: string }
  | { readonly id: number; readonly found: readonly { readonly model: number; readonly result: Detected }[] }
  | { readonly id: number; readonly rejection: Rejection }
  | { readonly id: number; readonly error: string };

/** A posture may lower the thresholds of the cards to this share; what is below never leaves the thread. */
const FLOOR = 0.7;

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread only");
const setup = workerData as WorkerSetup;
// one picture at a time on this thread: libvips needs neither its own threads nor a cache
sharp.concurrency(1);
sharp.cache(false);
const answer = (message: WorkerMessage): void => port.postMessage(message);

const detectors: Detector[] = [];
try {
  for (const model of setup.models) {
    const detector = new Detector(model, { maxPixels: setup.maxPixels, floorFactor: FLOOR });
    await detector.start();
    detectors.push(detector);
  }
  answer({ ready: true });
} catch (error) {
  answer({ failed: error instanceof Error ? error.message : String(error) });
}

let running: Promise<unknown> = Promise.resolve();

port.on("message", (job: DetectJob | "close") => {
  if (job === "close") void running.then(end);
  else
    running = run(job).then(answer, (error: unknown) =>
      answer({ id: job.id, error: error instanceof Error ? error.message : String(error) }),
    );
});

/** The thread must end by itself: terminating it while a session runs aborts the whole process (onnxruntime-node 1.30). */
async function end(): Promise<void> {
  for (const detector of detectors) await detector.close();
  port?.close();
}

async function run(job: DetectJob): Promise<WorkerMessage> {
  const found: { model: number; result: Detected }[] = [];
  for (const model of job.models) {
    const result = await detectors[model].detect(job.picture);
    if ("reason" in result) return { id: job.id, rejection: result };
    found.push({ model, result });
  }
  return { id: job.id, found };
}

import { join } from "node:path";
import sharp from "sharp";
import { loadModel } from "../../hub/src/vision/card.ts";
import { Detector } from "../../hub/src/vision/detector.ts";
import { readPicture } from "../../hub/src/vision/picture.ts";
import { DetectorPool } from "../../hub/src/vision/pool.ts";
import { overload } from "./overload.ts";
import { batchBench } from "./vision-batch.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";

const MODEL = join(import.meta.dirname, "../../models/general-coco");
const TURNS = 12;
const TURN_MS = 400;

/**
 * Frames a second of one core from a 720p JPEG to detections, against the ceiling: sharp's decoding of the same JPEG to pixels and the
 * bare session.run, one after the other. Also against session.run alone, and through one detector thread as the hub runs it; then the
 * scheduler under overload, and what batches would bring.
 */
export async function visionBench(): Promise<object> {
  const scene = new SceneCamera({ seed: 4, script: [{ at: 0, scene: "stall" }] });
  const frames = await Promise.all([0, 700, 1900, 3100].map((t) => scene.frame(t)));
  const model = loadModel(MODEL);
  const detector = new Detector(model);
  await detector.start();
  const picture = await readPicture(frames[0], model.card.input);
  if ("reason" in picture) throw new Error(picture.detail);

  // as on a detector thread
  sharp.concurrency(1);
  sharp.cache(false);
  const pool = new DetectorPool(1, { models: [model], maxPixels: 16_000_000 });
  await pool.start();
  const frame = (i: number): Buffer => frames[i % frames.length];
  const [bare, ceiling, decode, whole, thread] = await rates([
    () => detector.run(picture.tensor, picture.dims),
    async (i) => {
      await sharp(frame(i), { sequentialRead: true }).raw().toBuffer();
      await detector.run(picture.tensor, picture.dims);
    },
    (i) => readPicture(frame(i), model.card.input),
    (i) => detector.detect(frame(i)),
    (i) => pool.run([0], frame(i)),
  ]);
  await pool.close();
  await detector.close();

  return {
    frameBytes: frames[0].length,
    barePerSecond: round(bare),
    decodeJpegPerSecond: round(decode),
    jpegToDetectionsPerSecond: round(whole),
    oneThreadPerSecond: round(thread),
    ceilingPerSecond: round(ceiling),
    ratioToCeiling: round(whole / ceiling, 2),
    threadRatioToCeiling: round(thread / ceiling, 2),
    ratioToBare: round(whole / bare, 2),
    threadRatioToBare: round(thread / bare, 2),
    scheduler: overload(),
    batch: await batchBench(frames),
  };
}

/** Calls a second of each; in short turns, so that what else the machine does falls on all of them alike. */
async function rates(runs: readonly ((i: number) => Promise<unknown>)[]): Promise<number[]> {
  const calls = runs.map(() => 0);
  const times = runs.map(() => 0);
  for (let turn = -1; turn < TURNS; turn++) {
    for (let r = 0; r < runs.length; r++) {
      const begin = performance.now();
      let n = 0;
      while (performance.now() - begin < TURN_MS) await runs[r](n++);
      if (turn < 0) continue; // warm-up
      calls[r] += n;
      times[r] += performance.now() - begin;
    }
  }
  return calls.map((n, r) => (n * 1000) / times[r]);
}

function round(v: number, digits = 1): number {
  return Math.round(v * 10 ** digits) / 10 ** digits;
}

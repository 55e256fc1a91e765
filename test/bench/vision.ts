import { join } from "node:path";
import { loadModel } from "../../hub/src/vision/card.ts";
import { Detector } from "../../hub/src/vision/detector.ts";
import { readPicture } from "../../hub/src/vision/picture.ts";
import { DetectorPool } from "../../hub/src/vision/pool.ts";
import { SceneCamera } from "../../simulators/src/camera/scene.ts";

const MODEL = join(import.meta.dirname, "../../models/general-coco");
const SECONDS = 6;

/**
 * Frames a second of one core from a 720p JPEG to detections, against the bare session.run on a tensor that is ready, and the
 * same through one detector thread as the hub runs it.
 */
export async function visionBench(): Promise<object> {
  const scene = new SceneCamera({ seed: 4, script: [{ at: 0, scene: "stall" }] });
  const frames = await Promise.all([0, 700, 1900, 3100].map((t) => scene.frame(t)));
  const model = loadModel(MODEL);
  const detector = new Detector(model);
  await detector.start();
  const picture = await readPicture(frames[0], model.card.input);
  if ("reason" in picture) throw new Error(picture.detail);

  const bare = await rate(() => detector.run(picture.tensor, picture.dims));
  const decode = await rate((i) => readPicture(frames[i % frames.length], model.card.input));
  const whole = await rate((i) => detector.detect(frames[i % frames.length]));
  await detector.close();

  const pool = new DetectorPool(1, { dirs: [MODEL], maxPixels: 16_000_000 });
  await pool.start();
  const thread = await rate((i) => pool.run([0], frames[i % frames.length]));
  await pool.close();

  return {
    frameBytes: frames[0].length,
    barePerSecond: round(bare),
    decodeJpegPerSecond: round(decode),
    jpegToDetectionsPerSecond: round(whole),
    oneThreadPerSecond: round(thread),
    ratioToBare: round(whole / bare, 2),
    threadRatioToBare: round(thread / bare, 2),
  };
}

/** Calls a second, one after the other, after a short warm-up. */
async function rate(run: (i: number) => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 3; i++) await run(i);
  const begin = performance.now();
  let n = 0;
  while (performance.now() - begin < SECONDS * 1000) await run(n++);
  return n / ((performance.now() - begin) / 1000);
}

function round(v: number, digits = 1): number {
  return Math.round(v * 10 ** digits) / 10 ** digits;
}

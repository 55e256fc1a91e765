import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { HubError } from "../errors.ts";
import { findModels, loadModel } from "../vision/card.ts";
import { Detector } from "../vision/detector.ts";

const MODELS = join(import.meta.dirname, "../../../models");
const MAX_PIXELS = 50_000_000;

const HELP = `gridhub detect --model NAME [--json] [--threshold S] IMAGE...

Runs a model over pictures (JPEG or PNG) and prints what it sees, boxes in pixels of the picture.

  --model NAME      a folder of the models directory (see --list)
  --json            one JSON object a picture: image, model, ms, detections [{label, score, box [x, y, w, h]}],
                    down to the card's general threshold, so that a model can be measured over all its scores
  --threshold S     smallest score, 0..1; default: each label's own threshold on the card
  --models DIR      where the models are (default: the ones that came with gridhub)
  --list            names of the models
  --help

Exit code 0 when every picture was read, 1 when one was not (named on stderr), 2 for a wrong call or model.
`;

/** `gridhub detect`; @returns the exit code */
export async function detectCommand(argv: readonly string[]): Promise<number> {
  let args;
  try {
    args = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        model: { type: "string" },
        models: { type: "string", default: MODELS },
        threshold: { type: "string" },
        json: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = args;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const known = findModels(values.models);
  if (values.list) {
    process.stdout.write(known.map((n) => `${n}\n`).join(""));
    return 0;
  }
  if (values.model === undefined) return fail("--model NAME is missing");
  // a name, never a path: what is not a folder of the models directory is not opened
  if (!known.includes(values.model)) return fail(`no model ${values.model}; there is ${known.join(", ") || "none"}`);
  if (positionals.length === 0) return fail("no picture given");
  const threshold = values.threshold === undefined ? undefined : Number(values.threshold);
  if (threshold !== undefined && !(threshold >= 0 && threshold <= 1)) return fail("--threshold must be from 0 to 1");

  let detector: Detector;
  try {
    const model = loadModel(join(values.models, values.model));
    // without --json a person reads it: what the hub would not believe either is left out
    const floor = threshold ?? (values.json ? model.card.threshold : undefined);
    detector = new Detector(model, { maxPixels: MAX_PIXELS, threshold: floor });
    await detector.start();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return fail(`${error.message}\n${error.advice}`);
  }
  let unread = 0;
  for (const image of positionals) {
    const problem = await one(detector, image, values.json);
    if (problem === null) continue;
    unread++;
    process.stderr.write(`gridhub detect: ${image}: ${problem}\n`);
  }
  await detector.close();
  return unread === 0 ? 0 : 1;
}

/** @returns why the picture could not be read, or null */
async function one(detector: Detector, image: string, json: boolean): Promise<string | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(image);
  } catch (error) {
    return error instanceof Error ? error.message : "cannot be read";
  }
  const found = await detector.detect(bytes);
  if ("reason" in found) return `${found.reason}: ${found.detail}`;
  const { ms, detections } = found;
  if (json) process.stdout.write(`${JSON.stringify({ image, model: detector.id, ms, detections })}\n`);
  else {
    process.stdout.write(`${image}  ${ms} ms, ${detections.length} found\n`);
    for (const d of detections)
      process.stdout.write(`  ${d.label.padEnd(16)} ${d.score.toFixed(2)}  ${d.box.join(" ")}\n`);
  }
  return null;
}

function fail(message: string): number {
  process.stderr.write(`gridhub detect: ${message}\n`);
  return 2;
}

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireOrSkip, SHARED_DATA } from "../../../test/support/require.ts";
import { loadModel } from "./card.ts";
import { iou } from "./detection.ts";
import { Detector } from "./detector.ts";

const VTEST = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
const noFootage =
  requireOrSkip("ffmpeg", { program: "ffmpeg" }) || requireOrSkip("vtest.avi of opencv-doc", { path: VTEST });
const VAL = join(SHARED_DATA, "vision/images/val");
const noImages = requireOrSkip("shared vision data", { path: VAL });

const detector = new Detector(loadModel(join(import.meta.dirname, "../../../models/general-coco")));
beforeAll(() => detector.start());
afterAll(() => detector.close());

async function detect(path: string) {
  const found = await detector.detect(readFileSync(path));
  if ("reason" in found) throw new Error(found.detail);
  return found.detections;
}

describe.skipIf(noFootage)(`general model on real footage ${noFootage}`, () => {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-vtest-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("sees the people crossing the yard, and the van where it stands in nearly every frame", async () => {
    execFileSync("ffmpeg", ["-v", "error", "-i", VTEST, "-vf", "fps=0.25", "-q:v", "3", join(dir, "%02d.jpg")]);
    const frames = readdirSync(dir).sort();
    let people = 0;
    let van = 0;
    for (const file of frames) {
      const found = await detect(join(dir, file));
      const persons = found.filter((d) => d.label === "person");
      people += persons.length;
      // nobody in this yard is taller than a quarter of the picture
      expect(Math.max(0, ...persons.map((p) => p.box[3]))).toBeLessThan(170);
      if (found.some((d) => (d.label === "truck" || d.label === "car") && iou(d.box, [642, 42, 83, 60]) > 0.6)) van++;
    }
    expect(frames.length).toBeGreaterThan(15);
    expect(people / frames.length).toBeGreaterThan(4);
    expect(van / frames.length).toBeGreaterThan(0.9);
  });
});

describe.skipIf(noImages)(`general model on photos ${noImages}`, () => {
  it("reads the pictures of home cameras and sees people in some of them, not in all", async () => {
    const files = readdirSync(VAL).filter((f) => f.includes("home"));
    expect(files.length).toBeGreaterThan(20);
    let withPerson = 0;
    for (const file of files) if ((await detect(join(VAL, file))).some((d) => d.label === "person")) withPerson++;
    expect(withPerson).toBeGreaterThan(0);
    expect(withPerson).toBeLessThan(files.length);
  });
});

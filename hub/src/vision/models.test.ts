import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { convertCentreNet, humanModelsDir } from "../../../models/convert/centernet.ts";
import { readTfGraph } from "../../../models/convert/tfjs.ts";
import { HubError } from "../errors.ts";
import { findModels, loadModel } from "./card.ts";
import { Detector } from "./detector.ts";

const MODELS = join(import.meta.dirname, "../../../models");

describe("models that come with the project", () => {
  for (const name of findModels(MODELS)) {
    it(`${name}: the file is the one that its card describes, and the runtime loads it`, async () => {
      const model = loadModel(join(MODELS, name));
      expect(model.card.name).toBe(name);
      const detector = new Detector(model);
      await detector.start();
      await detector.close();
    });
  }

  it("converts the npm package's model to the same bytes again", () => {
    const bytes = convertCentreNet(readTfGraph(humanModelsDir(), "centernet.json"));
    const { card } = loadModel(join(MODELS, "general-coco"));
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(card.sha256);
  });
});

describe("model card", () => {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-model-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const copy = (change: (yaml: string) => string): string => {
    const to = mkdtempSync(join(dir, "m-"));
    cpSync(join(MODELS, "general-coco/model.onnx"), join(to, "model.onnx"));
    writeFileSync(join(to, "model.yaml"), change(readFileSync(join(MODELS, "general-coco/model.yaml"), "utf8")));
    return to;
  };
  const refusal = (path: string): HubError => {
    try {
      loadModel(path);
    } catch (error) {
      if (error instanceof HubError) return error;
    }
    throw new Error("was not refused");
  };

  it("refuses a file with one changed byte", () => {
    const to = copy((y) => y);
    const bytes = readFileSync(join(to, "model.onnx"));
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(join(to, "model.onnx"), bytes);
    expect(refusal(to)).toMatchObject({ code: "MODEL_INVALID", message: expect.stringContaining("sha256") as string });
  });

  it("refuses a card without decoder, with an unknown key, with a label that does not exist, and a missing file", () => {
    expect(refusal(copy((y) => y.replace(/^decoder:\n(?: .*\n)*/m, ""))).message).toContain("decoder");
    expect(refusal(copy((y) => `${y}\nextra: 1\n`)).code).toBe("MODEL_INVALID");
    expect(refusal(copy((y) => y.replace("person: vision.person", "perrson: vision.person"))).message).toContain(
      "perrson",
    );
    expect(refusal(copy((y) => y.replace("file: model.onnx", "file: other.onnx"))).message).toContain("other.onnx");
  });

  it("refuses an intact file that is no network, and one without the outputs that the card names", async () => {
    const to = copy((y) =>
      y.replace(/sha256: .*/, `sha256: ${createHash("sha256").update("no network").digest("hex")}`),
    );
    writeFileSync(join(to, "model.onnx"), "no network");
    await expect(new Detector(loadModel(to)).start()).rejects.toMatchObject({ code: "MODEL_INVALID" });
    const other = copy((y) => y.replace("heat: keypoints", "heat: heatmap"));
    await expect(new Detector(loadModel(other)).start()).rejects.toMatchObject({ code: "MODEL_INVALID" });
  });

  it("finds nothing where there is nothing", () => {
    expect(existsSync(join(dir, "absent"))).toBe(false);
    expect(findModels(join(dir, "absent"))).toEqual([]);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import type { Device } from "../device.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { emptyBatch } from "../store/batch.ts";
import { frameMessage } from "./frame.testing.ts";
import { brightness, putModel } from "./tiny-model.testing.ts";
import { Vision } from "./vision.ts";

// A site's own models and recipes, two of them at one camera: each at its hours and in its zone.

const dir = mkdtempSync(join(tmpdir(), "gridhub-schedule-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** 2025-11-22 00:00 in Shanghai */
const MIDNIGHT = 1_763_740_800_000;
const at = (hour: number, minute = 0): number => MIDNIGHT + hour * 3_600_000 + minute * 60_000;

const recipe = (name: string, model: string, zone: string, hours: string) => ({
  ...{ name, event: `vision.${name}`, title: name, titleZh: name, severity: 3, model, everywhere: true, zone, hours },
  roles: [{ role: "light", labels: ["light"], stay: "0s" }],
  ...{ dwell: "0s", votes: { k: 1, n: 1 }, absent: 1, absentFor: "0s", update: "1h", radius: 0 },
});

function setUp(): void {
  // boxes whose score is the brightness of the picture: one at the left, one at the right
  putModel(join(dir, "models"), "left", "1.0.0", brightness([16, 48, 16, 16]));
  putModel(join(dir, "models"), "right", "2.1.0", brightness([48, 48, 16, 16]));
  mkdirSync(join(dir, "recipes"));
  const put = (name: string, ...rest: [string, string, string]) =>
    writeFileSync(join(dir, "recipes", `${name}.yaml`), stringify(recipe(name, ...rest)));
  put("day", "left", "day_zone", "day_hours");
  put("night", "right", "night_zone", "night_hours");
}

it("runs the models whose recipes have their hours, judges in each recipe's zone, and ends what began after hours", async () => {
  setUp();
  let now = at(12);
  const vision = new Vision({
    ...{ modelsDir: join(dir, "models"), recipesDir: join(dir, "recipes"), mediaDir: join(dir, "media") },
    ...{ workers: 1, durationScale: 1, log: silentLog, clock: () => now, timeZone: "Asia/Shanghai" },
  });
  await vision.start();
  const camera = (name: string, attributes: Device["attributes"]) =>
    ({
      ...{ id: 1, uid: `port/${name}`, site: "port", name, attributes, lon: null, lat: null, gridId: null },
      edge: { id: 1, key: "port/edge", site: "port", name: "edge", title: "" },
    }) as unknown as Device;
  // with grain: a picture of one grey could as well be a covered lens
  const picture = (mean: number, sigma: number) =>
    sharp({
      create: { width: 320, height: 320, channels: 3, background: "#000", noise: { type: "gaussian", mean, sigma } },
    })
      .jpeg()
      .toBuffer();
  const [lit, dark] = [await picture(180, 30), await picture(30, 25)];
  const found: Finding[] = [];
  /** @returns models that looked at it */
  async function look(device: Device, ts: number, jpeg = lit): Promise<string[]> {
    now = ts;
    const { inferred, dropped } = vision.stats();
    vision.offer(device, frameMessage({ ts, w: 320, h: 320 }, jpeg), ts);
    await vi.waitFor(
      () => {
        const after = vision.stats();
        expect(after.inferred + after.dropped.disabled).toBe(inferred + dropped.disabled + 1);
      },
      { timeout: 20_000 },
    );
    const before = new Map(vision.models().map((m) => [m.name, m.frames]));
    const batch = emptyBatch(1);
    vision.collect(batch, found, ts);
    expect(new Map(vision.models().map((m) => [m.name, m.frames]))).toEqual(before);
    return batch.detections.map((d) => d.model).sort();
  }
  const said = () => found.splice(0).map((f) => [f.kind, f.phase, (f.evidence as { model: string }).model]);

  const half = { day_zone: "0,0 0.5,0 0.5,1 0,1", night_zone: "0.5,0 1,0 1,1 0.5,1" };
  const hours = { day_hours: "07:00-21:00", night_hours: "20:00-06:00" };
  const one = camera("one", { ...half, ...hours });
  expect(await look(one, at(12))).toEqual(["left@1.0.0"]);
  expect(said()).toEqual([["vision.day", "raise", "left@1.0.0"]]);
  // both have their hours
  expect(await look(one, at(20, 30))).toEqual(["left@1.0.0", "right@2.1.0"]);
  expect(said()).toEqual([
    ["vision.day", "update", "left@1.0.0"],
    ["vision.night", "raise", "right@2.1.0"],
  ]);
  // after hours: nothing counts, so what had begun ends, although it is still to be seen
  expect(await look(one, at(22), lit)).toContain("right@2.1.0");
  expect(said().filter(([kind]) => kind === "vision.day")).toEqual([["vision.day", "clear", "left@1.0.0"]]);
  expect(await look(one, at(23), dark)).toEqual([]);
  expect(said().filter(([, phase]) => phase !== "update")).toEqual([["vision.night", "clear", "right@2.1.0"]]);
  // between the hours no model is asked at all
  const { inferred } = vision.stats();
  await look(one, at(24 + 6, 30));
  expect(vision.stats()).toMatchObject({ inferred, dropped: { disabled: 1 } });

  // the same models with the zones changed round see nothing where they look
  const two = camera("two", { day_zone: half.night_zone, night_zone: half.day_zone, ...hours });
  expect(await look(two, at(24 + 20, 30))).toEqual(["left@1.0.0", "right@2.1.0"]);
  expect(said()).toEqual([]);
  await vision.close();
});

it("takes a township's recipes from a folder of its own, which may replace one that comes along", async () => {
  const own = join(dir, "own");
  mkdirSync(own);
  writeFileSync(join(own, "mine.yaml"), stringify(recipe("mine", "left", "zone", "watch_hours")));
  writeFileSync(join(own, "day.yaml"), stringify({ ...recipe("day", "right", "zone", "watch_hours"), severity: 1 }));
  const vision = new Vision({
    ...{
      modelsDir: join(dir, "models"),
      recipesDir: join(dir, "recipes"),
      recipes: [own],
      mediaDir: join(dir, "media"),
    },
    ...{ workers: 1, durationScale: 1, log: silentLog },
  });
  await vision.start();
  const device = { uid: "port/x", edge: { id: 1 }, name: "x", attributes: {} } as unknown as Device;
  expect(vision.camera(device, Date.now()).looks.map((l) => [l.recipe, l.models])).toEqual([
    ["day", ["right@2.1.0"]],
    ["night", ["right@2.1.0"]],
    ["mine", ["left@1.0.0"]],
  ]);
  await vision.close();
  writeFileSync(join(own, "broken.yaml"), "name: [");
  const broken = new Vision({
    ...{ modelsDir: "", recipesDir: own, mediaDir: join(dir, "media"), workers: 1, durationScale: 1, log: silentLog },
  });
  const message = expect.stringMatching(/^broken\.yaml: /) as string;
  await expect(broken.start()).rejects.toMatchObject({ code: "MODEL_INVALID", message });
});

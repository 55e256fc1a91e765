import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { exposureOf, isGrey, sightAt, SETTLE_MS, type LightStep } from "./day-night.ts";
import { SceneCamera, type SceneName, type SceneStep } from "./scene.ts";

const [WIDTH, HEIGHT] = [320, 180];
const NIGHT = { light: 0.05, infrared: true } as const;
const camera = (script: readonly SceneStep[], seed = 6) =>
  new SceneCamera({ seed, width: WIDTH, height: HEIGHT, script });
const pixels = async (jpeg: Buffer) => sharp(jpeg).removeAlpha().raw().toBuffer();

/** mean of the first channel in a box, and the brightest value */
function grey(raw: Buffer, [x, y, w, h]: readonly number[]): { mean: number; most: number } {
  let [sum, most, n] = [0, 0, 0];
  for (let py = Math.round(y); py < Math.min(HEIGHT, y + h); py++) {
    for (let px = Math.max(0, Math.round(x)); px < Math.min(WIDTH, x + w); px++, n++) {
      const v = raw[(py * WIDTH + px) * 3];
      sum += v;
      most = Math.max(most, v);
    }
  }
  return { mean: sum / n, most };
}

describe("a camera that decides between day and night", () => {
  const auto = (...lights: [at: number, light: number][]): LightStep[] =>
    lights.map(([at, light]) => ({ at, light, infrared: "auto" }));

  it("has hysteresis, and waits until the light has settled", () => {
    const script = auto([0, 0.6], [10_000, 0.25], [20_000, 0.1], [40_000, 0.25], [60_000, 0.5]);
    const seen = [0, 15_000, 20_000 + SETTLE_MS - 1, 20_000 + SETTLE_MS, 50_000, 60_000 + SETTLE_MS - 1, 90_000];
    expect(seen.map((t) => sightAt(script, t).infrared)).toEqual([false, false, false, true, true, true, false]);
    expect(sightAt(script, 27_000).sinceMs).toBe(2000);
  });

  it("does not follow a headlight or a cloud, however often they come", () => {
    const blinks = Array.from({ length: 20 }, (_, i): [number, number] => [
      i * (SETTLE_MS - 1),
      i % 2 === 0 ? 0.1 : 0.6,
    ]);
    for (let t = 0; t < 90_000; t += 500) expect(sightAt(auto(...blinks), t)).toMatchObject({ infrared: true });
  });

  it("counts a dusk in several steps as one darkness", () => {
    const script = auto([0, 1], [10_000, 0.19], [12_000, 0.15], [14_000, 0.1]);
    expect(sightAt(script, 10_000 + SETTLE_MS)).toEqual({ infrared: true, sinceMs: 0 });
  });

  it("was always what it is at the script's beginning, and changes at once by script", () => {
    expect(sightAt([{ at: 0, infrared: true }], 5)).toEqual({ infrared: true, sinceMs: Infinity });
    const ordered = [{ at: 0 }, { at: 1000, infrared: true }, { at: 2000 }];
    expect([999, 1000, 2000].map((t) => sightAt(ordered, t).infrared)).toEqual([false, true, false]);
    expect(sightAt([], 7)).toEqual({ infrared: false, sinceMs: Infinity });
  });

  it("is blinded while the filter moves, and exposes anew within seconds", () => {
    const at = (infrared: boolean, sinceMs: number) => exposureOf({ infrared, sinceMs });
    expect(at(true, 100)).toBeGreaterThan(3);
    expect(at(false, 100)).toBeLessThan(0.4);
    expect([at(true, 5000), at(false, 5000)]).toEqual([1, 1]);
    expect([100, 300].map((sinceMs) => isGrey({ infrared: true, sinceMs }))).toEqual([false, true]);
  });
});

describe("a picture by infrared", () => {
  const scenes: SceneName[] = ["empty", "stall", "traffic", "fire", "smoke", "lamp"];

  it("has no colour, whatever it shows, and is the same for the same seed", async () => {
    for (const scene of scenes) {
      const script: SceneStep[] = [{ at: 0, scene, ...NIGHT, rain: scene === "traffic" ? 0.7 : 0 }];
      const jpeg = await camera(script).frame(62_000);
      expect(jpeg.equals(await camera(script).frame(62_000)), scene).toBe(true);
      const raw = await pixels(jpeg);
      let coloured = 0;
      for (let i = 0; i < raw.length; i += 3) if (raw[i] !== raw[i + 1] || raw[i] !== raw[i + 2]) coloured++;
      expect(coloured, scene).toBe(0);
    }
    const [one, other] = [1, 2].map((seed) => camera([{ at: 0, scene: "empty", ...NIGHT }], seed).frame(0));
    expect((await one).equals(await other)).toBe(false);
  });

  it("is lit from the camera: less far away, less at the edges, nothing in the sky", async () => {
    const raw = await pixels(await camera([{ at: 0, scene: "empty", ...NIGHT }]).frame(0));
    const near = grey(raw, [140, 125, 40, 15]).mean;
    const far = grey(raw, [140, 86, 40, 8]).mean;
    const edge = grey(raw, [0, 125, 20, 15]).mean;
    expect(near).toBeGreaterThan(3 * far);
    expect(near).toBeGreaterThan(1.5 * edge);
    expect(grey(raw, [0, 0, WIDTH, 3]).mean).toBeLessThan(10);
  });

  it("shows flames, lamps and reflectors clipped, and a figure by the light at its feet", async () => {
    for (const scene of ["fire", "lamp", "car"] as const) {
      const night = camera([{ at: 0, scene, ...NIGHT }]);
      expect(grey(await pixels(await night.frame(60_000)), [0, 0, WIDTH, HEIGHT]).most, scene).toBeGreaterThan(250);
    }
    const stall = camera([{ at: 0, scene: "stall", ...NIGHT }]);
    const canopy = stall.truth(0).objects.find((o) => o.label === "umbrella")!;
    const empty = await pixels(await camera([{ at: 0, scene: "empty", ...NIGHT }]).frame(0));
    // it hangs before walls that lie in the dark
    const lit = grey(await pixels(await stall.frame(0)), canopy.box).mean;
    expect(lit).toBeGreaterThan(1.8 * grey(empty, canopy.box).mean);
  });

  it("has more noise than by day", async () => {
    const stir = async (step: Omit<SceneStep, "at" | "scene">): Promise<number> => {
      const cam = camera([{ at: 0, scene: "empty", ...step }]);
      const [a, b] = await Promise.all([cam.frame(0).then(pixels), cam.frame(1000).then(pixels)]);
      return a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
    };
    expect(await stir(NIGHT)).toBeGreaterThan(1.5 * (await stir({})));
  });

  it("flashes when the filter leaves, is dark for a moment when it comes back, and says in the truth what it is", async () => {
    const cam = camera([
      { at: 0, scene: "car", light: 0.6, infrared: "auto" },
      { at: 10_000, scene: "car", light: 0.1, infrared: "auto" },
      { at: 30_000, scene: "car", light: 0.6, infrared: "auto" },
    ]);
    const bright = async (t: number) => grey(await pixels(await cam.frame(t)), [0, 0, WIDTH, HEIGHT]).mean;
    const settled = await bright(25_000);
    expect(await bright(15_300)).toBeGreaterThan(1.6 * settled);
    expect(await bright(35_300)).toBeLessThan(0.6 * (await bright(45_000)));
    expect([5000, 15_100, 15_300, 25_000, 45_000].map((t) => cam.truth(t).infrared)).toEqual([
      ...[false, false, true, true, false],
    ]);
    expect(cam.truth(5000).objects).toEqual(cam.truth(25_000).objects);
  });

  it("begins no scene anew when the light changes", () => {
    const steps: SceneStep[] = [
      { at: 0, scene: "fire" },
      { at: 90_000, scene: "fire", ...NIGHT },
    ];
    const boxes = [89_999, 90_001].map((t) => camera(steps).truth(t).objects[0].box[3]);
    expect(boxes[1]).toBeGreaterThanOrEqual(boxes[0]);
  });
});

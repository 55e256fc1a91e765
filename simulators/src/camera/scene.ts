import sharp from "sharp";
import { mulberry32 } from "@gridhub/device-profiles/seeded-random.ts";
import { actorsOf, OUTFIT_COUNT, type Actor } from "./actors.ts";
import { backdrop, DEFS, DEFS_INFRARED, type Place } from "./backdrop.ts";
import { paintFlames, paintSmoke, type Burning, type Canvas } from "./burning.ts";
import { exposureOf, isGrey, sightAt, type Sight } from "./day-night.ts";
import { InfraredLamp, paintInfrared, paintSparks, takeColour, type InfraredScene } from "./infrared.ts";
import { moveBox, poseAt, shakePicture, type Pose, type Shake } from "./shake.ts";
import { nightfall, rain } from "./weather.ts";

export const SCENES = [
  ...(["empty", "stall", "walker", "crowd", "group", "boat"] as const),
  ...(["car", "truck", "traffic", "litter", "bin", "overflow", "fire", "smoke", "lamp"] as const),
] as const;
export type SceneName = (typeof SCENES)[number];

/** From `at` (ms of scene time) on this is seen, until the next step. */
export interface SceneStep {
  readonly at: number;
  readonly scene: SceneName;
  /** 0..1 dims the picture (dusk 0.4, night 0.15) */
  readonly light?: number;
  /** lit by street lamps as well, as a camera's night picture is; `light` is what the sky gives */
  readonly night?: boolean;
  /** 0..1 */
  readonly rain?: number;
  /** grey by the camera's own infrared light; "auto": the camera changes by `light` with hysteresis (`day-night.ts`) */
  readonly infrared?: boolean | "auto";
  /** wind on the mast */
  readonly shake?: Shake;
}

export interface TruthObject {
  readonly label: string;
  /** left, top, width, height, pixels of the frame */
  readonly box: readonly [number, number, number, number];
}

/** What a frame shows, known because it was painted. */
export interface Truth {
  readonly scene: SceneName;
  readonly light: number;
  /** the picture is grey, by infrared */
  readonly infrared: boolean;
  readonly objects: TruthObject[];
}

export interface SceneOptions {
  readonly seed: number;
  readonly width?: number;
  readonly height?: number;
  readonly place?: Place;
  readonly script?: readonly SceneStep[];
}

/** Contract limit of a frame message less its header, bytes. */
const MAX_JPEG = 120_000;
/** user units of the drawing */
const [W, H] = [1280, 720];
/** figures are drawn sharper than any camera sees them; sigma in pixels */
const LENS = 0.7;
/** values of the noise field, a power of two */
const NOISE = 1 << 18;

/**
 * A fixed camera over a street or a quay. Frames depend on seed and time alone: the same call gives the same bytes. The scenes
 * were built with the general model in the loop; test/e2e/vision-scenes.test.ts holds them to it.
 */
export class SceneCamera {
  private readonly seed: number;
  private readonly width: number;
  private readonly height: number;
  private readonly place: Place;
  private readonly script: readonly SceneStep[];
  private readonly outfit: number;
  private base: Promise<Buffer> | null = null;
  private greyBase: Promise<Buffer> | null = null;
  private lamp: InfraredLamp | null = null;
  private noise: Int8Array | null = null;

  constructor(options: SceneOptions) {
    this.seed = options.seed;
    this.width = options.width ?? W;
    this.height = options.height ?? H;
    this.place = options.place ?? "street";
    this.script = [...(options.script ?? [])].sort((a, b) => a.at - b.at);
    this.outfit = Math.floor(mulberry32(options.seed)() * OUTFIT_COUNT);
  }

  /** @param tMs scene time, ms from the start of the script; @returns a JPEG of at most 120 KB */
  async frame(tMs: number): Promise<Buffer> {
    const step = this.step(tMs);
    const sight = sightAt(this.script, tMs);
    const grey = isGrey(sight);
    const raw = Buffer.from(await this.empty(grey));
    const canvas = { raw, width: this.width, height: this.height };
    const light = step.light ?? 1;
    if (grey) await this.paintGrey(canvas, step, tMs);
    else await this.paintColours(canvas, step, tMs);
    if (Number.isFinite(sight.sinceMs)) adjust(raw, sight);
    if (step.shake !== undefined && step.shake.amplitude > 0)
      shakePicture(canvas, step.shake, tMs, this.seed, grey || light < 0.5 ? 40 : 20);
    if (step.rain !== undefined && step.rain > 0) rain(canvas, step.rain, this.seed + Math.floor(tMs), grey ? 2.2 : 1);
    if (grey) this.exposeGrey(raw, tMs);
    else this.expose(raw, light, tMs);
    const image = sharp(raw, { raw: { width: this.width, height: this.height, channels: 3 } });
    for (const quality of [80, 70, 60, 45]) {
      const jpeg = await image.clone().jpeg({ quality }).toBuffer();
      if (jpeg.length <= MAX_JPEG) return jpeg;
    }
    return image.jpeg({ quality: 25 }).toBuffer();
  }

  truth(tMs: number): Truth {
    const step = this.step(tMs);
    const [sx, sy] = [this.width / W, this.height / H];
    const objects = this.actors(step, tMs).map(({ label, box }): TruthObject => {
      const [left, right] = [Math.max(0, box[0]), Math.min(W, box[0] + box[2])];
      return { label, box: [left * sx, box[1] * sy, (right - left) * sx, box[3] * sy] };
    });
    const fire = this.burning(step, tMs);
    if (fire !== null) {
      const { x, y, w, h } = fire;
      objects.push({ label: step.scene, box: [x - w / 2, y - h, w, h] });
    }
    const pose = this.pose(tMs);
    const moved =
      pose === null
        ? objects
        : objects.map(({ label, box }) => ({ label, box: moveBox(box, pose, this.width, this.height) }));
    return {
      scene: step.scene,
      light: step.light ?? 1,
      infrared: isGrey(sightAt(this.script, tMs)),
      objects: moved.filter(({ box }) => pose === null || (box[2] > 0 && box[3] > 0)),
    };
  }

  /** Where the wind has moved the picture to; null = it is where it belongs. */
  pose(tMs: number): Pose | null {
    const { shake } = this.step(tMs);
    return shake === undefined || shake.amplitude === 0 ? null : poseAt(shake, tMs, this.seed, this.width);
  }

  private step(tMs: number): SceneStep {
    return this.script.findLast((s) => s.at <= tMs) ?? { at: 0, scene: "empty" };
  }

  /** ms since the scene began: another light over the same scene begins nothing anew. */
  private age(step: SceneStep, tMs: number): number {
    let i = this.script.lastIndexOf(step);
    while (i > 0 && this.script[i - 1].scene === step.scene) i--;
    return tMs - (this.script.at(Math.max(i, 0))?.at ?? 0);
  }

  private actors(step: SceneStep, tMs: number): Actor[] {
    return actorsOf(step.scene, this.place, this.seed, this.outfit, this.age(step, tMs), tMs);
  }

  private async paintColours(canvas: Canvas, step: SceneStep, tMs: number): Promise<void> {
    const { raw } = canvas;
    const light = step.light ?? 1;
    const actors = this.actors(step, tMs);
    if (actors.length > 0) await this.paintActors(raw, actors);
    if (step.night === true) nightfall(canvas, light);
    else if (light !== 1) for (let i = 0; i < raw.length; i++) raw[i] *= light;
    this.paintBurning(canvas, step, tMs);
    if (step.scene === "lamp") paintLamp(canvas, this.seed);
  }

  /** The same by infrared: three equal channels. */
  private async paintGrey(canvas: Canvas, step: SceneStep, tMs: number): Promise<void> {
    const feet = new Int16Array(this.width * this.height);
    const actors = this.actors(step, tMs);
    if (actors.length > 0) await this.paintActors(canvas.raw, actors, feet);
    this.lamp ??= new InfraredLamp(this.width, this.height, this.place);
    const fire = step.scene === "fire" ? this.burning(step, tMs) : null;
    // a fire that fills a good part of the picture makes the rest of it dark
    const stop = fire === null ? 1 : 1 / (1 + (8 * fire.w * fire.h) / (this.width * this.height));
    const scene: InfraredScene = {
      ...{ lamp: this.lamp, feet, stop },
      ...{ sky: Math.min(step.light ?? 1, 1), lamps: step.night === true },
    };
    paintInfrared(canvas, scene);
    const sparks = actors.flatMap(({ foot, sparks }) => sparks.map((s) => ({ ...s, foot })));
    paintSparks(canvas, sparks, scene, this.width / W, this.height / H);
    this.paintBurning(canvas, step, tMs, true);
    if (step.scene === "lamp") paintLamp(canvas, this.seed);
    takeColour(canvas.raw);
  }

  /** Where it burns or smoulders, in pixels of the frame; grows for two minutes. Null = it does not. */
  private burning(step: SceneStep, tMs: number): Burning | null {
    if (step.scene !== "fire" && step.scene !== "smoke") return null;
    const [sx, sy] = [this.width / W, this.height / H];
    const grown = 0.55 + 0.45 * Math.min(1, this.age(step, tMs) / 120_000);
    const ground = this.place === "street" ? 560 : 640;
    const size = step.scene === "fire" ? { w: 150, h: 210 } : { w: 420, h: 430 };
    const x = 640 + ((this.seed * 131) % 460) - 230;
    return { x: x * sx, y: ground * sy, w: size.w * grown * sx, h: size.h * grown * sy };
  }

  /** What gives light of its own is painted after the night has fallen. */
  private paintBurning(canvas: Canvas, step: SceneStep, tMs: number, infrared = false): void {
    const fire = this.burning(step, tMs);
    const t = tMs / 1000;
    // exposed for its own lamp the sensor shows less of a fire's glow than by a dark night's exposure
    const dark = !infrared && (step.light ?? 1) < 0.5;
    if (fire === null) return;
    const lit = infrared || step.night === true ? 0.55 : (step.light ?? 1);
    if (step.scene === "smoke") {
      const wind = ((this.seed % 5) - 2) / 2;
      paintSmoke(canvas, fire, t, this.seed, { thickness: 0.92, shade: (this.seed % 3 === 0 ? 70 : 190) * lit, wind });
    } else {
      const plume = { x: fire.x, y: fire.y - fire.h * 0.6, w: fire.w * 1.8, h: fire.h * 1.5 };
      paintSmoke(canvas, plume, t, this.seed + 3, { thickness: 0.5, shade: 60 * lit, wind: 0.4 });
      paintFlames(canvas, fire, t, this.seed, dark);
    }
  }

  private empty(grey: boolean): Promise<Buffer> {
    return grey ? (this.greyBase ??= this.paintBase(DEFS_INFRARED)) : (this.base ??= this.paintBase(DEFS));
  }

  private paintBase(defs: string): Promise<Buffer> {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${W} ${H}"
      preserveAspectRatio="none">${defs}${backdrop(this.place, this.seed)}</svg>`;
    return sharp(Buffer.from(svg)).removeAlpha().blur(LENS).raw().toBuffer();
  }

  /**
   * Draws the figures over the picture, in place; only the part of it where they are.
   * @param feet takes the row of the foot of the figure that a pixel shows
   */
  private async paintActors(raw: Buffer, actors: readonly Actor[], feet?: Int16Array): Promise<void> {
    const [sx, sy] = [this.width / W, this.height / H];
    // room for shadows and handlebars around what counts as the object
    const left = Math.max(0, Math.floor((Math.min(...actors.map((a) => a.box[0])) - 60) * sx));
    const top = Math.max(0, Math.floor((Math.min(...actors.map((a) => a.box[1])) - 40) * sy));
    const right = Math.min(this.width, Math.ceil((Math.max(...actors.map((a) => a.box[0] + a.box[2])) + 60) * sx));
    const bottom = Math.min(this.height, Math.ceil((Math.max(...actors.map((a) => a.foot)) + 20) * sy));
    const [w, h] = [right - left, bottom - top];
    if (w < 4 || h < 4) return;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="${left / sx} ${top / sy} ${w / sx} ${h / sy}"
      preserveAspectRatio="none">${DEFS}${actors.map((a) => a.svg).join("")}</svg>`;
    const over = await sharp(Buffer.from(svg)).ensureAlpha().blur(LENS).raw().toBuffer();
    for (let y = 0; y < h; y++) {
      let to = ((top + y) * this.width + left) * 3;
      let from = y * w * 4;
      for (let x = 0; x < w; x++, to += 3, from += 4) {
        const alpha = over[from + 3];
        if (alpha === 0) continue;
        for (let c = 0; c < 3; c++) raw[to + c] += ((over[from + c] - raw[to + c]) * alpha) / 255;
        if (feet !== undefined && alpha > 127) {
          const [ux, uy] = [(left + x) / sx, (top + y) / sy];
          const front = actors.findLast(({ box, foot }) => ux >= box[0] && ux <= box[0] + box[2] && uy <= foot);
          feet[to / 3] = Math.min(this.height - 1, Math.round((front?.foot ?? 0) * sy));
        }
      }
    }
  }

  /** Noise at the gain of infrared: one value a pixel, and the rows' own that such sensors show. */
  private exposeGrey(raw: Buffer, tMs: number): void {
    const noise = this.noiseField();
    const size = noise.length;
    let at = Math.floor(mulberry32(this.seed + Math.floor(tMs))() * size);
    for (let y = 0, i = 0; y < this.height; y++) {
      const row = noise[(at + y * 7919) & (size - 1)] * 0.35;
      for (let x = 0; x < this.width; x++, i += 3) {
        const v = raw[i] + noise[(at = (at + 1) & (size - 1))] * 2.1 + row;
        raw[i] = raw[i + 1] = raw[i + 2] = v < 0 ? 0 : v > 255 ? 255 : v;
      }
    }
  }

  private noiseField(): Int8Array {
    if (this.noise === null) {
      const random = mulberry32(this.seed ^ 0x5eed);
      this.noise = Int8Array.from({ length: NOISE }, () => (random() + random() - 1) * 9);
    }
    return this.noise;
  }

  /** Sensor noise, in place. Noise is one seeded field that shifts from frame to frame; darkness shows more of it. */
  private expose(raw: Buffer, light: number, tMs: number): void {
    const noise = this.noiseField();
    const size = NOISE;
    let at = Math.floor(mulberry32(this.seed + Math.floor(tMs))() * size);
    const gain = 1 + (1 - light) * 1.2;
    for (let i = 0; i < raw.length; i++) {
      const v = raw[i] + noise[(at = (at + 1) & (size - 1))] * gain;
      raw[i] = v < 0 ? 0 : v > 255 ? 255 : v;
    }
  }
}

/** What the exposure makes of the moment after the filter moved, in place; colours without it are too red. */
function adjust(raw: Buffer, sight: Sight): void {
  const gain = exposureOf(sight);
  if (gain === 1) return;
  const pink = sight.infrared && !isGrey(sight) ? [1.1, 0.78, 0.98] : [1, 1, 1];
  for (let i = 0; i < raw.length; i++) raw[i] = Math.min(255, raw[i] * gain * pink[i % 3]);
}

/** A sodium lamp with its halo, high on a wall: bright, warm, and always the same. */
function paintLamp({ raw, width, height }: Canvas, seed: number): void {
  const [cx, cy, r] = [width * (0.3 + ((seed * 37) % 40) / 100), height * 0.42, height * 0.05];
  for (let y = Math.floor(cy - 4 * r); y < cy + 4 * r; y++) {
    for (let x = Math.floor(cx - 4 * r); x < cx + 4 * r; x++) {
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const d = Math.hypot(x - cx, y - cy) / r;
      const g = d < 1 ? 1 : Math.max(0, 1 - (d - 1) / 3) ** 2 * 0.7;
      const at = (y * width + x) * 3;
      raw[at] = Math.min(255, raw[at] + 255 * g);
      raw[at + 1] = Math.min(255, raw[at + 1] + 190 * g);
      raw[at + 2] = Math.min(255, raw[at + 2] + 90 * g);
    }
  }
}

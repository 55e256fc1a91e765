import sharp from "sharp";
import { backdrop, DEFS, type Place } from "./backdrop.ts";
import { bicycle, chair, stallTable, umbrella } from "./goods.ts";
import { person, type Outfit } from "./person.ts";
import { seeded } from "./random.ts";
import { boat } from "./vehicle.ts";

export type SceneName = "empty" | "stall" | "walker" | "boat";

/** From `at` (ms of scene time) on this is seen, until the next step. `light` 0..1 dims the picture (dusk 0.4, night 0.15). */
export interface SceneStep {
  readonly at: number;
  readonly scene: SceneName;
  readonly light?: number;
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
  readonly objects: TruthObject[];
}

/** box in user units of the drawing */
interface Actor extends TruthObject {
  readonly svg: string;
  readonly foot: number;
}

type Draw = (x: number, y: number, h: number) => string;

/** @param aspect width / height of the figure @param part of its height, from the top, that counts as the object */
function actor(label: string, x: number, y: number, h: number, aspect: number, draw: Draw, part = 1): Actor {
  return { label, svg: draw(x, y, h), foot: y, box: [x - (h * aspect) / 2, y - h, h * aspect, h * part] };
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

const OUTFITS: readonly Outfit[] = [
  { skin: "#c99b7a", hair: "#221a16", top: "#8a2f2b", bottom: "#33405a" },
  { skin: "#c4946f", hair: "#1d1815", top: "#5a1f1f", bottom: "#222326" },
  { skin: "#d0a584", hair: "#2a211c", top: "#c8622e", bottom: "#26314a" },
];

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
  private noise: Int8Array | null = null;

  constructor(options: SceneOptions) {
    this.seed = options.seed;
    this.width = options.width ?? W;
    this.height = options.height ?? H;
    this.place = options.place ?? "street";
    this.script = [...(options.script ?? [])].sort((a, b) => a.at - b.at);
    this.outfit = Math.floor(seeded(options.seed)() * OUTFITS.length);
  }

  /** @param tMs scene time, ms from the start of the script; @returns a JPEG of at most 120 KB */
  async frame(tMs: number): Promise<Buffer> {
    const step = this.step(tMs);
    this.base ??= this.paintBase();
    const raw = Buffer.from(await this.base);
    const actors = this.actors(step, tMs);
    if (actors.length > 0) await this.paintActors(raw, actors);
    this.expose(raw, step.light ?? 1, tMs);
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
    return { scene: step.scene, light: step.light ?? 1, objects };
  }

  private step(tMs: number): SceneStep {
    return this.script.findLast((s) => s.at <= tMs) ?? { at: 0, scene: "empty" };
  }

  private actors(step: SceneStep, tMs: number): Actor[] {
    const wear = OUTFITS[this.outfit];
    const ground = this.place === "street" ? 530 : 620;
    if (step.scene === "stall") {
      // the vendor shifts weight and moves a little behind the goods
      const sway = 2 * Math.sin(tMs / 2300) + Math.sin(tMs / 710);
      const stance = 0.75 + 0.06 * Math.sin(tMs / 900);
      return [
        // what the model calls an umbrella is the canopy
        actor("umbrella", 560, ground - 20, 250, 0.96, (x, y, h) => umbrella(x, y, h, ["#2b5fa8", "#2b5fa8"]), 0.32),
        actor("bicycle", 330, ground + 14, 112, 1.52, (x, y, h) => bicycle(x, y, h, "#2f5d8c")),
        actor("dining table", 520, ground + 28, 100, 1.8, stallTable),
        actor("chair", 868, ground + 6, 96, 0.7, (x, y, h) => chair(x, y, h, "#8a2f2b")),
        actor("person", 757 + sway, ground, 165, 0.3, (x, y, h) => person(x, y, h, wear, stance)),
      ];
    }
    if (step.scene === "walker") {
      // crosses the picture at 1.4 m/s (a person is 1.7 m = 180 pixels) and comes back
      const path = (((tMs - step.at) / 1000) * 148) % (2 * W);
      const out = path < W;
      const stride = Math.sin((tMs / 1000) * 2 * Math.PI * 0.9);
      const draw: Draw = (x, y, h) => person(x, y, h, wear, stride, out ? 1 : -1);
      return [actor("person", out ? path : 2 * W - path, ground - 10, 180, 0.3, draw)];
    }
    if (step.scene === "boat") {
      const bob = 2 * Math.sin(tMs / 1100);
      return [actor("boat", 760, 330 + bob, 110, 2.5, (x, y, h) => boat(x, y, h, "#2f5d8c"))];
    }
    return [];
  }

  private paintBase(): Promise<Buffer> {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${W} ${H}"
      preserveAspectRatio="none">${DEFS}${backdrop(this.place, this.seed)}</svg>`;
    return sharp(Buffer.from(svg)).removeAlpha().blur(LENS).raw().toBuffer();
  }

  /** Draws the figures over the picture, in place; only the part of it where they are. */
  private async paintActors(raw: Buffer, actors: readonly Actor[]): Promise<void> {
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
      }
    }
  }

  /** Light and sensor noise, in place. Noise is one seeded field that shifts from frame to frame; darkness shows more of it. */
  private expose(raw: Buffer, light: number, tMs: number): void {
    const size = 1 << 18;
    if (this.noise === null) {
      const random = seeded(this.seed ^ 0x5eed);
      this.noise = Int8Array.from({ length: size }, () => (random() + random() - 1) * 9);
    }
    const noise = this.noise;
    let at = Math.floor(seeded(this.seed + Math.floor(tMs))() * size);
    const gain = 1 + (1 - light) * 1.2;
    for (let i = 0; i < raw.length; i++) {
      const v = raw[i] * light + noise[(at = (at + 1) & (size - 1))] * gain;
      raw[i] = v < 0 ? 0 : v > 255 ? 255 : v;
    }
  }
}

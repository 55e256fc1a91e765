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

interface Actor extends TruthObject {
  readonly svg: string;
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

const OUTFITS: readonly Outfit[] = [
  { skin: "#c99b7a", hair: "#221a16", top: "#8a2f2b", bottom: "#33405a" },
  { skin: "#c4946f", hair: "#1d1815", top: "#5a1f1f", bottom: "#222326" },
  { skin: "#d0a584", hair: "#2a211c", top: "#c8622e", bottom: "#26314a" },
];

/**
 * A fixed camera over a street or a quay. Frames depend on seed and time alone: the same call gives the same bytes. The scenes
 * were built with the general model in the loop; scene.test.ts in hub/src/vision holds them to it.
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
    const actors = this.actors(step, tMs).map((a) => a.svg);
    const svg = this.svg(DEFS + actors.join(""));
    const painted = await sharp(await this.base, { raw: { width: this.width, height: this.height, channels: 3 } })
      .composite([{ input: Buffer.from(svg) }])
      .removeAlpha()
      .raw()
      .toBuffer();
    // lens: figures are drawn sharper than any camera sees them
    const raw = await sharp(painted, { raw: { width: this.width, height: this.height, channels: 3 } })
      .blur(0.7)
      .raw()
      .toBuffer();
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
    const objects = this.actors(step, tMs).map(({ label, box }) => ({ label, box }));
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
      return [
        this.actor(
          "umbrella",
          560,
          ground - 20,
          250,
          0.96,
          [0, 0.32],
          umbrella(560, ground - 20, 250, ["#2b5fa8", "#2b5fa8"]),
        ),
        this.actor("bicycle", 330, ground + 14, 112, 1.52, [0, 1], bicycle(330, ground + 14, 112, "#2f5d8c")),
        this.actor("dining table", 520, ground + 28, 100, 1.8, [0, 1], stallTable(520, ground + 28, 100)),
        this.actor("chair", 868, ground + 6, 96, 0.7, [0, 1], chair(868, ground + 6, 96, "#8a2f2b")),
        this.actor(
          "person",
          700 + sway,
          ground,
          190,
          0.28,
          [0, 1],
          person(757 + sway, ground, 165, wear, 0.75 + 0.06 * Math.sin(tMs / 900)),
        ),
      ];
    }
    if (step.scene === "walker") {
      // crosses the picture at 1.4 m/s (a person is 1.7 m = 180 pixels) and comes back
      const path = (((tMs - step.at) / 1000) * 148) % (2 * (W + 120));
      const out = path < W + 120;
      const x = (out ? path : 2 * (W + 120) - path) - 60;
      const stride = Math.sin((tMs / 1000) * 2 * Math.PI * 0.9);
      return [
        this.actor("person", x, ground - 10, 180, 0.3, [0, 1], person(x, ground - 10, 180, wear, stride, out ? 1 : -1)),
      ];
    }
    if (step.scene === "boat") {
      const bob = 2 * Math.sin(tMs / 1100);
      return [this.actor("boat", 760, 330 + bob, 110, 2.5, [0, 1], boat(760, 330 + bob, 110, "#2f5d8c"))];
    }
    return [];
  }

  /** @param aspect width / height of the figure; @param part top and bottom of what counts as the object, as parts of its height */
  private actor(
    label: string,
    x: number,
    y: number,
    h: number,
    aspect: number,
    part: readonly [number, number],
    svg: string,
  ): Actor {
    const [sx, sy] = [this.width / W, this.height / H];
    const w = h * aspect;
    return { label, svg, box: [(x - w / 2) * sx, (y - h + part[0] * h) * sy, w * sx, (part[1] - part[0]) * h * sy] };
  }

  private svg(content: string): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${W} ${H}" preserveAspectRatio="none">${content}</svg>`;
  }

  private paintBase(): Promise<Buffer> {
    return sharp(Buffer.from(this.svg(DEFS + backdrop(this.place, this.seed))))
      .removeAlpha()
      .raw()
      .toBuffer();
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

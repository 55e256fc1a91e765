import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { moveBox, type Pose } from "../../../simulators/src/camera/shake.ts";
import { SHARED_DATA } from "../../support/require.ts";

const VISION = join(SHARED_DATA, "vision");
/** class of litter in `data.yaml` */
const GARBAGE = "2";
/** Cut out with this much of what is around it, of the box's side, so that the edge is not the litter's own. */
const MARGIN = 0.12;
/** Litter that is neither a speck nor the whole picture, share of the photograph. */
const [LEAST, MOST] = [0.06, 0.5];
/** width in the frame's pixels, and the line on which it lies */
const [WIDTH, TALLEST, GROUND] = [190, 130, 335];

/** light of the camera's own lamp where the litter lies */
const INFRARED = 0.8;

/** How the camera sees at that instant. */
interface Exposure {
  readonly light: number;
  readonly infrared: boolean;
  readonly pose: Pose | null;
}

interface Cut {
  readonly file: string;
  /** left, top, width, height, shares of the photograph */
  readonly box: readonly [number, number, number, number];
}

/** Heaps of litter of real photographs, laid into a rendered street: what is drawn is not like what the models learned. */
export class PhotoLitter {
  readonly #cuts: readonly Cut[];

  constructor(cuts: readonly Cut[]) {
    this.#cuts = cuts;
  }

  /**
   * The photographs of the validation split that show one heap, in the order of their names; none is chosen by what a model says.
   * @returns null where the shared data are absent
   */
  static load(): PhotoLitter | null {
    const labels = join(VISION, "labels/val");
    if (!existsSync(labels)) return null;
    const cuts = readdirSync(labels)
      .sort()
      .flatMap((name): Cut[] => {
        const rows = readFileSync(join(labels, name), "utf8").trim().split("\n");
        const [kind, ...numbers] = rows[0].split(" ");
        const [cx, cy, w, h] = numbers.map(Number);
        if (rows.length !== 1 || kind !== GARBAGE || w * h < LEAST || w * h > MOST) return [];
        return [
          { file: join(VISION, "images/val", name.replace(".txt", ".jpg")), box: [cx - w / 2, cy - h / 2, w, h] },
        ];
      });
    return cuts.length === 0 ? null : new PhotoLitter(cuts);
  }

  /**
   * @param frame JPEG @param seed which heap, and where @param how light 0..1 as of the scene, and what the camera makes of it
   * @returns the frame with the heap in it, and where it lies: left, top, width, height in pixels
   */
  async lay(
    frame: Buffer,
    seed: number,
    { light, infrared, pose }: Exposure,
  ): Promise<{ readonly jpeg: Buffer; readonly box: readonly [number, number, number, number] }> {
    const { file, box: cut } = this.#cuts[(seed * 7) % this.#cuts.length];
    const photo = sharp(file);
    const { width, height } = await photo.metadata();
    const [left, right] = span(cut[0], cut[2], width);
    const [top, bottom] = span(cut[1], cut[3], height);
    const [cutW, cutH] = [right - left, bottom - top];
    const scale = Math.min(WIDTH / cutW, TALLEST / cutH);
    const [w, h] = [Math.round(cutW * scale), Math.round(cutH * scale)];
    const heap = await photo
      .extract({ left, top, width: cutW, height: cutH })
      .resize(w, h)
      // lit by the camera's own lamp, not by the sky
      .grayscale(infrared)
      .linear(infrared ? INFRARED : light, 0)
      .toColourspace("srgb")
      .ensureAlpha()
      .composite([{ input: softEdge(w, h), blend: "dest-in" }])
      .png()
      .toBuffer();
    const still = [190 + ((seed * 53) % 240), GROUND - h, w, h] as const;
    const size = pose === null ? null : await sharp(frame).metadata();
    const box = pose === null || size === null ? still : moveBox(still, pose, size.width, size.height);
    const at = { left: Math.round(box[0] + (box[2] - w) / 2), top: Math.round(box[1] + (box[3] - h) / 2) };
    const jpeg = await sharp(frame)
      .composite([{ input: heap, ...at }])
      .jpeg({ quality: 85 })
      .toBuffer();
    return { jpeg, box: [at.left, at.top, w, h] };
  }
}

function span(from: number, size: number, pixels: number): [number, number] {
  const low = Math.max(0, Math.floor((from - size * MARGIN) * pixels));
  return [low, Math.min(pixels, Math.ceil((from + size * (1 + MARGIN)) * pixels))];
}

/** Fades out over the margin: a sharp rectangle would be a thing of its own. */
function softEdge(w: number, h: number): Buffer {
  const fade = Math.max(2, Math.round(Math.min(w, h) * MARGIN * 0.6));
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}"><filter id="f"><feGaussianBlur stdDeviation="${fade / 2}"/></filter>` +
      `<rect x="${fade}" y="${fade}" width="${w - 2 * fade}" height="${h - 2 * fade}" fill="#fff" filter="url(#f)"/></svg>`,
  );
}

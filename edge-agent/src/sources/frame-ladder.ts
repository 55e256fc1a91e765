import sharp from "sharp";
import { GATE_HEIGHT, GATE_WIDTH } from "./motion-gate.ts";

/** 100 megapixels and JPEG bombs end here. */
const MAX_PIXELS = 40_000_000;
const STEPS = [
  { height: 720, quality: 75 },
  { height: 720, quality: 60 },
  { height: 576, quality: 60 },
  { height: 480, quality: 55 },
  { height: 360, quality: 50 },
] as const;

export interface SizedFrame {
  readonly jpeg: Buffer;
  readonly w: number;
  readonly h: number;
}

/** The picture's luma for the motion gate. Throws when it cannot be decoded. */
export async function gateLuma(picture: Buffer): Promise<Uint8Array> {
  return sharp(picture, { limitInputPixels: MAX_PIXELS, failOn: "error" })
    .resize(GATE_WIDTH, GATE_HEIGHT, { fit: "fill", kernel: "linear" })
    .removeAlpha()
    .grayscale()
    .raw()
    .toBuffer();
}

/** At most 720 lines and `maxBytes`: quality is stepped down first, size after it. Null when even the smallest is too large. */
export async function fitFrame(picture: Buffer, maxBytes: number): Promise<SizedFrame | null> {
  const meta = await sharp(picture, { limitInputPixels: MAX_PIXELS }).metadata();
  if (meta.format === "jpeg" && picture.length <= maxBytes && meta.height <= 720)
    return { jpeg: picture, w: meta.width, h: meta.height };
  for (const { height, quality } of STEPS) {
    const { data, info } = await sharp(picture, { limitInputPixels: MAX_PIXELS })
      .resize({ height, withoutEnlargement: true })
      .jpeg({ quality })
      .toBuffer({ resolveWithObject: true });
    if (data.length <= maxBytes) return { jpeg: data, w: info.width, h: info.height };
  }
  return null;
}

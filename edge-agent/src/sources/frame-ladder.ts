import sharp from "sharp";
import { GATE_HEIGHT, GATE_WIDTH } from "./motion-gate.ts";
import { CameraError } from "./camera-error.ts";

/** 100 megapixels and JPEG bombs end here. */
const MAX_PIXELS = 40_000_000;
const MAX_LINES = 720;
/** Limits of width: a panorama is scaled too, nothing is stretched. */
const MAX_WIDTH = 1920;
const STEPS = [
  { height: 720, quality: 75 },
  { height: 720, quality: 60 },
  { height: 576, quality: 60 },
  { height: 480, quality: 55 },
  { height: 360, quality: 50 },
  { height: 240, quality: 40 },
] as const;

// A picture is seen once, and many cameras share few cores: no cache, one thread each.
sharp.cache(false);
sharp.concurrency(1);

export interface SizedFrame {
  readonly jpeg: Buffer;
  readonly w: number;
  readonly h: number;
}

/** Reads the header alone. @throws CameraError too_large beyond 40 megapixels, not_a_picture */
async function headerOf(picture: Buffer): Promise<{ readonly format: string; readonly w: number; readonly h: number }> {
  const meta = await sharp(picture, { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => {
      throw new CameraError("not_a_picture", error.message);
    });
  if (meta.width * meta.height > MAX_PIXELS)
    throw new CameraError("too_large", `${meta.width} x ${meta.height} pixels; at most ${MAX_PIXELS}`);
  return { format: meta.format, w: meta.width, h: meta.height };
}

/** The picture's luma for the motion gate. @throws CameraError when it is too large, truncated or no picture */
export async function gateLuma(picture: Buffer): Promise<Uint8Array> {
  await headerOf(picture);
  return sharp(picture, { limitInputPixels: MAX_PIXELS, failOn: "error" })
    .resize(GATE_WIDTH, GATE_HEIGHT, { fit: "fill", kernel: "linear" })
    .removeAlpha()
    .grayscale()
    .raw()
    .toBuffer()
    .catch((error: Error) => {
      throw new CameraError("not_a_picture", error.message);
    });
}

/**
 * At most 720 lines and `maxBytes`: quality is stepped down first, size after it. Null when even the smallest is too large.
 * @throws CameraError
 */
export async function fitFrame(picture: Buffer, maxBytes: number): Promise<SizedFrame | null> {
  const { format, w, h } = await headerOf(picture);
  if (format === "jpeg" && picture.length <= maxBytes && h <= MAX_LINES && w <= MAX_WIDTH)
    return { jpeg: picture, w, h };
  for (const { height, quality } of STEPS) {
    const { data, info } = await sharp(picture, { limitInputPixels: MAX_PIXELS })
      .resize({ width: MAX_WIDTH, height, fit: "inside", withoutEnlargement: true })
      .flatten()
      .jpeg({ quality })
      .toBuffer({ resolveWithObject: true });
    if (data.length <= maxBytes) return { jpeg: data, w: info.width, h: info.height };
  }
  return null;
}

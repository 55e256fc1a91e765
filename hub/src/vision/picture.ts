import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import sharp from "sharp";
import type { ModelCard } from "./card.ts";
import { lumaOf, type Luma } from "./look.ts";

/** A picture in the shape of a model's input, and how to get back: original pixel = input pixel x scale. */
export interface Picture {
  /** size of the picture as received, pixels */
  readonly width: number;
  readonly height: number;
  readonly scaleX: number;
  readonly scaleY: number;
  readonly tensor: Uint8Array | Float32Array;
  readonly dims: readonly number[];
  /** grey thumbnail */
  readonly luma: Luma;
}

/** Above any camera's frame (4K is 8.3 million), far below what a decompression bomb needs. */
export const MAX_PIXELS = 16_000_000;

/**
 * Type and size of a JPEG or PNG from its first segments, without decoding anything.
 * @returns a Rejection for other content and for more than `maxPixels`
 */
export function pictureSize(bytes: Uint8Array, maxPixels = MAX_PIXELS): { width: number; height: number } | Rejection {
  const size = isPng(bytes) ? pngSize(bytes) : jpegSize(bytes);
  if (size === null) return reject("image_invalid", "neither a JPEG nor a PNG with a size in its header");
  if (size.width * size.height > maxPixels)
    return reject("image_invalid", `${size.width} x ${size.height} exceeds ${maxPixels} pixels`);
  if (size.width < 16 || size.height < 16)
    return reject("image_invalid", `${size.width} x ${size.height} is too small`);
  return size;
}

/** JPEG or PNG bytes -> input tensor of a model. Truncated data, bombs and other formats are refused. */
export async function readPicture(
  bytes: Uint8Array,
  input: ModelCard["input"],
  maxPixels = MAX_PIXELS,
): Promise<Picture | Rejection> {
  const size = pictureSize(bytes, maxPixels);
  if ("reason" in size) return size;
  const { width, height } = size;
  const ratio = Math.min(input.width / width, input.height / height);
  const stretch = input.fit === "stretch";
  const w = stretch ? input.width : Math.max(1, Math.round(width * ratio));
  const h = stretch ? input.height : Math.max(1, Math.round(height * ratio));
  let raw: Buffer;
  try {
    let image = sharp(bytes, { limitInputPixels: maxPixels, failOn: "truncated", sequentialRead: true })
      .resize(w, h, { fit: "fill", kernel: "linear" })
      .toColourspace("srgb")
      .removeAlpha();
    if (!stretch) {
      const background = { r: input.pad, g: input.pad, b: input.pad };
      image = image.extend({ right: input.width - w, bottom: input.height - h, background });
    }
    raw = await image.raw().toBuffer();
  } catch (error) {
    return reject("image_invalid", (error instanceof Error ? error.message : "cannot be decoded").slice(0, 200));
  }
  if (raw.length !== input.width * input.height * 3) return reject("image_invalid", "has not three colour channels");
  return {
    width,
    height,
    scaleX: stretch ? width / input.width : 1 / ratio,
    scaleY: stretch ? height / input.height : 1 / ratio,
    tensor: toTensor(raw, input),
    luma: lumaOf(raw, input.width, w, h),
    dims: input.layout === "nhwc" ? [1, input.height, input.width, 3] : [1, 3, input.height, input.width],
  };
}

function toTensor(rgb: Buffer, input: ModelCard["input"]): Uint8Array | Float32Array {
  const plain = input.dtype === "uint8";
  if (plain && input.layout === "nhwc" && input.colour === "rgb") return rgb;
  const plane = input.width * input.height;
  const out = plain ? new Uint8Array(rgb.length) : new Float32Array(rgb.length);
  for (let c = 0; c < 3; c++) {
    const from = input.colour === "rgb" ? c : 2 - c;
    const scale = plain ? 1 : 1 / input.std[c];
    const shift = plain ? 0 : input.mean[c];
    const [start, step] = input.layout === "nchw" ? [c * plane, 1] : [c, 3];
    for (let i = 0; i < plane; i++) out[start + i * step] = (rgb[i * 3 + from] - shift) * scale;
  }
  return out;
}

function isPng(b: Uint8Array): boolean {
  return b.length > 24 && b[0] === 0x89 && b[1] === 0x50 && b[2] === 0x4e && b[3] === 0x47;
}

/** IHDR is always the first chunk. */
function pngSize(b: Uint8Array): { width: number; height: number } {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** Walks the marker segments to the frame header, SOF0-SOF15 without DHT, JPG and DAC (ITU-T T.81 table B.1). */
function jpegSize(b: Uint8Array): { width: number; height: number } | null {
  if (b.length < 4 || b[0] !== 0xff || b[1] !== 0xd8) return null;
  let p = 2;
  while (p + 9 < b.length) {
    if (b[p] !== 0xff) return null;
    const marker = b[p + 1];
    if (marker === 0xff) {
      p++;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { height: (b[p + 5] << 8) | b[p + 6], width: (b[p + 7] << 8) | b[p + 8] };
    if (marker === 0xd9 || marker === 0xda) return null;
    const length = (b[p + 2] << 8) | b[p + 3];
    if (length < 2) return null;
    p += 2 + length;
  }
  return null;
}

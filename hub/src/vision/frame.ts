import { reject, type Rejection } from "@gridhub/device-profiles/rejection.ts";
import type { FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { pictureSize } from "./picture.ts";

const MAX_HEADER = 4096;
const MAX_TIME = 4_102_444_800_000; // 2100-01-01
const WHYS: readonly string[] = ["candidate", "motion", "patrol"];

export interface Frame {
  readonly header: FrameHeader;
  /** a view into the message, not a copy */
  readonly picture: Buffer;
  /** as the picture's own header says, pixels */
  readonly width: number;
  readonly height: number;
}

/** Parses a frame message: u32 big-endian header length, JSON header, JPEG. Nothing is decoded here. */
export function parseFrame(payload: Buffer, maxPixels: number): Frame | Rejection {
  if (payload.length < 8) return reject("frame_short", `${payload.length} bytes are no frame message`);
  const length = payload.readUInt32BE(0);
  if (length > MAX_HEADER) return reject("envelope_invalid", `header of ${length} bytes, at most ${MAX_HEADER}`);
  if (4 + length >= payload.length) return reject("frame_short", `header of ${length} bytes in ${payload.length}`);
  let raw: unknown;
  try {
    raw = JSON.parse(payload.toString("utf8", 4, 4 + length));
  } catch {
    return reject("json_invalid", "the frame's header is not JSON");
  }
  if (typeof raw !== "object" || raw === null) return reject("envelope_invalid", "the frame's header is not an object");
  const h = raw as Partial<Record<keyof FrameHeader, unknown>>;
  if (h.v !== 1) return reject("envelope_version", "the frame's header has another version than 1");
  if (typeof h.ts !== "number" || !(h.ts > 0 && h.ts < MAX_TIME))
    return reject("time_invalid", "ts must be ms UTC before 2100");
  if (typeof h.why !== "string" || !WHYS.includes(h.why))
    return reject("envelope_invalid", "why must be candidate, motion or patrol");
  if (h.preset !== undefined && (typeof h.preset !== "string" || h.preset.length > 64))
    return reject("envelope_invalid", "preset must be a text of at most 64 characters");
  if (h.moving !== undefined && typeof h.moving !== "boolean")
    return reject("envelope_invalid", "moving must be true or false");
  const picture = payload.subarray(4 + length);
  const size = pictureSize(picture, maxPixels);
  if ("reason" in size) return size;
  return { header: raw as FrameHeader, picture, width: size.width, height: size.height };
}

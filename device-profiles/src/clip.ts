/**
 * Clips on request: `cmd/<id>` asks an edge for the pictures that a camera took between two times, and they come in pieces on
 * `cmd/<id>/res`. Pictures are held at the edge only for minutes and belong to the site: what was not asked for is never sent.
 */

/** Hub -> edge. Times are of the edge's clock, ms UTC, both included. */
export interface ClipCommand {
  readonly op: "clip";
  readonly device: string;
  readonly from: number;
  readonly to: number;
  /** of the whole clip; the edge leaves pictures out, evenly, until it fits */
  readonly max_bytes: number;
}

/** Edge -> hub: piece `i` (0, 1, ...) of the clip, base64. */
export interface ClipPiece {
  readonly clip: string;
  readonly i: number;
  readonly data: string;
}

/** Edge -> hub after the last piece. */
export interface ClipEnd {
  readonly clip: string;
  /** pieces, bytes before base64, and their sha256 (hex) */
  readonly parts: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly frames: number;
}

/**
 * Edge -> hub: it will not come. `none` = no picture of that time is kept; `off` = the edge keeps none or may not send any; `unknown` =
 * no such camera; `busy` = more than it may send an hour, or too many at once; `invalid` = no such command; `error` = its disk.
 */
export interface ClipRefusal {
  readonly clip: string;
  readonly refused: "none" | "off" | "unknown" | "busy" | "invalid" | "error";
}

/** Bytes of a piece before base64, so that a message stays below the contract's 64 KiB. */
export const CLIP_PIECE_BYTES = 46_080;
/** A clip is at most so long, ms, and so large, bytes. */
export const CLIP_LIMIT = { ms: 60_000, bytes: 16_777_216 } as const;

/** Bytes before each picture: u32 big-endian length, f64 big-endian time (ms UTC). */
export const CLIP_HEAD_BYTES = 12;

/** Where a picture lies in a clip. */
export interface ClipFrame {
  readonly ts: number;
  readonly at: number;
  readonly length: number;
}

const MAX_FRAMES = 5000;

/** The head of one picture of a clip. */
export function clipHead(ts: number, length: number): Buffer {
  const head = Buffer.alloc(CLIP_HEAD_BYTES);
  head.writeUInt32BE(length, 0);
  head.writeDoubleBE(ts, 4);
  return head;
}

/** Pictures of a whole clip in order; null = it is none: lengths that do not fit, times that do not grow, or no JPEG or PNG. */
export function clipFrames(bytes: Buffer): ClipFrame[] | null {
  const frames: ClipFrame[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + CLIP_HEAD_BYTES > bytes.length || frames.length >= MAX_FRAMES) return null;
    const length = bytes.readUInt32BE(at);
    const ts = bytes.readDoubleBE(at + 4);
    at += CLIP_HEAD_BYTES;
    if (length < 4 || at + length > bytes.length || !(ts >= (frames.at(-1)?.ts ?? 0))) return null;
    const magic = bytes.readUInt16BE(at);
    if (magic !== 0xffd8 && magic !== 0x8950) return null;
    frames.push({ ts, at, length });
    at += length;
  }
  return frames.length === 0 ? null : frames;
}

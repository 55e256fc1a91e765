import { spawn } from "node:child_process";
import type { FramePainter } from "./http.ts";

/** One coded picture: NAL units without their start codes, parameter sets included where they came before it. */
export interface AccessUnit {
  readonly nals: readonly Buffer[];
  readonly key: boolean;
}

export interface H264Clip {
  readonly units: readonly AccessUnit[];
  readonly fps: number;
  readonly sps: Buffer;
  readonly pps: Buffer;
}

const NAL_TYPE = { slice: 1, idr: 5, sps: 7, pps: 8 } as const;

/** Splits an Annex B byte stream (H.264 annex B: start codes 00 00 01 and 00 00 00 01) into its NAL units. */
function splitAnnexB(stream: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let begin = -1;
  for (let i = stream.indexOf("\0\0\u0001", 0, "latin1"); i >= 0; i = stream.indexOf("\0\0\u0001", i + 3, "latin1")) {
    if (begin >= 0) nals.push(stream.subarray(begin, stream[i - 1] === 0 ? i - 1 : i));
    begin = i + 3;
  }
  if (begin >= 0) nals.push(stream.subarray(begin));
  return nals;
}

/**
 * Groups NAL units into coded pictures: each slice NAL ends one, because the encoder is told to make one slice a picture.
 * @throws Error when the stream holds no picture or no parameter sets
 */
export function clipOf(stream: Buffer, fps: number): H264Clip {
  const units: AccessUnit[] = [];
  let sps: Buffer | undefined;
  let pps: Buffer | undefined;
  let pending: Buffer[] = [];
  for (const nal of splitAnnexB(stream)) {
    const type = nal[0] & 31;
    if (type === NAL_TYPE.sps) sps ??= nal;
    if (type === NAL_TYPE.pps) pps ??= nal;
    pending.push(nal);
    if (type !== NAL_TYPE.slice && type !== NAL_TYPE.idr) continue;
    units.push({ nals: pending, key: type === NAL_TYPE.idr });
    pending = [];
  }
  if (units.length === 0 || sps === undefined || pps === undefined) throw new Error("no H.264 pictures in the stream");
  return { units, fps, sps, pps };
}

/**
 * Encodes painted frames with the machine's `ffmpeg` (libx264): no B frames, so that the order of sending is the order of time, and
 * one slice a picture.
 * @throws Error with ffmpeg's last words
 */
export async function encodeClip(
  camera: FramePainter,
  options: { readonly frames: number; readonly fps: number; readonly keyEvery: number; readonly ffmpeg?: string },
): Promise<H264Clip> {
  const { frames, fps, keyEvery } = options;
  const input = ["-f", "image2pipe", "-c:v", "mjpeg", "-framerate", String(fps), "-i", "pipe:0"];
  const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", String(keyEvery), "-sc_threshold", "0"];
  const form = ["-threads", "1", "-slices", "1", "-pix_fmt", "yuv420p", "-f", "h264", "pipe:1"];
  const child = spawn(options.ffmpeg ?? "ffmpeg", ["-hide_banner", "-loglevel", "error", ...input, ...x264, ...form]);
  const out: Buffer[] = [];
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-500)));
  child.stdin.on("error", () => {}); // its end is told by the exit code
  const done = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  done.catch(() => {});
  for (let i = 0; i < frames; i++) child.stdin.write(await camera.frame((i * 1000) / fps));
  child.stdin.end();
  const code = await done;
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${said}`);
  return clipOf(Buffer.concat(out), fps);
}

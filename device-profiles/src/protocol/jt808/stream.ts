import { isRejection } from "../../rejection.ts";
import { bytesBefore, FrameStream } from "../frame-stream.ts";
import { FLAG, LONGEST, readJt808 } from "./frame.ts";

/** Cuts a connection's bytes into intact JT/T 808 frames, flags included. */
export function jt808Stream(): FrameStream {
  return new FrameStream(cutJt808, LONGEST);
}

function cutJt808(b: Uint8Array, from: number, to: number): number {
  if (b[from] !== FLAG) return -bytesBefore(b, FLAG, from, to);
  const end = b.subarray(from + 1, to).indexOf(FLAG);
  if (end < 0) return 0;
  // two flags: the end of one frame, whose beginning was lost, and the beginning of the next
  if (end === 0) return -1;
  const length = end + 2;
  // the closing flag of a damaged frame may be the opening flag of an intact one
  return isRejection(readJt808(b.subarray(from, from + length))) ? -(length - 1) : length;
}

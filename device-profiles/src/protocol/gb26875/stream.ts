import { sum8 } from "../../codec/check.ts";
import { bytesBefore, FrameStream } from "../frame-stream.ts";
import { LONGEST, OVERHEAD } from "./frame.ts";

/** Cuts a connection's bytes into intact GB/T 26875.3 frames. */
export function gb26875Stream(): FrameStream {
  return new FrameStream(cutGb26875, LONGEST);
}

function cutGb26875(b: Uint8Array, from: number, to: number): number {
  const n = to - from;
  if (b[from] !== 0x40 || (n > 1 && b[from + 1] !== 0x40)) return -bytesBefore(b, 0x40, from, to);
  if (n < OVERHEAD) return 0;
  const total = OVERHEAD + (b[from + 24] | (b[from + 25] << 8));
  if (total > LONGEST) return -1;
  if (n < total) return 0;
  const end = from + total;
  const intact = b[end - 2] === 0x23 && b[end - 1] === 0x23 && sum8(b, from + 2, end - 3) === b[end - 3];
  return intact ? total : -1;
}

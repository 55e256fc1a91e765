import { crc16Modbus } from "../../codec/check.ts";
import { bytesBefore, FrameStream } from "../frame-stream.ts";
import { ENDS, HEADER, LONGEST, OVERHEAD, STX, SYN } from "./frame.ts";

/** Cuts a connection's bytes into intact SL 651 frames. */
export function sl651Stream(): FrameStream {
  return new FrameStream(cutSl651, LONGEST);
}

function cutSl651(b: Uint8Array, from: number, to: number): number {
  const n = to - from;
  if (b[from] !== 0x7e || (n > 1 && b[from + 1] !== 0x7e)) return -bytesBefore(b, 0x7e, from, to);
  if (n < HEADER) return 0;
  const direction = b[from + 11] >> 4;
  const start = b[from + 13];
  if ((direction !== 0 && direction !== 8) || (start !== STX && start !== SYN)) return -1;
  const total = OVERHEAD + (((b[from + 11] & 0x0f) << 8) | b[from + 12]);
  if (n < total) return 0;
  const end = from + total - 3;
  // a damaged frame gives up one byte only: an intact one may begin within the length that it claims
  if (!ENDS.has(b[end]) || crc16Modbus(b, from, end + 1) !== ((b[end + 1] << 8) | b[end + 2])) return -1;
  return total;
}

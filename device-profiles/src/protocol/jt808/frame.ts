import { xor8 } from "../../codec/check.ts";
import { reject, type Rejection } from "../../rejection.ts";

// JT/T 808: 7E, header, body, XOR, 7E; inside, 7E is sent as 7D02 and 7D as 7D01. Header: message 2, properties 2, [2019: version
// 1], terminal 6 (2019: 10, BCD), serial 2, [split: packets 2, number 2].
export const FLAG = 0x7e;
const ESCAPE = 0x7d;
const LENGTH_MASK = 0x03ff;
const ENCRYPTED = 0x1c00;
const SPLIT = 0x2000;
const VERSIONED = 0x4000;
/** header of 2019 with packets, the longest body, check byte; every byte escaped, and two flags */
export const LONGEST = 2 * (21 + LENGTH_MASK + 1) + 2;

export interface Jt808Frame {
  readonly message: number;
  readonly serial: number;
  /**
   * The terminal's number, 12 or 20 digits. It is the number of a SIM card, so it serves to find the device and is kept nowhere.
   */
  readonly terminal: string;
  /** null = the edition of 2011 or 2013 */
  readonly version: number | null;
  readonly packets: number;
  readonly packet: number;
  readonly encrypted: boolean;
  readonly body: Uint8Array;
}

/** Reads the envelope of one frame, flags included: undoes the escapes, checks XOR and length. */
export function readJt808(raw: Uint8Array): Jt808Frame | Rejection {
  if (raw.length < 2) return reject("frame_short", `${raw.length} bytes`);
  if (raw[0] !== FLAG) return reject("frame_marker", "the frame does not begin with 7E");
  if (raw[raw.length - 1] !== FLAG) return reject("frame_marker", "the frame does not end with 7E");
  const b = unescape(raw.subarray(1, raw.length - 1));
  if (b === null) return reject("frame_marker", "a 7E or a 7D that escapes nothing inside the frame");
  if (b.length < 13) return reject("frame_short", `${b.length} bytes between the flags, at least 13 expected`);
  const check = b.length - 1;
  if (xor8(b, 0, check) !== b[check]) return reject("frame_check", "the XOR does not match");
  const properties = u16(b, 2);
  const split = (properties & SPLIT) !== 0;
  const length = properties & LENGTH_MASK;
  const header = (phone: number) => phone + 2 + (split ? 4 : 0);
  // terminals of 2013 are met that set the bit of 2019; then the length tells
  const versioned = (properties & VERSIONED) !== 0 && header(4 + 6) + length !== check;
  const phone = versioned ? 5 : 4;
  const serialAt = phone + (versioned ? 10 : 6);
  const from = header(serialAt);
  if (check < from + length)
    return reject("frame_short", `a body of ${Math.max(0, check - from)} bytes, ${length} announced`);
  if (check > from + length) return reject("frame_trailing", `a body of ${check - from} bytes, ${length} announced`);
  return {
    message: u16(b, 0),
    serial: u16(b, serialAt),
    terminal: Buffer.from(b.subarray(phone, serialAt)).toString("hex"),
    version: versioned ? b[4] : null,
    packets: split ? u16(b, serialAt + 2) : 1,
    packet: split ? u16(b, serialAt + 4) : 1,
    encrypted: (properties & ENCRYPTED) !== 0,
    body: b.subarray(from, check),
  };
}

/** A frame of either side, ready for the wire. */
export function writeJt808(
  head: Pick<Jt808Frame, "message" | "serial" | "terminal"> & { readonly version?: number | null },
  body: ArrayLike<number>,
): Uint8Array {
  const version = head.version ?? null;
  const phone = head.terminal.padStart(version === null ? 12 : 20, "0");
  const properties = body.length | (version === null ? 0 : VERSIONED);
  const b = [...pair(head.message), ...pair(properties), ...(version === null ? [] : [version])];
  b.push(...Buffer.from(phone, "hex"), ...pair(head.serial), ...Array.from(body));
  b.push(b.reduce((x, y) => x ^ y, 0));
  const out = [FLAG];
  for (const x of b) {
    if (x === FLAG) out.push(ESCAPE, 2);
    else if (x === ESCAPE) out.push(ESCAPE, 1);
    else out.push(x);
  }
  return Uint8Array.from([...out, FLAG]);
}

function unescape(b: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(b.length);
  let n = 0;
  for (let i = 0; i < b.length; i++) {
    if (b[i] === FLAG) return null;
    if (b[i] !== ESCAPE) {
      out[n++] = b[i];
      continue;
    }
    const code = b[++i];
    if (code !== 1 && code !== 2) return null;
    out[n++] = code === 2 ? FLAG : ESCAPE;
  }
  return out.subarray(0, n);
}

export function u16(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1];
}

export function pair(x: number): [number, number] {
  return [(x >> 8) & 0xff, x & 0xff];
}

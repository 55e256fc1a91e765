import { crc16Modbus } from "../../codec/check.ts";
import { bcdTime } from "../../codec/time.ts";
import { reject, type Rejection } from "../../rejection.ts";

// SL 651-2014 section 6.2, HEX/BCD coding. Up: 7E7E, centre 1, station 5, password 2, function 1, direction and length 2, STX,
// body, end, CRC 2. Down: station and centre change places.
export const STX = 0x02;
/** start of a frame that is one packet of several; packet count and number follow, 12 bits each */
export const SYN = 0x16;
export const ETX = 0x03;
/** end of a packet that others follow */
export const ETB = 0x17;
export const ENDS: ReadonlySet<number> = new Set([ETX, ETB, 0x04, 0x05, 0x06, 0x15, 0x1b]);

export const HEADER = 14;
export const OVERHEAD = HEADER + 3;
/** the length field has 12 bits */
export const LONGEST = OVERHEAD + 0xfff;
export const PASSWORD_AT = 8;
const SERIAL_AND_TIME = 8;

/** Hydrological stations keep Beijing time, which has no daylight saving. */
export const beijing = () => 8 * 3_600_000;

/** The envelope of one frame. The password is not part of it: it belongs in no reading and in no log. */
export interface Sl651Frame {
  readonly down: boolean;
  readonly centre: number;
  /** ten digits; GB/T 2260 code and serial, or eight digits behind 00 */
  readonly station: string;
  readonly function: number;
  /** packets of this report and the number of this one; 1 and 1 unless it was split */
  readonly packets: number;
  readonly packet: number;
  /** ETB: more packets follow */
  readonly last: boolean;
  readonly serial: number;
  /** when it was sent, ms UTC; NaN = no date */
  readonly sentAt: number;
  /** the elements are `b[from..to)` */
  readonly from: number;
  readonly to: number;
}

/** Reads the envelope of one complete frame and checks its CRC. */
export function readSl651(b: Uint8Array): Sl651Frame | Rejection {
  if (b.length < 2) return reject("frame_short", `${b.length} bytes`);
  if (b[0] !== 0x7e || b[1] !== 0x7e) return reject("frame_marker", "the frame does not begin with 7E7E");
  if (b.length < OVERHEAD) return reject("frame_short", `${b.length} bytes, at least ${OVERHEAD} expected`);
  const length = ((b[11] & 0x0f) << 8) | b[12];
  const total = OVERHEAD + length;
  if (b.length < total) return reject("frame_short", `${b.length} bytes, ${total} announced`);
  if (b.length > total) return reject("frame_trailing", `${b.length} bytes, ${total} announced`);
  if (b[13] !== STX && b[13] !== SYN) return reject("frame_marker", "the body does not begin with STX or SYN");
  const end = total - 3;
  if (!ENDS.has(b[end])) return reject("frame_marker", "the body does not end with a control character");
  if (crc16Modbus(b, 0, end + 1) !== ((b[end + 1] << 8) | b[end + 2]))
    return reject("frame_check", "the CRC does not match");
  const down = b[11] >> 4 === 8;
  const split = b[13] === SYN;
  const from = HEADER + (split ? 3 : 0);
  const packet = split ? ((b[15] & 0x0f) << 8) | b[16] : 1;
  // only the first packet carries serial and time
  const opens = packet <= 1;
  if (length < (split ? 3 : 0) + (opens ? SERIAL_AND_TIME : 0))
    return reject("frame_short", `a body of ${length} bytes holds no serial and time`);
  return {
    down,
    centre: b[down ? 7 : 2],
    station: digits(b, down ? 2 : 3, 5),
    function: b[10],
    packets: split ? (b[14] << 4) | (b[15] >> 4) : 1,
    packet,
    last: b[end] !== ETB,
    serial: opens ? (b[from] << 8) | b[from + 1] : 0,
    sentAt: opens ? bcdTime(b, from + 2, false, true, beijing) : Number.NaN,
    from: from + (opens ? SERIAL_AND_TIME : 0),
    to: end,
  };
}

export function digits(b: Uint8Array, at: number, n: number): string {
  let text = "";
  for (let i = at; i < at + n; i++) text += b[i].toString(16).padStart(2, "0");
  return text.toUpperCase();
}

import { sum8 } from "../../codec/check.ts";
import { reject, type Rejection } from "../../rejection.ts";

// GB/T 26875.3-2011 section 6: 4040, serial 2, version 2, time 6, source 6, target 6, length 2, command 1, data, sum, 2323.
// Numbers are sent low byte first.
export const OVERHEAD = 30;
const DATA = 27;
/** section 6.3: the longest data unit */
export const LONGEST = OVERHEAD + 1024;

/** Commands, table 2. */
export const COMMAND = { control: 1, send: 2, confirm: 3, request: 4, answer: 5, deny: 6 } as const;

export interface Gb26875Frame {
  readonly serial: number;
  readonly version: readonly [number, number];
  /** when it was sent, ms UTC; NaN = no date */
  readonly sentAt: number;
  /** six bytes in the order of the wire, twelve hex digits */
  readonly source: string;
  readonly target: string;
  readonly command: number;
  readonly data: Uint8Array;
}

/** Reads the envelope of one complete frame and checks its sum. */
export function readGb26875(b: Uint8Array): Gb26875Frame | Rejection {
  if (b.length < 2) return reject("frame_short", `${b.length} bytes`);
  if (b[0] !== 0x40 || b[1] !== 0x40) return reject("frame_marker", "the frame does not begin with 4040");
  if (b.length < OVERHEAD) return reject("frame_short", `${b.length} bytes, at least ${OVERHEAD} expected`);
  const length = b[24] | (b[25] << 8);
  if (b.length < OVERHEAD + length) return reject("frame_short", `${b.length} bytes, ${OVERHEAD + length} announced`);
  if (b.length > OVERHEAD + length)
    return reject("frame_trailing", `${b.length} bytes, ${OVERHEAD + length} announced`);
  if (b[b.length - 2] !== 0x23 || b[b.length - 1] !== 0x23) return reject("frame_marker", "the end 2323 is missing");
  if (sum8(b, 2, b.length - 3) !== b[b.length - 3]) return reject("frame_check", "the sum does not match");
  return {
    serial: b[2] | (b[3] << 8),
    version: [b[4], b[5]],
    sentAt: readTime(b, 6),
    source: Buffer.from(b.subarray(12, 18)).toString("hex").toUpperCase(),
    target: Buffer.from(b.subarray(18, 24)).toString("hex").toUpperCase(),
    command: b[26],
    data: b.subarray(DATA, b.length - 3),
  };
}

export function writeGb26875(frame: Gb26875Frame): Uint8Array {
  const { serial, data } = frame;
  const b = [serial & 0xff, serial >> 8, ...frame.version, ...writeTime(frame.sentAt)];
  b.push(...Buffer.from(frame.source, "hex"), ...Buffer.from(frame.target, "hex"));
  b.push(data.length & 0xff, data.length >> 8, frame.command, ...data);
  return Uint8Array.from([0x40, 0x40, ...b, sum8(Uint8Array.from(b), 0, b.length), 0x23, 0x23]);
}

/**
 * The centre's answer to what a host sent: "confirm", or "deny" where it cannot take it (section 7).
 * @param now ms UTC
 */
export function answerGb26875(frame: Gb26875Frame, now: number, command: number = COMMAND.confirm): Uint8Array {
  const { serial, version, source, target } = frame;
  return writeGb26875({
    serial,
    version,
    sentAt: now,
    source: target,
    target: source,
    command,
    data: new Uint8Array(),
  });
}

/** Second, minute, hour, day, month, year since 2000, one binary byte each, Beijing time. @returns ms UTC or NaN */
export function readTime(b: Uint8Array, at: number): number {
  const [second, minute, hour, day, month, year] = b.subarray(at, at + 6);
  if (second > 59 || minute > 59 || hour > 23 || day < 1 || month < 1 || month > 12 || year > 99) return Number.NaN;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  return new Date(local).getUTCDate() === day ? local - 8 * 3_600_000 : Number.NaN;
}

export function writeTime(ms: number): number[] {
  if (Number.isNaN(ms)) return [0, 0, 0, 0, 0, 0];
  const t = new Date(ms + 8 * 3_600_000);
  const clock = [t.getUTCSeconds(), t.getUTCMinutes(), t.getUTCHours()];
  return [...clock, t.getUTCDate(), t.getUTCMonth() + 1, t.getUTCFullYear() - 2000];
}

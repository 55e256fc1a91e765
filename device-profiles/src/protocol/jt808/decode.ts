import { isRejection, reject, type Rejection } from "../../rejection.ts";
import type { FieldProtocol, Sample } from "../field-protocol.ts";
import { type Jt808Frame, pair, readJt808, u16, writeJt808 } from "./frame.ts";
import { JT808_METRICS, readPosition } from "./position.ts";

export const MESSAGE = {
  heartbeat: 0x0002,
  logout: 0x0003,
  register: 0x0100,
  authenticate: 0x0102,
  position: 0x0200,
  positions: 0x0704,
} as const;

/** recognised, and without readings */
const SIGNS_OF_LIFE: ReadonlySet<number> = new Set([
  MESSAGE.heartbeat,
  MESSAGE.logout,
  MESSAGE.register,
  MESSAGE.authenticate,
]);

/** The samples of one frame: one of a position report, several of a batch (0x0704), one without values of a heartbeat. */
export const jt808: FieldProtocol = {
  yields: JT808_METRICS,
  read(raw) {
    const frame = readJt808(raw);
    if (isRejection(frame)) return frame;
    if (frame.encrypted) return reject("frame_unsupported", "encrypted bodies are not supported");
    if (frame.packets > 1) return reject("frame_unsupported", "split messages are not supported");
    if (SIGNS_OF_LIFE.has(frame.message)) return [{ ts: 0, values: [] }];
    if (frame.message === MESSAGE.positions) return readBatch(frame.body);
    if (frame.message !== MESSAGE.position)
      return reject("frame_unsupported", `message 0x${frame.message.toString(16).padStart(4, "0")} is not supported`);
    const position = readPosition(frame.body);
    return isRejection(position) ? position : [position];
  },
};

/** 0x0704: count 2, kind 1, then positions with their length; oldest first. */
function readBatch(b: Uint8Array): Sample[] | Rejection {
  if (b.length < 3) return reject("frame_short", "a batch without its count");
  const samples: Sample[] = [];
  let at = 3;
  for (let i = 0; i < u16(b, 0); i++) {
    const length = at + 2 <= b.length ? u16(b, at) : Infinity;
    if (at + 2 + length > b.length) return reject("frame_short", "a position ends beyond the batch");
    const position = readPosition(b.subarray(at + 2, at + 2 + length));
    if (isRejection(position)) return position;
    samples.push(position);
    at += 2 + length;
  }
  if (at < b.length) return reject("frame_trailing", "bytes remain behind the batch");
  if (samples.length === 0) return reject("frame_short", "a batch without positions");
  return samples.sort((a, b) => a.ts - b.ts);
}

/**
 * What may be kept of a frame: the terminal's number is blanked, and only bodies of positions remain. Registrations carry number
 * plates, driver messages carry names; none of that is ours to store.
 *
 * @param frame as {@link readJt808} read it
 */
export function anonymous(frame: Jt808Frame): Uint8Array {
  const keep = frame.message === MESSAGE.position || frame.message === MESSAGE.positions;
  return writeJt808({ ...frame, terminal: "0" }, keep ? frame.body : []);
}

/** Results of the general response (0x8001). */
export const RESULT = { ok: 0, failed: 1, wrong: 2, unsupported: 3 } as const;

/** The platform's general response to a message of the terminal (0x8001). */
export function generalResponse(frame: Jt808Frame, serial: number, result: number): Uint8Array {
  const body = [...pair(frame.serial), ...pair(frame.message), result];
  return writeJt808({ message: 0x8001, serial, terminal: frame.terminal, version: frame.version }, body);
}

/**
 * The answer to a registration (0x8100). @param code what the terminal shows when it authenticates; null = it is not known here
 */
export function registerResponse(frame: Jt808Frame, serial: number, code: string | null): Uint8Array {
  const body = [...pair(frame.serial), ...(code === null ? [4] : [0, ...Buffer.from(code, "latin1")])];
  return writeJt808({ message: 0x8100, serial, terminal: frame.terminal, version: frame.version }, body);
}

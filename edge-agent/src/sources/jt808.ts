import {
  anonymous,
  generalResponse,
  jt808,
  MESSAGE,
  registerResponse,
  RESULT,
} from "@gridhub/device-profiles/protocol/jt808/decode.ts";
import { readJt808 } from "@gridhub/device-profiles/protocol/jt808/frame.ts";
import { jt808Stream } from "@gridhub/device-profiles/protocol/jt808/stream.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import type { StationProtocol } from "./station-protocol.ts";

const KEPT: ReadonlySet<number> = new Set([MESSAGE.heartbeat, MESSAGE.position, MESSAGE.positions]);

/**
 * Vehicle terminals, JT/T 808. The terminal's number is a phone number: it finds the device and is kept nowhere. Only positions
 * and heartbeats are kept; a registration is answered (the code for its log-in is the device's name, no secret), everything else
 * is answered "not supported".
 */
export function jt808Stations(): StationProtocol {
  let serial = 0;
  return {
    stream: jt808Stream,
    hear(bytes) {
      const frame = readJt808(bytes);
      if (isRejection(frame)) return null;
      const samples = jt808.read(bytes);
      const refused = isRejection(samples) ? samples.reason : null;
      const result = refused === null ? RESULT.ok : refused === "frame_unsupported" ? RESULT.unsupported : RESULT.wrong;
      return {
        station: frame.terminal,
        keep: KEPT.has(frame.message) && result !== RESULT.unsupported ? anonymous(frame) : null,
        times: isRejection(samples) ? [] : samples.map((sample) => sample.ts),
        answer(device) {
          serial = (serial + 1) & 0xffff;
          if (frame.message === MESSAGE.register) return registerResponse(frame, serial, device);
          return device === null ? null : generalResponse(frame, serial, result);
        },
      };
    },
    label: (station) => `..${station.slice(-4)}`,
  };
}

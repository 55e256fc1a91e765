import { sl651 } from "@gridhub/device-profiles/protocol/sl651/decode.ts";
import { acknowledgeSl651, withoutPassword } from "@gridhub/device-profiles/protocol/sl651/encode.ts";
import { readSl651 } from "@gridhub/device-profiles/protocol/sl651/frame.ts";
import { sl651Stream } from "@gridhub/device-profiles/protocol/sl651/stream.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import type { StationProtocol } from "./station-protocol.ts";

/**
 * Hydrological stations, SL 651-2014. The password leaves the frame before it is kept: the station hears it again in the answer,
 * nobody else does. What the hub cannot read (pictures, split reports) is kept too and answered, or the station would repeat it.
 */
export const sl651Stations: StationProtocol = {
  stream: sl651Stream,
  hear(frame) {
    const head = readSl651(frame);
    if (isRejection(head) || head.down) return null;
    const samples = sl651.read(frame);
    return {
      station: head.station,
      keep: withoutPassword(frame),
      times: isRejection(samples) ? [] : samples.map((sample) => sample.ts),
      answer: (device) => (device === null ? null : acknowledgeSl651(frame)),
    };
  },
  label: (station) => station,
};

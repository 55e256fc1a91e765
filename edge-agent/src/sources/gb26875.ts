import { gb26875 } from "@gridhub/device-profiles/protocol/gb26875/decode.ts";
import { answerGb26875, COMMAND, readGb26875 } from "@gridhub/device-profiles/protocol/gb26875/frame.ts";
import { gb26875Stream } from "@gridhub/device-profiles/protocol/gb26875/stream.ts";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import type { StationProtocol } from "./station-protocol.ts";

/** Fire alarm hosts, GB/T 26875.3. What a host sends is confirmed; its own confirmations end here. */
export const gb26875Stations: StationProtocol = {
  stream: gb26875Stream,
  hear(bytes, now) {
    const frame = readGb26875(bytes);
    if (isRejection(frame)) return null;
    const sent = frame.command === COMMAND.send || frame.command === COMMAND.answer;
    const samples = gb26875.read(bytes);
    return {
      station: frame.source,
      keep: sent ? bytes : null,
      times: isRejection(samples) ? [] : samples.map((sample) => sample.ts),
      answer: (device) => (device !== null && frame.command === COMMAND.send ? answerGb26875(frame, now) : null),
    };
  },
  label: (station) => station,
};

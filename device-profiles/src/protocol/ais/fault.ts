import type { RejectionReason } from "../../rejection.ts";

/** Why a sentence or a message was refused. Stable codes: the edge agent and the command line count by them. */
export const AIS_FAULTS = {
  line_long: "The line is longer than 1,024 characters.",
  checksum_missing: "The sentence has no checksum (`*` and two hexadecimal digits).",
  checksum: "The sentence's checksum does not match.",
  fields: "The sentence does not have the seven fields of a VDM or VDO.",
  numbering: "Total, part or sequence number is not a digit, or the part exceeds the total.",
  payload_empty: "The sentence carries no payload.",
  armour: "The payload holds a character outside the six-bit armour.",
  fill_bits: "The number of fill bits is not 0 to 5.",
  part_orphan: "A later part arrived without the parts before it.",
  part_expired: "The rest of a multi-part message did not arrive in time.",
  part_evicted: "Too many unfinished multi-part messages; the oldest was given up.",
  part_mismatch: "The sentences of one frame are not the parts of one message.",
  message_long: "The message is longer than any AIS message.",
  message_short: "The message is shorter than its type requires.",
  message_length: "The message has a length that its type cannot have.",
  type_unknown: "The message type is not one of 1 to 27.",
  part_unknown: "A type 24 message is neither part A nor part B.",
} as const;

export type AisFault = keyof typeof AIS_FAULTS;

/** The project-wide rejection reason of a fault. */
export function rejectionReason(fault: AisFault): RejectionReason {
  if (fault === "checksum" || fault === "checksum_missing") return "frame_check";
  if (fault.startsWith("message_") || fault === "part_unknown") return "ais_invalid";
  return fault === "type_unknown" ? "frame_unsupported" : "nmea_invalid";
}

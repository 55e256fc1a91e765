/**
 * Why a message, a frame or a record was refused. Bad input is a value: it is stored with its bytes, counted by reason,
 * acknowledged and can be replayed. A retired reason is never reused for something else.
 */
export const REJECTION_REASONS = {
  topic_invalid: "The topic is not one of the contract's topics.",
  topic_forbidden: "The credential does not cover this topic.",
  payload_too_large: "The payload exceeds the limit of its lane.",
  json_invalid: "The payload is not valid UTF-8 JSON.",
  json_too_deep: "The JSON nests deeper than the contract allows.",
  envelope_invalid: "The JSON is not an envelope of contract v1.",
  envelope_version: "The envelope's version is not supported.",
  sequence_holes: "Too many gaps in this boot's sequence numbers; the edge must resend in order.",
  time_invalid: "The sample time is not a plausible UTC time in milliseconds.",
  device_unknown: "No device of this name is registered for this edge.",
  profile_unknown: "The device's profile is not loaded.",
  value_invalid: "A value has the wrong type or is not a finite number.",
  frame_short: "The frame ends before the layout does.",
  frame_marker: "A start or end marker is missing.",
  frame_check: "The checksum does not match.",
  frame_selector: "No case of the layout matches this frame.",
  frame_trailing: "Bytes remain after the layout ended.",
  frame_unsupported: "The message is well formed but its kind is not supported.",
  script_failed: "The profile's script threw, exceeded its budget or returned something else than readings.",
  nmea_invalid: "The sentence is not a VDM or VDO sentence of NMEA 0183.",
  ais_invalid: "The AIS payload is malformed or too short for its type.",
  image_invalid: "The picture cannot be decoded or exceeds the pixel limit.",
  foreign_invalid: "The message does not follow the format of its adapter.",
  foreign_unsupported: "The format is known, but this part of it is not supported.",
  birth_missing: "A value came by alias before the birth certificate that names it.",
  device_limit: "The adapter has as many devices as it may.",
  store_rejected: "The database refused the record's content.",
} as const;

export type RejectionReason = keyof typeof REJECTION_REASONS;

/** A refused input: the reason code and what was found, in one line fit for an operator. */
export interface Rejection {
  readonly reason: RejectionReason;
  readonly detail: string;
}

export function reject(reason: RejectionReason, detail: string): Rejection {
  return { reason, detail };
}

export function isRejection(value: unknown): value is Rejection {
  return typeof value === "object" && value !== null && "reason" in value && "detail" in value;
}

import type { Lane } from "@gridhub/device-profiles/topic.ts";

/** One message that a broker adapter hands to the pipeline; the currency of the first stage. */
export interface Message {
  readonly topic: string;
  readonly site: string;
  readonly edge: string;
  readonly lane: Lane;
  /** name of the device on device lanes, else "" */
  readonly device: string;
  readonly payload: Buffer;
  /** when the hub received it, ms UTC */
  readonly rx: number;
}

/**
 * Settles a message: without an error the broker acknowledges it (it is stored), with one it is not acknowledged and the
 * sender will send it again.
 */
export type Settle = (error?: Error) => void;

/** Where the broker delivers. Never throws. Messages are settled in the order of arrival. */
export interface MessageSink {
  accept(message: Message, settle: Settle): void;
  /** A publish that the contract or the credential forbids: kept as a dead letter, nothing to settle. */
  refuse(
    topic: string,
    payload: Buffer,
    edge: string,
    reason: "topic_invalid" | "topic_forbidden" | "payload_too_large",
    rx: number,
  ): void;
}

import type { Rejection } from "@gridhub/device-profiles/rejection.ts";
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
  /** identity of what came in another format and has no boot and sequence number (adapters/README.md) */
  readonly once?: Once;
  /** no adapter could translate it: kept as a dead letter, with its own topic and bytes */
  readonly refused?: Rejection;
}

/** Identity of a message among the newest of its device. */
export interface Once {
  /** 48 bits of a hash */
  readonly key: number;
  /** the message's own time, or that of its arrival; ms UTC */
  readonly ts: number;
  /** what makes two messages one; never = no own time, and the transport does not say that it may be a repeat */
  readonly repeat: "key" | "key_and_time" | "never";
}

/** A publish in another format than the contract's, as a broker got it. */
export interface ForeignPublish {
  readonly topic: string;
  readonly payload: Buffer;
  /** ms UTC */
  readonly rx: number;
  /** the transport says that it may have been delivered before */
  readonly dup: boolean;
  /** a broker had kept it: of unknown age */
  readonly retained: boolean;
}

/** Where brokers bring what speaks another format (adapters/). */
export interface ForeignDoor {
  /** what to subscribe to at an external broker */
  readonly filters: readonly string[];
  /** Whether this edge stands for an adapter: the contract's own topics are closed to it then. */
  owns(edgeKey: string): boolean;
  maySubscribe(edgeKey: string, filter: string): boolean;
  /** largest payload of this edge, bytes */
  limit(edgeKey: string): number;
  /**
   * @param publisher who it is by its credential; null at an external broker, where the topic says it
   * @returns false where no adapter takes the topic; then nothing was settled
   */
  accept(
    publish: ForeignPublish,
    publisher: { readonly edge: string; readonly device?: string } | null,
    sink: MessageSink,
    settle: Settle,
  ): boolean;
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

import type { EnvelopeRecord, FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import type { Logger } from "pino";
import type { SpoolLane } from "../spool.ts";

/** What a source may do with what it hears. */
export interface SourceContext {
  readonly now: () => number;
  readonly log: Logger;
  /** devices of this agent, by id */
  readonly devices: ReadonlySet<string>;
  /** Keeps records of a device durably, as one envelope. Resolves when they are on disk; rejects when the disk refuses. */
  emit(lane: SpoolLane, device: string, records: readonly EnvelopeRecord[]): Promise<void>;
  /** Offers a camera frame; frames may be dropped. @returns whether it was sent */
  frame(device: string, header: FrameHeader, jpeg: Buffer): boolean;
  /** "ok" or a reason code (`auth`, `unreachable`, `frozen` ...); changes go out with the next heartbeat at once. */
  status(device: string, code: string): void;
}

/** One way that readings come in. `start` resolves when it listens or tries; a source never throws into the agent. */
export interface Source {
  start(context: SourceContext): Promise<void>;
  stop(): Promise<void>;
}

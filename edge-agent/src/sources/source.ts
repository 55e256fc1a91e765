import type { EnvelopeRecord, FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import type { Logger } from "pino";
import type { SpoolLane } from "../spool.ts";
import type { ReceiverTally } from "./receiver-tally.ts";

/** What a source may do with what it hears. */
export interface SourceContext {
  readonly now: () => number;
  readonly log: Logger;
  /** devices of this agent, by id */
  readonly devices: ReadonlySet<string>;
  /**
   * Keeps records of a device durably. Resolves when they are on disk; rejects with a SpoolError. The device's status becomes
   * `spool` while the disk refuses.
   */
  emit(lane: SpoolLane, device: string, records: readonly EnvelopeRecord[]): Promise<void>;
  /** Whether a frame would be sent now; without it the work of making one can be spared. */
  takesFrames(): boolean;
  /** Offers a camera frame; frames may be dropped. @returns whether it was sent */
  frame(device: string, header: FrameHeader, jpeg: Buffer): boolean;
  /** Keeps a camera's picture for a while on this machine, where the agent has an evidence ring. */
  evidence?(device: string, ts: number, picture: Buffer): void;
  /** Counts what an AIS receiver brings; the same one for all connections of a device. */
  receiver(device: string): ReceiverTally;
  /** "ok" or a reason code (`auth`, `unreachable`, `frozen` ...); changes go out with a heartbeat soon. */
  status(device: string, code: string): void;
}

/** One way that readings come in. `start` resolves when it listens or tries; a source never throws into the agent later. */
export interface Source {
  /** @throws ListenError when its address cannot be used */
  start(context: SourceContext): Promise<void>;
  /** Ends within seconds; what was accepted is in the spool when it resolves. */
  stop(): Promise<void>;
}

/** An address that the agent was told to listen on cannot be used. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor(kind: string, host: string, port: number, cause: NodeJS.ErrnoException) {
    super(`source ${kind} cannot listen on ${host}:${port}: ${cause.code ?? cause.message}`, { cause });
  }
}

import type { FrameStream } from "@gridhub/device-profiles/protocol/frame-stream.ts";

/** What one intact frame means for the connection that it came by. */
export interface Heard {
  /** key of `stations` */
  readonly station: string;
  /** the frame without secrets and without personal data; null = nothing to keep */
  readonly keep: Uint8Array | null;
  /** sample times of the frame, ms UTC, oldest first; 0 or NaN where it has none */
  readonly times: readonly number[];
  /**
   * The answer, sent only after the frame is on disk.
   * @param device null = the station is not known here @returns null = none
   */
  answer(device: string | null): Uint8Array | null;
}

/** A protocol of stations that connect, send, and wait for an answer. */
export interface StationProtocol {
  /** a cutter for one connection's bytes */
  stream(): FrameStream;
  /** @param now ms UTC @returns null for a frame that no station sends */
  hear(frame: Uint8Array, now: number): Heard | null;
  /** how the log may name a station that is not known here */
  label(station: string): string;
}

import type { EnvelopeRecord, FrameHeader } from "@gridhub/device-profiles/envelope.ts";
import { pino } from "pino";
import type { SpoolLane } from "../spool.ts";
import { SpoolError } from "../spool-error.ts";
import { ReceiverTally } from "./receiver-tally.ts";
import type { SourceContext } from "./source.ts";

/** A stage for tests of sources: keeps what a source emits, and can refuse to keep it. */
export class SourceScene implements SourceContext {
  readonly emitted: { lane: SpoolLane; device: string; records: readonly EnvelopeRecord[] }[] = [];
  readonly frames: { device: string; header: FrameHeader; jpeg: Buffer }[] = [];
  readonly codes: string[] = [];
  readonly devices: ReadonlySet<string>;
  readonly tally = new ReceiverTally();
  readonly log = pino({ level: "silent" });
  time = 1_763_776_800_000;
  full = false;
  /** a hub that is away takes no frames */
  away = false;

  constructor(...devices: string[]) {
    this.devices = new Set(devices);
  }

  readonly now = (): number => this.time;

  emit(lane: SpoolLane, device: string, records: readonly EnvelopeRecord[]): Promise<void> {
    if (this.full) {
      this.status(device, "spool");
      return Promise.reject(new SpoolError("disk", "disk full"));
    }
    this.emitted.push({ lane, device, records });
    return Promise.resolve();
  }

  takesFrames(): boolean {
    return !this.away;
  }

  frame(device: string, header: FrameHeader, jpeg: Buffer): boolean {
    this.frames.push({ device, header, jpeg });
    return true;
  }

  receiver(): ReceiverTally {
    return this.tally;
  }

  status(_device: string, code: string): void {
    if (this.codes.at(-1) !== code) this.codes.push(code);
  }
}

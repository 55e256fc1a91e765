import type { EnvelopeRecord } from "@gridhub/device-profiles/envelope.ts";
import { AisAssembler } from "@gridhub/device-profiles/protocol/ais/assembler.ts";
import { splitLine } from "@gridhub/device-profiles/protocol/ais/sentence.ts";
import type { ReceiverTally } from "./receiver-tally.ts";
import type { SourceContext } from "./source.ts";

const MAX_RECORDS = 100;
const GATHER_MS = 200;
/** A tag block's time is believed when it is this near to the agent's clock: replayed logs carry times of years ago. */
const MAX_TAG_AGE_MS = 86_400_000;
const MAX_LINE = 4096;
/** Times given to a burst do not run ahead of the clock by more; where they do, the clock was set back. */
const MAX_LEAD_MS = 10_000;
/** Ships told apart in one burst; beyond it they may share a millisecond again. */
const MAX_BURST_SHIPS = 50_000;
/** CR LF by the standard; LF and CR alone are met. An empty line between CR and LF is nothing. */
const LINE_END = /[\r\n]/;

/**
 * Lines of NMEA 0183 -> complete AIS messages -> raw records of the receiver (`s` = all sentences of one message). Parts are
 * joined here, beside the receiver, so that every record stands alone and the hub decodes without state.
 */
export class AisFeed {
  readonly #device: string;
  readonly #context: SourceContext;
  readonly #assembler = new AisAssembler();
  readonly #tally: ReceiverTally;
  #records: EnvelopeRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  #rest = "";
  /** ship -> newest time given to it in the burst that is being read, ms UTC */
  readonly #burst = new Map<number, number>();
  #burstEnd = 0;

  constructor(device: string, context: SourceContext) {
    this.#device = device;
    this.#context = context;
    this.#tally = context.receiver(device);
  }

  /** A piece of a byte stream: lines may be cut anywhere. */
  stream(chunk: Buffer, source: string): void {
    const lines = (this.#rest + chunk.toString("latin1")).split(LINE_END);
    this.#rest = (lines.pop() ?? "").slice(-MAX_LINE);
    for (const line of lines) this.#line(line, source);
  }

  /** The byte stream ended: half a line of it must not meet the beginning of the next one. */
  cut(): void {
    this.#rest = "";
    this.flush();
  }

  /** A datagram: whole lines, the last one perhaps without its end. */
  datagram(payload: Buffer, source: string): void {
    for (const line of payload.toString("latin1").split(LINE_END)) if (line !== "") this.#line(line, source);
  }

  #line(line: string, source: string): void {
    const pieces = splitLine(line);
    if (pieces === null) this.#sentence(line, source);
    else for (const piece of pieces) this.#sentence(piece, source);
  }

  #sentence(line: string, source: string): void {
    const now = this.#context.now();
    const message = this.#assembler.push(line, source, now);
    const { last } = this.#assembler;
    if (last === "none") return;
    this.#tally.sentences++;
    if (message === null) {
      if (last !== "part") this.#tally.refused++;
      return;
    }
    const mmsi = message.bits.uint(8, 30);
    this.#tally.heard(mmsi, now);
    const near = message.time !== null && Math.abs(message.time - now) < MAX_TAG_AGE_MS;
    this.#records.push({ ts: near ? message.time! : this.#received(mmsi, now), s: message.lines.join("\n") });
    if (this.#records.length >= MAX_RECORDS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /**
   * Lines that waited in a connection arrive in one piece. A ship's reports among them get times of their own, a millisecond apart,
   * because a position is known by its ship and its time: of two with the same time, one would be lost.
   */
  #received(mmsi: number, now: number): number {
    const over = now > this.#burstEnd || now < this.#burstEnd - MAX_LEAD_MS;
    if (over || this.#burst.size >= MAX_BURST_SHIPS) this.#burst.clear();
    const before = this.#burst.get(mmsi);
    const ts = before !== undefined && before >= now ? before + 1 : now;
    this.#burst.set(mmsi, ts);
    this.#burstEnd = over ? ts : Math.max(this.#burstEnd, ts);
    return ts;
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#records.length === 0) return;
    const records = this.#records;
    this.#records = [];
    this.#context.emit("raw", this.#device, records).then(
      () => this.#context.status(this.#device, "ok"),
      (error: Error) => {
        // Radio does not repeat itself: counted, and the status `spool` is set by `emit`.
        if (this.#tally.lost === 0)
          this.#context.log.error({ err: error.message }, "AIS messages are lost: the spool refuses");
        this.#tally.lost += records.length;
      },
    );
  }
}

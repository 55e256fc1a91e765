import type { Readable } from "node:stream";
import { AisFeed } from "./ais-feed.ts";
import type { Source, SourceContext } from "./source.ts";

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
/** A receiver in a harbour hears something within minutes; a silent connection is opened anew. */
export const SILENCE_MS = 300_000;

export interface AisStreamOptions {
  readonly device: string;
  /** names the other end in the log and keeps parts of different receivers apart: `host:port`, a path */
  readonly where: string;
  /** @returns the open stream of bytes; rejects when there is none now */
  open(): Promise<Readable>;
  /** a stream without a byte for so long is closed, ms */
  readonly silenceMs?: number;
}

/** Keeps one stream of NMEA open: whatever ends it, it is opened again with growing pauses, and the device's status says why. */
export class AisStreamSource implements Source {
  readonly #options: AisStreamOptions;
  #stream: Readable | null = null;
  #feed: AisFeed | null = null;
  #retry: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #pause = RETRY_MIN_MS;
  #stopped = false;

  constructor(options: AisStreamOptions) {
    this.#options = options;
  }

  async start(context: SourceContext): Promise<void> {
    this.#feed = new AisFeed(this.#options.device, context);
    this.#connect(context, this.#feed);
  }

  #connect(context: SourceContext, feed: AisFeed): void {
    this.#options.open().then(
      (stream) => {
        if (this.#stopped) stream.destroy();
        else this.#listen(stream, context, feed);
      },
      (error: Error) => this.#again(context, feed, error.message === "timeout" ? "timeout" : "unreachable"),
    );
  }

  #listen(stream: Readable, context: SourceContext, feed: AisFeed): void {
    const { where, silenceMs = SILENCE_MS } = this.#options;
    this.#stream = stream;
    let reason = "unreachable";
    this.#silence = setTimeout(() => {
      reason = "timeout";
      stream.destroy();
    }, silenceMs);
    const silence = this.#silence;
    stream.on("data", (chunk: Buffer) => {
      silence.refresh();
      this.#pause = RETRY_MIN_MS;
      feed.stream(chunk, where);
    });
    stream.on("error", () => {}); // `close` follows
    stream.on("end", () => stream.destroy());
    stream.on("close", () => {
      clearTimeout(silence);
      feed.cut();
      this.#again(context, feed, reason);
    });
    context.log.info({ where }, "ais receiver connected");
  }

  #again(context: SourceContext, feed: AisFeed, reason: string): void {
    if (this.#stopped) return;
    context.status(this.#options.device, reason);
    this.#retry = setTimeout(() => this.#connect(context, feed), this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(RETRY_MAX_MS, this.#pause * 2);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#feed?.flush();
    this.#stream?.destroy();
  }
}

import type { Log } from "./log.ts";
import { MAX_CAP_BYTES } from "./weather/cap.ts";

export interface FeedOptions {
  /** where a CAP document, or a JSON list of CAP documents, is fetched */
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** takes one document. @returns what was wrong with it; null = nothing */
  readonly take: (document: string) => Promise<string | null>;
  readonly log: Log;
}

const MAX_DOCUMENTS = 200;

/** Asks a feed of weather warnings again and again; unchanged answers cost one conditional request. */
export class WeatherFeed {
  readonly #options: FeedOptions;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #etag: string | null = null;
  /** what was said of the feed last: the log tells changes, not every poll */
  #state = "";

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#poll();
  }

  close(): void {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #poll(): Promise<void> {
    const { intervalMs, log } = this.#options;
    try {
      this.#say("ok", await this.#ask());
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const why = (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
      this.#say("failed", why.message);
    }
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#poll(), intervalMs);
    log.debug({ in: intervalMs }, "weather feed");
  }

  async #ask(): Promise<string> {
    const { url, timeoutMs, take } = this.#options;
    const response = await fetch(url, {
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]),
      headers: this.#etag === null ? {} : { "if-none-match": this.#etag },
    });
    if (response.status === 304) return "";
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const text = await bounded(response);
    let wrong = "";
    for (const document of documentsOf(text)) wrong = (await take(document)) ?? wrong;
    // Only what was taken whole need not be asked for again.
    this.#etag = response.headers.get("etag");
    return wrong;
  }

  #say(state: string, detail: string): void {
    const now = `${state} ${detail}`;
    if (now === this.#state) return;
    this.#state = now;
    if (detail === "") this.#options.log.info("the weather feed answers");
    else this.#options.log.warn({ detail }, "the weather feed");
  }
}

function documentsOf(text: string): string[] {
  if (!text.trimStart().startsWith("[")) return text.trim() === "" ? [] : [text];
  const list = JSON.parse(text) as unknown[];
  return list.slice(0, MAX_DOCUMENTS).map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > 4 * MAX_CAP_BYTES) throw new Error(`more than ${4 * MAX_CAP_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** By the settings `weather`; null without an address. */
export function weatherFeed(
  settings: { readonly feed_url: string; readonly interval_s: number; readonly timeout_s: number },
  take: FeedOptions["take"],
  log: Log,
): WeatherFeed | null {
  const { feed_url: url, interval_s, timeout_s } = settings;
  return url === ""
    ? null
    : new WeatherFeed({ url, intervalMs: interval_s * 1000, timeoutMs: timeout_s * 1000, take, log });
}

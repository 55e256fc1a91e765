import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseSentence, Sentence } from "@gridhub/device-profiles/protocol/ais/sentence.ts";
import type { AisFileConfig } from "./ais-config.ts";
import { AisFeed } from "./ais-feed.ts";
import type { Source, SourceContext } from "./source.ts";

/** A pause in the log is not waited for longer than this (after the speed), ms. */
const MAX_WAIT_MS = 60_000;
/** Waits shorter than this are gathered: a timer is not exact to less. ms */
const MIN_WAIT_MS = 20;

/**
 * Plays a log. Times of tag blocks (`c:`) pass at `speed`; while there are none, `rate` sentences go a second. The hub sees
 * messages heard now: the log's own times of years ago are not believed by the feed.
 */
export class AisFileSource implements Source {
  readonly #config: AisFileConfig;
  readonly #abort = new AbortController();
  #feed: AisFeed | null = null;
  #run: Promise<void> = Promise.resolve();
  /** sentences that were played */
  played = 0;

  constructor(config: AisFileConfig) {
    this.#config = config;
  }

  async start(context: SourceContext): Promise<void> {
    const feed = new AisFeed(this.#config.device, context);
    this.#feed = feed;
    this.#run = this.#playAll(feed, context).catch((error: NodeJS.ErrnoException) => {
      if (this.#abort.signal.aborted) return;
      context.log.error({ path: this.#config.path, err: error.message }, "the log cannot be played");
      context.status(this.#config.device, "unreachable");
    });
  }

  async #playAll(feed: AisFeed, context: SourceContext): Promise<void> {
    const { path, loop } = this.#config;
    let before: number;
    do {
      before = this.played;
      await this.#play(feed);
      feed.cut();
    } while (loop && this.played > before && !this.#abort.signal.aborted);
    context.log.info({ path, played: this.played }, "the log was played to its end");
  }

  async #play(feed: AisFeed): Promise<void> {
    const { path, speed, rate } = this.#config;
    const { signal } = this.#abort;
    const input = createReadStream(path, { encoding: "latin1", signal });
    const lines = createInterface({ input, crlfDelay: Infinity });
    // readline does not pass an error of its input on: without this a missing file would end the process
    const failed = new Promise<never>((_, reject) => input.once("error", reject));
    failed.catch(() => {});
    const sentence = new Sentence();
    const pace = new Pace(speed, rate);
    const iterator = lines[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), failed]);
        if (next.done === true || signal.aborted) break;
        const line = next.value;
        const found = parseSentence(line, sentence);
        if (found === "none") continue;
        const wait = pace.wait(found === null ? sentence.time : 0, performance.now());
        if (wait >= MIN_WAIT_MS) await sleep(wait, undefined, { signal });
        feed.datagram(Buffer.from(line, "latin1"), path);
        this.played++;
      }
    } finally {
      lines.close();
      input.destroy();
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#run;
    this.#feed?.flush();
  }
}

/** When the next sentence of a log is due. Times are ms; `now` has any origin. */
export class Pace {
  readonly #speed: number;
  readonly #gapMs: number;
  #logTime = 0;
  #due = Number.NaN;

  constructor(speed: number, rate: number) {
    this.#speed = speed;
    this.#gapMs = 1000 / rate;
  }

  /** @param time the sentence's own time, 0 without one. @returns ms to wait */
  wait(time: number, now: number): number {
    if (Number.isNaN(this.#due)) this.#due = now;
    else if (time === 0 && this.#logTime === 0) this.#due += this.#gapMs;
    else if (time > this.#logTime && this.#logTime > 0)
      this.#due += Math.min(MAX_WAIT_MS, (time - this.#logTime) / this.#speed);
    // sentences without a time of their own (later parts) go with the one before; a log that goes back in time does not wait
    if (time > 0) this.#logTime = time;
    return Math.max(0, this.#due - now);
  }
}

import { createHmac } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { OutboxItem } from "../outbox.ts";
import type { DingTalkTarget } from "../target.ts";
import { describeError, type Outcome, type Transport } from "../transport.ts";
import { readSome } from "../webhook.ts";
import { holdMs } from "./hold.ts";
import { noticeOf } from "./notice.ts";
import { type Stopwatch, TokenBucket } from "./token-bucket.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
/** rows that one message may tell of */
const BATCH = 100;
/** The robot takes 20,000 bytes; the rest is for the JSON around the text. */
const MAX_TEXT_BYTES = 18_000;
/** `send too fast`: the robot is silenced for ten minutes when one goes on. */
const TOO_FAST = new Set([130101, 660026]);
const SILENCE_MS = 60_000;
/** Answers that judge the message: forbidden content, malformed, too long. */
const REFUSED = new Set([400105, 430101, 430102, 430103, 430104, 460101, 50004]);

/**
 * A robot of a DingTalk group, or of what speaks like one: markdown, signed with `timestamp` and `sign` as query parameters
 * (base64 of HMAC-SHA256 of `<timestamp ms>\n<secret>` under the secret). What waits for the token bucket is merged.
 */
export class DingTalkTransport implements Transport {
  readonly timeoutMs: number;
  readonly batch = BATCH;
  readonly ordered = false;
  readonly origin: string;
  readonly #target: DingTalkTarget;
  readonly #fetch: typeof fetch;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;

  constructor(target: DingTalkTarget, send: typeof fetch, clock: Clock, stopwatch?: Stopwatch) {
    this.#target = target;
    this.#fetch = send;
    this.#clock = clock;
    this.#bucket = new TokenBucket(target.perMinute, stopwatch);
    this.timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.origin = new URL(target.url).origin;
  }

  pauseMs(): number {
    return this.#bucket.waitMs();
  }

  holdMs(item: OutboxItem, now: number): number {
    return holdMs(this.#target, item, now);
  }

  async send(items: readonly OutboxItem[], stop: AbortSignal): Promise<Outcome> {
    this.#bucket.take();
    try {
      const response = await this.#fetch(this.#signedUrl(), {
        method: "POST",
        redirect: "manual",
        signal: AbortSignal.any([stop, AbortSignal.timeout(this.timeoutMs)]),
        headers: { "content-type": "application/json; charset=utf-8", "user-agent": "gridhub" },
        body: JSON.stringify(this.#message(items)),
      });
      if (!response.ok) {
        response.body?.cancel().catch(() => {});
        return { kind: "failed", error: `HTTP ${response.status}`, retryAfterMs: 0 };
      }
      return verdict(await readSome(response));
    } catch (error) {
      if (stop.aborted) return { kind: "stopped" };
      return { kind: "failed", error: describeError(error as Error, this.timeoutMs), retryAfterMs: 0 };
    }
  }

  #signedUrl(): string {
    const { url, secret } = this.#target;
    if (secret === "") return url;
    const signed = new URL(url);
    const timestamp = String(this.#clock());
    signed.searchParams.set("timestamp", timestamp);
    signed.searchParams.set("sign", dingTalkSign(secret, timestamp));
    return signed.href;
  }

  #message(items: readonly OutboxItem[]): object {
    const { title, lines } = noticeOf(this.#target, items, escapeMarkdown);
    const { keyword } = this.#target;
    const head = keyword === "" || title.includes(keyword) ? title : `${keyword} ${title}`;
    // An empty line between them: the robot joins single line breaks.
    const text = cutBytes([`### ${escapeMarkdown(head)}`, ...lines].join("\n\n"), MAX_TEXT_BYTES);
    return { msgtype: "markdown", markdown: { title: head, text } };
  }
}

/** @param timestamp ms UTC as text */
export function dingTalkSign(secret: string, timestamp: string): string {
  return createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
}

/** A device called `[click](http://...)` must not become a link, nor one called `# x` a heading. */
export function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_[\]()#|<>~]/g, (sign) => `\\${sign}`).replaceAll(/\s*\n\s*/g, " ");
}

function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text.toWellFormed());
  if (bytes.length <= limit) return text;
  let end = limit;
  while ((bytes[end] & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString("utf8")}…`;
}

function verdict(text: string): Outcome {
  let answer: { errcode?: unknown; errmsg?: unknown };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    return { kind: "failed", error: "the answer is not JSON", retryAfterMs: 0 };
  }
  const code = Number(answer.errcode);
  if (code === 0) return { kind: "delivered" };
  const error = `errcode ${code}: ${String(answer.errmsg).slice(0, 120)}`;
  if (REFUSED.has(code)) return { kind: "refused", error };
  return { kind: "failed", error, retryAfterMs: TOO_FAST.has(code) ? SILENCE_MS : 0 };
}

import { createTransport as createMailer, type Transporter } from "nodemailer";
import type { OutboxItem } from "../outbox.ts";
import type { EmailTarget } from "../target.ts";
import { describeError, type Outcome, type Transport } from "../transport.ts";
import { holdMs } from "./hold.ts";
import { noticeOf } from "./notice.ts";
import { type Stopwatch, TokenBucket } from "./token-bucket.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
/** rows that one letter may tell of */
const BATCH = 200;

/** Letters in plain text by SMTP. What waits for the token bucket, the digest or the end of the quiet hours is one letter. */
export class EmailTransport implements Transport {
  readonly timeoutMs: number;
  readonly batch = BATCH;
  readonly ordered = false;
  readonly origin: string;
  readonly #target: EmailTarget;
  readonly #bucket: TokenBucket;
  #mailer: Transporter | null = null;

  constructor(target: EmailTarget, stopwatch?: Stopwatch) {
    this.#target = target;
    this.#bucket = new TokenBucket(target.perMinute, stopwatch);
    this.timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.origin = `smtp://${target.host}:${target.port}`;
  }

  pauseMs(): number {
    return this.#bucket.waitMs();
  }

  holdMs(item: OutboxItem, now: number): number {
    return holdMs(this.#target, item, now);
  }

  async send(items: readonly OutboxItem[], stop: AbortSignal): Promise<Outcome> {
    this.#bucket.take();
    const { from, to } = this.#target;
    const { title, lines } = noticeOf(this.#target, items, (text) => text.replaceAll(/\s*\n\s*/g, " "));
    const signal = AbortSignal.any([stop, AbortSignal.timeout(this.timeoutMs)]);
    let give: (() => void) | undefined;
    try {
      const ended = new Promise<never>((_, reject) => {
        give = () => reject(signal.reason as Error);
        signal.addEventListener("abort", give, { once: true });
      });
      const sent = this.#connection().sendMail({
        from,
        to: [...to],
        subject: title,
        text: `${lines.join("\n")}\n`,
        // The same letter at every attempt: mail servers and clients drop repetitions by it.
        messageId: `<${items[0].eventId}.${items[0].revision}.${items.length}@gridhub>`,
        headers: { "Auto-Submitted": "auto-generated" },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      // whoever loses the race must not become an unhandled rejection
      sent.catch(() => {});
      await Promise.race([sent, ended]);
      return { kind: "delivered" };
    } catch (error) {
      if (stop.aborted) return { kind: "stopped" };
      return judge(error as SmtpError, this.timeoutMs);
    } finally {
      if (give !== undefined) signal.removeEventListener("abort", give);
    }
  }

  #connection(): Transporter {
    const { host, port, tls, ca = "", username, password } = this.#target;
    return (this.#mailer ??= createMailer({
      host,
      port,
      secure: tls === "implicit",
      requireTLS: tls === "starttls",
      ignoreTLS: tls === "none",
      auth: username === "" ? undefined : { user: username, pass: password },
      tls: { minVersion: "TLSv1.2", ...(ca !== "" && { ca }) },
      connectionTimeout: this.timeoutMs,
      greetingTimeout: this.timeoutMs,
      socketTimeout: this.timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    }) as Transporter);
  }

  close(): Promise<void> {
    this.#mailer?.close();
    this.#mailer = null;
    return Promise.resolve();
  }
}

interface SmtpError extends Error {
  readonly code?: string;
  /** RFC 5321 section 4.2: 4yz = later, 5yz = never */
  readonly responseCode?: number;
}

/** Only what judges the message itself is refused: a wrong password or address is ours to mend, and the letter waits. */
function judge(error: SmtpError, timeoutMs: number): Outcome {
  const { code, responseCode } = error;
  if (code === "EMESSAGE" && responseCode !== undefined && responseCode >= 500)
    return { kind: "refused", error: `SMTP ${responseCode}` };
  return { kind: "failed", error: reason(error, timeoutMs), retryAfterMs: 0 };
}

/** Of a connection or a certificate its own words, which name what is wrong; of anything else the code alone: words may hold what was sent. */
function reason(error: SmtpError, timeoutMs: number): string {
  const { code, responseCode } = error;
  if (responseCode !== undefined) return `SMTP ${responseCode} ${code ?? ""}`.trim();
  if (code === undefined) return describeError(error, timeoutMs);
  return code === "ESOCKET" || code === "ETLS" ? `${code}: ${error.message}`.slice(0, 200) : code;
}

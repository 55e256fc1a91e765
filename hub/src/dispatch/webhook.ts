import type { Clock } from "../clock.ts";
import type { AnswerRule } from "./mapping/mapping.ts";
import type { OutboxItem } from "./outbox.ts";
import { SIGNATURE_HEADER, signBody } from "./signature.ts";
import type { WebhookTarget } from "./target.ts";
import { describeError, type Outcome, type Transport } from "./transport.ts";

export const DEFAULT_TIMEOUT_MS = 10_000;
/** Answers that judge the body. Redirects are not followed: an event must not go where nobody sent it. */
const REFUSALS: ReadonlySet<number> = new Set([400, 405, 406, 409, 411, 413, 414, 415, 422, 431]);
/** of an answer that is judged by its body */
const MAX_ANSWER = 65_536;

/** One POST a row: the cloud event itself, or what the platform's mapping makes of it. */
export class WebhookTransport implements Transport {
  readonly timeoutMs: number;
  readonly batch = 1;
  readonly ordered = true;
  readonly origin: string;
  readonly #target: WebhookTarget;
  readonly #fetch: typeof fetch;
  readonly #clock: Clock;

  constructor(target: WebhookTarget, send: typeof fetch, clock: Clock) {
    this.#target = target;
    this.#fetch = send;
    this.#clock = clock;
    this.timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.origin = new URL(target.url).origin;
  }

  async send([item]: readonly OutboxItem[], stop: AbortSignal): Promise<Outcome> {
    const { url, mapping } = this.#target;
    try {
      const { body, headers } = this.#request(item);
      const response = await this.#fetch(url, {
        method: "POST",
        redirect: "manual",
        signal: AbortSignal.any([stop, AbortSignal.timeout(this.timeoutMs)]),
        headers,
        body,
      });
      const rule = mapping?.answer ?? null;
      if (rule !== null && response.ok) return judge(await readSome(response), rule);
      // Nobody needs the answer's body; an endless one must not hold the connection.
      response.body?.cancel().catch(() => {});
      if (response.status >= 200 && response.status < 300) return { kind: "delivered" };
      const error = `HTTP ${response.status}`;
      if (REFUSALS.has(response.status)) return { kind: "refused", error };
      return { kind: "failed", error, retryAfterMs: retryAfter(response.headers.get("retry-after")) };
    } catch (error) {
      if (stop.aborted) return { kind: "stopped" };
      return { kind: "failed", error: describeError(error as Error, this.timeoutMs), retryAfterMs: 0 };
    }
  }

  #request(item: OutboxItem): { readonly body: string; readonly headers: Record<string, string> } {
    const { mapping, secret, headers = {} } = this.#target;
    const event = item.body as Readonly<Record<string, unknown>>;
    const body = mapping === undefined ? JSON.stringify(event) : mapping.body(event);
    const own: Record<string, string> = { ...headers };
    for (const [name, template] of mapping?.headers ?? []) own[name] = headerText(template.text(event));
    if (mapping !== undefined) {
      // Binary mode of the CloudEvents HTTP binding: what drops repetitions can go by the headers, whatever the body is.
      own["ce-specversion"] = "1.0";
      own["ce-id"] = headerText(String(event.id));
      own["ce-type"] = item.type;
      own["ce-source"] = headerText(String(event.source));
    }
    return {
      body,
      headers: {
        ...own,
        "content-type": mapping?.contentType ?? "application/cloudevents+json; charset=utf-8",
        "user-agent": "gridhub",
        [SIGNATURE_HEADER]: signBody(secret, body, this.#clock()),
      },
    };
  }
}

/** Headers are ASCII; anything else is written as percent escapes, as the CloudEvents binding does. */
function headerText(text: string): string {
  return text.slice(0, 2000).replaceAll(/[^\x20-\x7e]/gu, (c) => encodeURIComponent(c.toWellFormed()));
}

/** Many platforms answer 200 whatever happened and tell the outcome in the body. */
export function judge(text: string, { path, ok, refused }: AnswerRule): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "failed", error: "the answer is not JSON", retryAfterMs: 0 };
  }
  for (const name of path)
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  const said = typeof value === "object" ? JSON.stringify(value ?? null) : String(value as string | undefined);
  if (ok.has(said)) return { kind: "delivered" };
  const error = `answered ${path.join(".")} = ${said.slice(0, 100)}`;
  return refused.has(said) ? { kind: "refused", error } : { kind: "failed", error, retryAfterMs: 0 };
}

/** At most `MAX_ANSWER` bytes; the rest is not waited for. */
export async function readSome(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined && bytes < MAX_ANSWER) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  reader?.cancel().catch(() => {});
  return Buffer.concat(chunks).toString("utf8");
}

/** Seconds only; the date form is rare and our clock is not the target's. */
function retryAfter(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? Number(header) * 1000 : 0;
}

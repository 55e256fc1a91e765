import type { Clock } from "../clock.ts";
import type { OutboxItem } from "./outbox.ts";
import { SIGNATURE_HEADER, signBody } from "./signature.ts";
import type { TargetConfig } from "./target.ts";

/**
 * delivered: the target has it. refused: the target works and will never take this body. failed: the target, or the way to it,
 * does not work now, or it is not the target that we think it is (401, 404): all its rows would fare alike. stopped: we hung up.
 */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "failed"; readonly error: string; readonly retryAfterMs: number }
  | { readonly kind: "stopped" };

const DEFAULT_TIMEOUT_MS = 10_000;
/** Answers that judge the body. Redirects are not followed: an event must not go where nobody sent it. */
const REFUSALS: ReadonlySet<number> = new Set([400, 405, 406, 409, 411, 413, 414, 415, 422, 431]);

export function timeoutOf(target: TargetConfig): number {
  return target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

/** One POST of one row. Never rejects. */
export async function attempt(
  target: TargetConfig,
  item: OutboxItem,
  send: typeof fetch,
  clock: Clock,
  stop: AbortSignal,
): Promise<Outcome> {
  const body = JSON.stringify(item.body);
  const timeoutMs = timeoutOf(target);
  try {
    const response = await send(target.url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]),
      headers: {
        ...target.headers,
        "content-type": "application/cloudevents+json; charset=utf-8",
        "user-agent": "gridhub",
        [SIGNATURE_HEADER]: signBody(target.secret, body, clock()),
      },
      body,
    });
    // Nobody needs the answer's body; an endless one must not hold the connection.
    response.body?.cancel().catch(() => {});
    if (response.status >= 200 && response.status < 300) return { kind: "delivered" };
    const error = `HTTP ${response.status}`;
    if (REFUSALS.has(response.status)) return { kind: "refused", error };
    return { kind: "failed", error, retryAfterMs: retryAfter(response.headers.get("retry-after")) };
  } catch (error) {
    if (stop.aborted) return { kind: "stopped" };
    return { kind: "failed", error: describe(error as Error, timeoutMs), retryAfterMs: 0 };
  }
}

/** Seconds only; the date form is rare and our clock is not the target's. */
function retryAfter(header: string | null): number {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? Number(header) * 1000 : 0;
}

function describe(error: Error, timeoutMs: number): string {
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
  const cause = error.cause as { code?: unknown; message?: unknown } | undefined;
  const detail = typeof cause?.code === "string" ? cause.code : String(cause?.message ?? error.message);
  return detail.slice(0, 200);
}

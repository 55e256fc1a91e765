import type { OutboxItem } from "./outbox.ts";

/**
 * delivered: the target has it. refused: the target works and will never take this body. failed: the target, or the way to it,
 * does not work now, or it is not the target that we think it is (401, 404): all its rows would fare alike. stopped: we hung up.
 */
export type Outcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "failed"; readonly error: string; readonly retryAfterMs: number }
  | { readonly kind: "stopped" };

/** A way to one target. */
export interface Transport {
  /** longest time that `send` takes, ms */
  readonly timeoutMs: number;
  /** rows that one message may carry; 1 = a message a row */
  readonly batch: number;
  /** revision n+1 of an event leaves only after revision n; notifiers tell the newest state and need no order */
  readonly ordered: boolean;
  /** where to, without anything secret: for the event about a target that is down */
  readonly origin: string;
  /** ms until the next message may be sent (token bucket); 0 = now. `send` spends what this promised */
  pauseMs?(): number;
  /** ms that this row must wait, 0 = none: quiet hours, digests. @param now ms UTC */
  holdMs?(item: OutboxItem, now: number): number;
  /** Never rejects. @param items at least one, at most `batch` */
  send(items: readonly OutboxItem[], stop: AbortSignal): Promise<Outcome>;
  close?(): Promise<void>;
}

/** The words of a failure without addresses, queries or credentials; at most 200 characters. */
export function describeError(error: Error, timeoutMs: number): string {
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs} ms`;
  const cause = error.cause as { code?: unknown; message?: unknown } | undefined;
  const detail = typeof cause?.code === "string" ? cause.code : String(cause?.message ?? error.message);
  return detail.slice(0, 200);
}

import type { Clock } from "../clock.ts";
import type { GridEvent } from "../event.ts";
import { type CallbackBody, parseCallback } from "./callback-body.ts";
import { type SignatureVerdict, verifySignature } from "./signature.ts";
import { echoName, type TargetConfig, withinReach } from "./target.ts";

/** What the desk knows of a callback that came before. */
export interface KeptCallback {
  readonly target: string;
  readonly id: string;
  readonly eventId: string | null;
  readonly kind: string;
  readonly ts: number;
  readonly outcome: string;
  readonly detail: string;
}

/** What `EventBook.callback` takes and gives; joined by hub.ts. */
export interface EventCallback {
  readonly id: string;
  readonly platform: string;
  readonly kind: "accepted" | "responded" | "done" | "rejected" | "evaluated";
  readonly ts: number;
  readonly who: string;
  readonly note: string;
  readonly until?: number;
  readonly verdict?: "confirmed" | "false_alarm";
}
export interface Applied {
  readonly outcome: "applied" | "noted" | "repeated";
  readonly handling: string;
}

export interface CallbackDeskOptions {
  readonly targets: readonly TargetConfig[];
  readonly clock: Clock;
  find(target: string, id: string): Promise<KeptCallback | null>;
  keep(row: KeptCallback): Promise<void>;
  /** as stored; null = there is none */
  event(id: string): Promise<GridEvent | null>;
  /** from the county down to the grid */
  path(gridId: string): readonly string[];
  /** resolves once its effect is stored; null = the event is gone */
  apply(event: GridEvent, callback: EventCallback): Promise<Applied | null>;
  /** @returns those of which there is something to send */
  resend(target: string, events: readonly string[]): Promise<readonly string[]>;
}

export type CallbackAnswer =
  | {
      readonly ok: true;
      readonly id: string;
      readonly outcome: "applied" | "noted" | "repeated";
      /** handling of the event after it; resend: the events that come again */
      readonly detail: string;
    }
  | { readonly ok: false; readonly status: number; readonly code: string; readonly reason: string };

/** Callbacks that are worked on at once; a platform with more waits for its turn by 429. */
const MAX_AT_ONCE = 32;

/**
 * What governance platforms say back. Idempotent by the id that the platform gave: the book of events knows an id in the same
 * transaction as its effect, the table `callback` keeps the answer. Nobody is told whether a target or an event exists unless
 * the signature is right and the event is one that the target may see.
 */
export class CallbackDesk {
  readonly #options: CallbackDeskOptions;
  readonly #targets: ReadonlyMap<string, TargetConfig>;
  #running = 0;
  /** callbacks answered, by outcome or code of the refusal */
  readonly counts: Record<string, number> = {};

  constructor(options: CallbackDeskOptions) {
    this.#options = options;
    this.#targets = new Map(options.targets.map((target) => [target.name, target]));
  }

  /** @param body as it came, before any parsing */
  async take(target: string, signature: string | undefined, body: Buffer): Promise<CallbackAnswer> {
    const answer = this.#running >= MAX_AT_ONCE ? BUSY : await this.#bounded(target, signature, body);
    const key = answer.ok ? answer.outcome : answer.code;
    this.counts[key] = (this.counts[key] ?? 0) + 1;
    return answer;
  }

  async #bounded(name: string, signature: string | undefined, body: Buffer): Promise<CallbackAnswer> {
    this.#running++;
    try {
      const { clock } = this.#options;
      const target = this.#targets.get(name);
      const secrets = target?.callbackSecrets ?? [];
      // An unknown target costs and answers the same as a wrong signature.
      const verdict = verifySignature(secrets.length === 0 ? [UNKNOWN] : secrets, signature, body, clock());
      if (target === undefined || secrets.length === 0 || !verdict.ok) return unsigned(verdict);
      const parsed = parseCallback(body, clock());
      if ("reason" in parsed) return { ok: false, status: 400, code: "CALLBACK_INVALID", reason: parsed.reason };
      return await this.#handle(target, parsed);
    } finally {
      this.#running--;
    }
  }

  async #handle(target: TargetConfig, body: CallbackBody): Promise<CallbackAnswer> {
    const { find, keep, resend, clock } = this.#options;
    const known = await find(target.name, body.id);
    const eventId = body.kind === "resend" ? null : body.event;
    if (known !== null) {
      if (known.kind !== body.kind || known.eventId !== eventId)
        return { ok: false, status: 409, code: "CALLBACK_ID_REUSED", reason: `${body.id} was said of something else` };
      return { ok: true, id: body.id, outcome: "repeated", detail: known.detail };
    }
    const row = { target: target.name, id: body.id, eventId, kind: body.kind };
    if (body.kind === "resend") {
      const found = await resend(target.name, body.events);
      const detail = found.join(",");
      await keep({ ...row, ts: clock(), outcome: "applied", detail: detail.slice(0, 4000) });
      return { ok: true, id: body.id, outcome: "applied", detail };
    }
    const applied = await this.#apply(target, body);
    if (applied === null)
      return { ok: false, status: 404, code: "UNKNOWN_EVENT", reason: `this target has no event ${body.event}` };
    const { outcome, handling } = applied;
    await keep({ ...row, ts: body.ts, outcome, detail: handling });
    return { ok: true, id: body.id, outcome, detail: handling };
  }

  async #apply(target: TargetConfig, body: Exclude<CallbackBody, { kind: "resend" }>): Promise<Applied | null> {
    const { event: eventOf, path, apply } = this.#options;
    const stored = await eventOf(body.event);
    if (stored === null) return null;
    if (!withinReach(target, stored.kind, stored.gridId === null ? [] : path(stored.gridId))) return null;
    const { event: _, who, ...rest } = body;
    return apply(stored, { ...rest, platform: target.name, who: echoName(target.name, who) });
  }
}

const UNKNOWN = "no such target: this secret is nobody's";
const BUSY: CallbackAnswer = { ok: false, status: 429, code: "BUSY", reason: "too many callbacks at once" };

function unsigned(verdict: SignatureVerdict): CallbackAnswer {
  const reason = verdict.ok ? "mismatch" : verdict.reason;
  return { ok: false, status: 401, code: "SIGNATURE", reason: `signature: ${reason}` };
}

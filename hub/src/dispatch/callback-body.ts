import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

const Id = Type.String({ minLength: 1, maxLength: 128, pattern: "^[\\x21-\\x7e]+$" });
const EventId = Type.String({ pattern: "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$" });
/** ms UTC, or ISO 8601 with a zone */
const Time = Type.Union([Type.Integer({ minimum: 946_684_800_000 }), Type.String({ maxLength: 40 })]);

const Said = Type.Object({
  id: Id,
  event: EventId,
  kind: Type.Union([
    Type.Literal("accepted"),
    Type.Literal("responded"),
    Type.Literal("done"),
    Type.Literal("rejected"),
    Type.Literal("evaluated"),
  ]),
  /** when it happened there; absent = now */
  ts: Type.Optional(Time),
  /** department or post, never a person */
  who: Type.Optional(Type.String({ maxLength: 200 })),
  note: Type.Optional(Type.String({ maxLength: 2000 })),
  /** responded: promised until */
  until: Type.Optional(Time),
  /** evaluated: absent = confirmed */
  verdict: Type.Optional(Type.Union([Type.Literal("confirmed"), Type.Literal("false_alarm")])),
});
const Resend = Type.Object({
  id: Id,
  kind: Type.Literal("resend"),
  events: Type.Array(EventId, { minItems: 1, maxItems: 100 }),
});
export const CallbackSchema = Type.Union([Said, Resend]);
const said = Compile(Said);
const resend = Compile(Resend);

type SaidBody = Omit<Static<typeof Said>, "ts" | "until" | "who" | "note"> & {
  readonly ts: number;
  readonly until?: number;
  readonly who: string;
  readonly note: string;
};
export type CallbackBody = SaidBody | Static<typeof Resend>;

/** The other clock may run ahead by this; what is further ahead would outrank all that comes later. */
const MAX_AHEAD_MS = 300_000;
const YEAR_MS = 366 * 86_400_000;

/** Fields that we do not know are stepped over: platforms grow. @param now ms UTC */
export function parseCallback(bytes: Buffer, now: number): CallbackBody | { readonly reason: string } {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    return { reason: "the body is not JSON" };
  }
  const isResend = typeof body === "object" && body !== null && (body as { kind?: unknown }).kind === "resend";
  if (isResend) {
    if (!resend.Check(body)) return { reason: firstError(resend.Errors(body)) };
    return { id: body.id, kind: body.kind, events: [...new Set(body.events.map((id) => id.toLowerCase()))] };
  }
  if (!said.Check(body)) return { reason: firstError(said.Errors(body)) };
  const ts = body.ts === undefined ? now : timeOf(body.ts);
  if (ts === null) return { reason: "ts: expected ms UTC or ISO 8601 with a zone" };
  if (ts > now + MAX_AHEAD_MS) return { reason: "ts: lies in the future; check the clock" };
  const until = body.until === undefined ? undefined : timeOf(body.until);
  if (until === null || (until !== undefined && until > now + YEAR_MS))
    return { reason: "until: expected ms UTC or ISO 8601 with a zone, within a year" };
  const { id, event, kind, verdict } = body;
  return {
    id,
    event: event.toLowerCase(),
    kind,
    ts,
    who: tidy(body.who ?? ""),
    note: tidy(body.note ?? ""),
    ...(until !== undefined && { until }),
    ...(verdict !== undefined && { verdict }),
  };
}

function timeOf(value: number | string): number | null {
  if (typeof value === "number") return value;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(value)) return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}

function firstError(errors: Iterable<{ readonly instancePath: string; readonly message: string }>): string {
  const [first] = errors;
  return `${first.instancePath.slice(1).replaceAll("/", ".") || "body"}: ${first.message}`;
}

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

function tidy(text: string): string {
  return text.toWellFormed().replaceAll(CONTROL, " ").trim();
}

import type { EventLife, Handling } from "../event.ts";
import { type EventAction, nextHandling } from "./handling.ts";

/** What a platform says of an event that it was given. */
export interface PlatformCallback {
  /** unique within the platform: a repetition changes nothing */
  readonly id: string;
  /** name of the target; absent = `who` */
  readonly platform?: string;
  readonly kind: "accepted" | "responded" | "done" | "rejected" | "evaluated";
  /** when it happened there, ms UTC */
  readonly ts: number;
  /** department or post; of the timeline */
  readonly who: string;
  readonly note: string;
  /** responded: done until, ms UTC */
  readonly until?: number;
  /** evaluated; absent = confirmed */
  readonly verdict?: "confirmed" | "false_alarm";
}

export interface CallbackEffect {
  /** applied = handling, verdict or term changed; noted = the timeline tells it, nothing else; repeated = known already */
  readonly outcome: "applied" | "noted" | "repeated";
  /** line of the timeline; "" = none */
  readonly what: string;
  readonly note: string;
  readonly action: EventAction | null;
  readonly handling: Handling;
  readonly life: EventLife;
}

const ACTIONS = { accepted: "accept", responded: "accept", done: "done", rejected: "reject" } as const;
/** Ids remembered of an event. Older ones that come again are out of order, and so change nothing either. */
const MAX_SEEN = 100;

/**
 * What a callback does. In whatever order they come, the end is the same: of accepted, responded, done and rejected the one with
 * the latest time counts (of equals the larger id), earlier ones are noted. An evaluation stands beside that; a false alarm is
 * final. What people have closed here stays closed.
 */
export function effectOf(handling: Handling, life: EventLife, callback: PlatformCallback): CallbackEffect {
  const { kind, ts, note } = callback;
  const key = `${callback.platform ?? callback.who}/${callback.id}`;
  const { seen = [], last } = life.platform ?? {};
  if (seen.includes(key)) return { outcome: "repeated", what: "", note, action: null, handling, life };
  const known = [...seen, key].slice(-MAX_SEEN);
  const noted: CallbackEffect = {
    outcome: "noted",
    what: "callback",
    note: note === "" ? kind : `${kind}: ${note}`,
    action: null,
    handling,
    life: { ...life, platform: { ...life.platform, seen: known } },
  };

  if (kind === "evaluated") {
    const verdict = callback.verdict ?? "confirmed";
    const action = verdict === "confirmed" ? "confirm" : "false_alarm";
    const after = nextHandling(handling, action);
    if (after === null || life.verdict === verdict) return noted;
    return {
      ...noted,
      outcome: "applied",
      what: action,
      note,
      action,
      handling: after,
      life: { ...noted.life, verdict },
    };
  }

  const newest = last === undefined || ts > last.ts || (ts === last.ts && key > last.key);
  if (!newest || handling === "closed" || handling === "false_alarm") return noted;
  const platform = { ...noted.life.platform, seen: known, last: { ts, key } };
  const responded = kind === "responded" ? { until: callback.until } : {};
  const next = { ...noted.life, platform: { ...platform, ...responded } };
  const action = ACTIONS[kind];
  const after = nextHandling(handling, action);
  if (after !== null && after !== handling) {
    const what = kind === "responded" ? "respond" : action;
    return { ...noted, outcome: "applied", what, note, action, handling: after, life: next };
  }
  if (kind === "responded") return { ...noted, outcome: "applied", what: "respond", note, life: next };
  return { ...noted, life: next };
}

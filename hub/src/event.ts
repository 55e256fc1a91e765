import type { Evidence, GridMatch, Severity } from "./finding.ts";

export type SensingState = "active" | "cleared";
/** `done` and `rejected` are the receiver's words, `closed` is the duty room's; `false_alarm` is the final label. */
export type Handling =
  "new" | "acknowledged" | "handed_off" | "accepted" | "done" | "rejected" | "closed" | "false_alarm";

/** One of the findings that are this one incident. Times are event time, ms UTC. */
export interface EventPart {
  readonly kind: string;
  readonly subject: string;
  readonly deviceId: number | null;
  readonly source: string;
  readonly severity: Severity;
  /** raised and not cleared */
  readonly active: boolean;
  readonly since: number;
  readonly last: number;
  readonly count: number;
}

/** A finding that a larger event keeps back (a dead gateway its silent devices); an event of its own if it outlives that one. */
export interface HeldFinding {
  readonly kind: string;
  readonly subject: string;
  readonly deviceId: number | null;
  readonly gridId: string | null;
  readonly gridMatch: GridMatch;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly severity: Severity;
  readonly ts: number;
  readonly source: string;
  readonly evidence: Evidence;
}

export type LadderLevel = "grid" | "village" | "town";

/**
 * What became of an event beyond its two states; stored as one document, `{}` = nothing yet. Replaced, never changed in place,
 * since copies of an event share it.
 */
export interface EventLife {
  /** the evaluation: was it real? */
  readonly verdict?: "confirmed" | "false_alarm";
  /** times it came back after it had cleared */
  readonly flaps?: number;
  /** absent = one thing only, the event's own kind and subject */
  readonly parts?: readonly EventPart[];
  readonly held?: readonly HeldFinding[];
  /** when what is held becomes events of its own; hub time, ms UTC */
  readonly releaseAt?: number;
  /** `window:<id>` or `mute:<id>`: recorded, told to nobody, no sound */
  readonly muted?: string;
  /** why no platform is told: the code is not admitted in that town */
  readonly unsent?: string;
  /** a receiver was told of it, so it is told of the end too */
  readonly told?: boolean;
  /** who is told by now, since when, and when the next level is (null = not); hub time, ms UTC */
  readonly ladder?: { readonly level: LadderLevel; readonly since: number; readonly dueAt: number | null };
  /** callbacks: ids seen, the newest that counted, and the term that was promised (ms UTC) */
  readonly platform?: {
    readonly seen: readonly string[];
    readonly last?: { readonly ts: number; readonly key: string };
    readonly until?: number;
  };
}

/** One incident on one grid: what the duty room sees and the governance platform receives. */
export interface GridEvent {
  /** UUID version 7: sorts by creation */
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly gridId: string | null;
  readonly gridMatch: GridMatch;
  /** version of the grid set at the time of the event */
  readonly gridVersion: number;
  severity: Severity;
  sensing: SensingState;
  handling: Handling;
  readonly deviceId: number | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly source: string;
  /** event time of the first finding, of the last one, of the all-clear; ms UTC */
  readonly openedAt: number;
  updatedAt: number;
  clearedAt: number | null;
  /** hub time when the row was first written, ms UTC */
  readonly createdAt: number;
  /** findings folded into this event */
  occurrences: number;
  /** newest evidence */
  evidence: Evidence;
  readonly late: boolean;
  /** grows with every change; the console and the outbox order by it */
  revision: number;
  life: EventLife;
}

/** One line of an event's timeline; append-only. */
export interface EventTransition {
  readonly eventId: string;
  /** position in the event's timeline, 1.. */
  readonly revision: number;
  readonly ts: number;
  /**
   * by sensing: open, update, escalate, deescalate, join, leave, hold, release, clear, reopen; by people and platforms:
   * acknowledge, hand_off, whistle, accept, respond, done, reject, return, close, false_alarm, confirm, comment, callback;
   * by the hub: ladder, mute, unmute, not_sent, delivered, delivery_failed
   */
  readonly what: string;
  /** `hub`, a user name, or who a platform says it was */
  readonly who: string;
  readonly severity: Severity;
  readonly note: string;
  readonly evidence: Evidence | null;
}

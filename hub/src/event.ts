import type { Evidence, GridMatch, Severity } from "./finding.ts";

export type SensingState = "active" | "cleared";
export type Handling = "new" | "acknowledged" | "handed_off" | "closed" | "false_alarm";

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
}

/** One line of an event's timeline; append-only. */
export interface EventTransition {
  readonly eventId: string;
  /** position in the event's timeline, 1.. */
  readonly revision: number;
  readonly ts: number;
  /** open, update, escalate, deescalate, clear, reopen, acknowledge, hand_off, close, false_alarm, comment, delivered, delivery_failed */
  readonly what: string;
  /** `hub` or a user name */
  readonly who: string;
  readonly severity: Severity;
  readonly note: string;
  readonly evidence: Evidence | null;
}

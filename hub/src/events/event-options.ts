import type { RandomBytes } from "./uuid7.ts";

export interface EventOptions {
  /** multiplies all times; 1 in production */
  readonly durationScale: number;
  /** a raise this soon after the clear continues the same event; also how long settled events stay in memory. 600,000 ms */
  readonly reopenWindowMs: number;
  /** findings that change nothing but the evidence get at most one timeline line in this time; default 600,000 ms */
  readonly updateLineMs?: number;
  /** how long after the end of its parent a held finding has to clear; default 300,000 ms */
  readonly releaseMs?: number;
  /** hand kinds off without a person, as the table of codes says; default false: the duty room decides */
  readonly autoHandOff?: boolean;
  /** cleared events that nobody settled, kept in memory; beyond it the oldest leave (the database keeps them). 10,000 */
  readonly maxHeld?: number;
  readonly random?: RandomBytes;
}

/** How a town's posture (平战) changes times; 1 = as configured. */
export interface EventPosture {
  /** multiplies the times after which a higher level is told */
  readonly escalationFactor: number;
  /** multiplies the windows in which what comes back is the same event */
  readonly reopenFactor: number;
}

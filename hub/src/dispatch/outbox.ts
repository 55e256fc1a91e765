/** A row that waits to be delivered. */
export interface OutboxItem {
  readonly id: number;
  readonly eventId: string;
  readonly revision: number;
  readonly type: string;
  readonly target: string;
  readonly body: unknown;
  /** attempts begun, this one included */
  readonly attempts: number;
  /** ms since it was written */
  readonly ageMs: number;
}

/**
 * The transactional outbox, as the dispatcher sees it. Rows are written by the event's own transaction (CommitBatch.outbox).
 * Durations are relative, so that only the clock of the port counts. All methods reject when the environment fails.
 *
 * Contract: `claim` gives only rows that are due and, where `ordered`, of which no earlier revision of the same event still waits
 * for the same target (order per event), each to one caller for `leaseMs`; a lease that runs out makes the row due again.
 */
export interface OutboxPort {
  claim(target: string, limit: number, leaseMs: number, ordered?: boolean): Promise<readonly OutboxItem[]>;
  delivered(id: number): Promise<void>;
  /** Due again after `delayMs`. */
  retry(id: number, delayMs: number, error: string): Promise<void>;
  /** Due again after `delayMs` as if it had not been claimed: nothing was tried. */
  defer(id: number, delayMs: number): Promise<void>;
  /** Given up; kept for `replay`. Later rows of the event go on. */
  park(id: number, error: string): Promise<void>;
  /** Waiting rows that failed before are due now and their attempts count anew: the target is back. Leases stay. */
  hasten(target: string): Promise<void>;
  /** Parked rows wait again. @returns how many */
  replay(filter: { readonly target?: string; readonly eventId?: string }): Promise<number>;
  /**
   * Delivered and parked rows of these events wait again: the target says that it has them no more.
   * @returns the events of which there were rows, or rows that wait anyway
   */
  resend(target: string, eventIds: readonly string[]): Promise<readonly string[]>;
  /** ms until a row that `claim` may give is due (0 = now); null when none waits */
  nextDue(target: string, ordered?: boolean): Promise<number | null>;
}

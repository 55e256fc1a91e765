import type { OutboxRow } from "../store/batch.ts";
import type { OutboxItem, OutboxPort } from "./outbox.ts";

interface Row extends OutboxRow {
  readonly id: number;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  /** ms of `clock` */
  nextAt: number;
  lastError: string;
  /** ms of `clock` */
  readonly addedAt: number;
}

/** An outbox without a database: the reference of the contract, for tests of what stands above it. Forgets on exit. */
export class MemoryOutbox implements OutboxPort {
  readonly rows: Row[] = [];
  readonly #clock: () => number;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  add(rows: readonly OutboxRow[]): void {
    for (const row of rows) {
      const id = this.rows.length + 1;
      this.rows.push({
        ...row,
        id,
        state: "pending",
        attempts: 0,
        nextAt: this.#clock(),
        lastError: "",
        addedAt: this.#clock(),
      });
    }
  }

  claim(target: string, limit: number, leaseMs: number, ordered = true): Promise<OutboxItem[]> {
    const now = this.#clock();
    const due = this.#heads(target, ordered).filter((row) => row.nextAt <= now);
    return Promise.resolve(
      due.slice(0, limit).map((row) => {
        row.attempts++;
        row.lastError = "";
        row.nextAt = now + leaseMs;
        const { id, eventId, revision, type, body, attempts } = row;
        return { id, eventId, revision, type, target, body, attempts, ageMs: now - row.addedAt };
      }),
    );
  }

  delivered(id: number): Promise<void> {
    this.rows[id - 1].state = "delivered";
    return Promise.resolve();
  }

  retry(id: number, delayMs: number, error: string): Promise<void> {
    const row = this.rows[id - 1];
    row.nextAt = this.#clock() + delayMs;
    row.lastError = error;
    return Promise.resolve();
  }

  defer(id: number, delayMs: number): Promise<void> {
    const row = this.rows[id - 1];
    row.attempts = Math.max(0, row.attempts - 1);
    row.nextAt = this.#clock() + delayMs;
    return Promise.resolve();
  }

  park(id: number, error: string): Promise<void> {
    const row = this.rows[id - 1];
    row.state = "failed";
    row.lastError = error;
    return Promise.resolve();
  }

  hasten(target: string): Promise<void> {
    for (const row of this.rows) {
      if (row.target !== target || row.lastError === "") continue;
      row.nextAt = Math.min(row.nextAt, this.#clock());
      row.attempts = 0;
    }
    return Promise.resolve();
  }

  replay({ target, eventId }: { readonly target?: string; readonly eventId?: string }): Promise<number> {
    const parked = this.rows.filter(
      (row) =>
        row.state === "failed" &&
        (target === undefined || row.target === target) &&
        (eventId === undefined || row.eventId === eventId),
    );
    for (const row of parked) Object.assign(row, { state: "pending", attempts: 0, nextAt: this.#clock() });
    return Promise.resolve(parked.length);
  }

  resend(target: string, eventIds: readonly string[]): Promise<string[]> {
    const rows = this.rows.filter((row) => row.target === target && eventIds.includes(row.eventId));
    for (const row of rows) {
      if (row.state === "pending") continue;
      Object.assign(row, { state: "pending", attempts: 0, nextAt: this.#clock(), lastError: "" });
    }
    return Promise.resolve([...new Set(rows.map((row) => row.eventId))]);
  }

  nextDue(target: string, ordered = true): Promise<number | null> {
    const heads = this.#heads(target, ordered);
    if (heads.length === 0) return Promise.resolve(null);
    return Promise.resolve(Math.max(0, Math.min(...heads.map((row) => row.nextAt)) - this.#clock()));
  }

  #heads(target: string, ordered: boolean): Row[] {
    const waiting = this.rows.filter((row) => row.state === "pending" && row.target === target);
    if (!ordered) return waiting;
    const first = new Map<string, Row>();
    for (const row of waiting) {
      const head = first.get(row.eventId);
      if (head === undefined || row.revision < head.revision) first.set(row.eventId, row);
    }
    return [...first.values()].sort((a, b) => a.id - b.id);
  }
}

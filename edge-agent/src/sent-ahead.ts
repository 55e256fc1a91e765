import { compare } from "./spool-scan.ts";
import type { Position } from "./spool.ts";

interface Run {
  readonly from: Position;
  to: Position;
}

/**
 * The hub takes at most 512 holes in a boot's sequence; each run and each event ahead of the backfill makes one. Both limits
 * together stay far below it, and bound the memory.
 */
const MAX_RUNS = 100;
const MAX_EVENTS = 200;

/** What was sent ahead of the backfill scan: runs of neighbours, and single events. */
export class SentAhead {
  #runs: Run[] = [];
  #events: Position[] = [];
  #unbroken = false;

  clear(): void {
    this.#runs = [];
    this.#events = [];
    this.#unbroken = false;
  }

  /** @returns false when too many are ahead already */
  addEvent({ boot, seq }: Position): boolean {
    if (this.#events.length >= MAX_EVENTS) return false;
    this.#events.push({ boot, seq });
    return true;
  }

  /** A run or the backfill scan covers this event from now on. */
  forgetEvent(at: Position): void {
    this.#events = this.#events.filter((event) => compare(event, at) !== 0);
  }

  /** The scan sent this one, the neighbour of the last unless the run was broken. @returns false when there are too many runs */
  extend({ boot, seq }: Position): boolean {
    const last = this.#runs.at(-1);
    if (this.#unbroken && last !== undefined) last.to = { boot, seq };
    else if (this.#runs.length >= MAX_RUNS) return false;
    else this.#runs.push({ from: { boot, seq }, to: { boot, seq } });
    this.#unbroken = true;
    return true;
  }

  /** The scan passed one that it did not send. */
  breakRun(): void {
    this.#unbroken = false;
  }

  has(at: Position): boolean {
    // Asked in ascending order by the backfill scan: what lies behind it is never asked again.
    while (this.#runs.length > 1 && compare(this.#runs[0].to, at) < 0) this.#runs.shift();
    const [first] = this.#runs;
    if (first !== undefined && compare(first.from, at) <= 0 && compare(at, first.to) <= 0) return true;
    return this.#events.some((event) => compare(event, at) === 0);
  }

  /** The backfill scan caught up. */
  forgetUpTo(at: Position): void {
    this.#runs = this.#runs.filter((run) => compare(run.to, at) > 0);
    this.#events = this.#events.filter((event) => compare(event, at) > 0);
    if (this.#runs.length === 0) this.#unbroken = false;
  }

  acknowledged(boot: number, upto: number): void {
    if (this.#events.length > 0) this.#events = this.#events.filter((e) => e.boot !== boot || e.seq > upto);
  }
}

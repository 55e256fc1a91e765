import { blaming } from "../store/failure.ts";

interface Kept {
  readonly at: number;
  readonly rows: Promise<unknown>;
  /** a newer one is being made */
  next: boolean;
}

const AT_MOST = 16;

/** Answers that took a while, for those who ask the same soon after. */
export class KeptAnswers {
  readonly #kept = new Map<string, Kept>();
  readonly #clock: () => number;

  /** @param clock monotonic, ms */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * @param keptMs an answer of this age is as good as new
   * @param staleMs an older one is still given while a new one is made, up to this age; absent = never
   */
  async keep<T>(key: string, keptMs: number, make: () => Promise<T>, staleMs = keptMs): Promise<T> {
    const known = this.#kept.get(key);
    const age = known === undefined ? Infinity : this.#clock() - known.at;
    if (known !== undefined && age < Math.max(keptMs, staleMs)) {
      if (age >= keptMs && !known.next) {
        known.next = true;
        const rows = blaming(make());
        rows.then(() => this.#put(key, rows)).catch(() => (known.next = false));
      }
      return known.rows as Promise<T>;
    }
    const rows = blaming(make());
    this.#put(key, rows);
    rows.catch(() => {
      if (this.#kept.get(key)?.rows === rows) this.#kept.delete(key);
    });
    return rows;
  }

  #put(key: string, rows: Promise<unknown>): void {
    this.#kept.delete(key);
    this.#kept.set(key, { at: this.#clock(), rows, next: false });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= AT_MOST) break;
      this.#kept.delete(oldest);
    }
  }
}

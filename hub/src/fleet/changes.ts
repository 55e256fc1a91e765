import type { FoldStateRow } from "../store/batch.ts";

/** Keys of durable state that changed since the last drain; the value is taken when the row is written. */
export class Changes {
  readonly #keys = new Map<string, () => unknown>();

  /** @param state called at the next drain; null deletes the row */
  mark(key: string, state: () => unknown): void {
    this.#keys.set(key, state);
  }

  drain(out: FoldStateRow[]): void {
    for (const [key, state] of this.#keys) out.push({ room: "fleet", key, state: state() });
    this.#keys.clear();
  }

  clear(): void {
    this.#keys.clear();
  }
}

import type { Gap } from "@gridhub/device-profiles/envelope.ts";

/** Spans remembered; an edge that reports more gaps than this one after another may be counted twice for the oldest. */
const REMEMBERED = 64;

export interface StoredSpans {
  readonly total: number;
  readonly spans: readonly (readonly [number, number, number])[];
}

/** Records that an edge declared lost. Heartbeats repeat their gaps and may widen them: every record counts once. */
export class LostSpans {
  total = 0;
  /** [boot, from, to], disjoint */
  #spans: (readonly [number, number, number])[] = [];

  /** @returns true when something new was lost */
  add(gap: Gap): boolean {
    const { b, from, to } = gap;
    if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && to >= from)) return false;
    let fresh = to - from + 1;
    let [low, high] = [from, to];
    const rest: (readonly [number, number, number])[] = [];
    for (const span of this.#spans) {
      if (span[0] !== b || span[2] < from || span[1] > to) {
        rest.push(span);
        continue;
      }
      fresh -= Math.min(to, span[2]) - Math.max(from, span[1]) + 1;
      low = Math.min(low, span[1]);
      high = Math.max(high, span[2]);
    }
    if (fresh <= 0) return false;
    rest.push([b, low, high]);
    this.#spans = rest.slice(-REMEMBERED);
    this.total += fresh;
    return true;
  }

  store(): StoredSpans {
    return { total: this.total, spans: this.#spans };
  }

  restore(stored: StoredSpans): void {
    this.total = stored.total;
    this.#spans = [...stored.spans];
  }
}

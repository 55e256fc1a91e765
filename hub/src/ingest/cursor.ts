import type { EdgeCursor } from "../store/batch.ts";

/** What is stored of one (edge, boot): all up to `upto`, and disjoint ascending ranges above it. */
interface Cursor {
  readonly edgeId: number;
  readonly boot: number;
  upto: number;
  above: [number, number][];
  dirty: boolean;
}

export type Admission = "new" | "duplicate" | "holes";

/**
 * Exactly-once by arithmetic instead of a row a message: sequence numbers of an (edge, boot) are monotonic, so what is stored
 * is one number plus a few ranges (lanes overtake each other). Duplicates stop here, and `upto` is what `ack` reports.
 */
export class Cursors {
  readonly #maxRanges: number;
  readonly #maxBoots: number;
  /** edge id -> cursors, newest boot last */
  #edges = new Map<number, Cursor[]>();
  #dirty: Cursor[] = [];

  constructor(limits: { readonly maxRanges: number; readonly maxBoots: number } = { maxRanges: 512, maxBoots: 32 }) {
    this.#maxRanges = limits.maxRanges;
    this.#maxBoots = limits.maxBoots;
  }

  load(rows: readonly EdgeCursor[]): void {
    this.#edges = new Map();
    this.#dirty = [];
    for (const row of [...rows].sort((a, b) => a.boot - b.boot)) {
      const list = this.#edges.get(row.edgeId) ?? [];
      list.push({
        edgeId: row.edgeId,
        boot: row.boot,
        upto: row.upto,
        above: row.above.map(([a, b]) => [a, b]),
        dirty: false,
      });
      this.#edges.set(row.edgeId, list);
    }
  }

  /** Marks `seq` as received. "holes": it would need one range too many; the sender must fill the gaps first. */
  admit(edgeId: number, boot: number, seq: number): Admission {
    const cursor = this.#find(edgeId, boot) ?? this.#create(edgeId, boot, seq - 1);
    if (seq <= cursor.upto) return "duplicate";
    if (seq === cursor.upto + 1) {
      cursor.upto = seq;
      if (cursor.above.length > 0) absorb(cursor);
      this.#touch(cursor);
      return "new";
    }
    return this.#insert(cursor, seq, seq);
  }

  /** The sender holds nothing below `first` any more: what is missing there will never come. */
  base(edgeId: number, boot: number, first: number): void {
    const cursor = this.#find(edgeId, boot) ?? this.#create(edgeId, boot, first - 1);
    if (first - 1 <= cursor.upto) return;
    cursor.upto = first - 1;
    absorb(cursor);
    this.#touch(cursor);
  }

  /** The sender declares [from, to] lost (its bounded spool overflowed). @returns how many were indeed missing */
  gap(edgeId: number, boot: number, from: number, to: number): number {
    const cursor = this.#find(edgeId, boot);
    if (cursor === undefined || to <= cursor.upto || from > to) return 0;
    const before = covered(cursor);
    const start = Math.max(from, cursor.upto + 1);
    if (this.#insert(cursor, start, to) !== "new" && covered(cursor) === before) {
      // The span touches ranges that are there already: merge it by hand.
      cursor.above = merge([...cursor.above, [start, to]]);
      absorb(cursor);
      this.#touch(cursor);
    }
    return covered(cursor) - before;
  }

  /** What is stored of an edge, for `ack`: newest boot last. */
  of(edgeId: number): { readonly boot: number; readonly upto: number }[] {
    return (this.#edges.get(edgeId) ?? []).map(({ boot, upto }) => ({ boot, upto }));
  }

  /** What changed since the last call, to be written with the batch. */
  drain(): EdgeCursor[] {
    const rows = this.#dirty.map((c) => {
      c.dirty = false;
      return { edgeId: c.edgeId, boot: c.boot, upto: c.upto, above: c.above.map(([a, b]) => [a, b] as const) };
    });
    this.#dirty = [];
    return rows;
  }

  #find(edgeId: number, boot: number): Cursor | undefined {
    const list = this.#edges.get(edgeId);
    if (list === undefined) return undefined;
    for (let i = list.length - 1; i >= 0; i--) if (list[i].boot === boot) return list[i];
    return undefined;
  }

  #create(edgeId: number, boot: number, upto: number): Cursor {
    const cursor: Cursor = { edgeId, boot, upto: Math.max(0, upto), above: [], dirty: false };
    const list = this.#edges.get(edgeId) ?? [];
    list.push(cursor);
    list.sort((a, b) => a.boot - b.boot);
    if (list.length > this.#maxBoots) list.shift();
    this.#edges.set(edgeId, list);
    this.#touch(cursor);
    return cursor;
  }

  #touch(cursor: Cursor): void {
    if (cursor.dirty) return;
    cursor.dirty = true;
    this.#dirty.push(cursor);
  }

  #insert(cursor: Cursor, from: number, to: number): Admission {
    const { above } = cursor;
    let at = above.length;
    while (at > 0 && above[at - 1][0] > from) at--;
    const left = at > 0 ? above[at - 1] : null;
    const right = at < above.length ? above[at] : null;
    if ((left !== null && left[1] >= from) || (right !== null && right[0] <= to)) return "duplicate";
    if (left !== null && left[1] + 1 === from) {
      left[1] = to;
      if (right !== null && right[0] === to + 1) {
        left[1] = right[1];
        above.splice(at, 1);
      }
    } else if (right !== null && right[0] === to + 1) right[0] = from;
    else if (above.length >= this.#maxRanges) return "holes";
    else above.splice(at, 0, [from, to]);
    absorb(cursor);
    this.#touch(cursor);
    return "new";
  }
}

function absorb(cursor: Cursor): void {
  const { above } = cursor;
  let taken = 0;
  while (taken < above.length && above[taken][0] <= cursor.upto + 1) {
    cursor.upto = Math.max(cursor.upto, above[taken][1]);
    taken++;
  }
  if (taken > 0) above.splice(0, taken);
}

function merge(ranges: [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = out[out.length - 1];
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

function covered(cursor: Cursor): number {
  return cursor.above.reduce((sum, [from, to]) => sum + to - from + 1, cursor.upto);
}

/** Something with a deadline. `slot` is the queue's own bookkeeping; -1 = not queued. */
export interface Due {
  /** ms on the time line of the queue's owner */
  due: number;
  slot: number;
}

/**
 * Deadlines in a binary heap: `take` costs O(log n) for each item that is due and nothing for the rest.
 * Invariant: an item's key in the heap is <= its `due`. So a deadline may be postponed by writing `item.due` alone (a hot path
 * that is heard 20,000 times a second does only that); the heap notices when the old key comes up.
 */
export class DueQueue<T extends Due> {
  readonly #items: T[] = [];
  readonly #keys: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** Queues the item, or moves its deadline. An infinite deadline takes it out. */
  set(item: T, due: number): void {
    if (due === Infinity) {
      this.remove(item);
      return;
    }
    item.due = due;
    if (item.slot < 0) {
      this.#items.push(item);
      this.#keys.push(due);
      item.slot = this.#items.length - 1;
      this.#up(item.slot);
    } else if (due < this.#keys[item.slot]) {
      this.#keys[item.slot] = due;
      this.#up(item.slot);
    }
  }

  remove(item: T): void {
    const at = item.slot;
    item.due = Infinity;
    if (at < 0) return;
    item.slot = -1;
    const last = this.#items.pop() as T;
    const key = this.#keys.pop() as number;
    if (last === item) return;
    this.#items[at] = last;
    this.#keys[at] = key;
    last.slot = at;
    this.#up(at);
    this.#down(last.slot);
  }

  /** The next item with `due <= now`, taken out of the queue; undefined when nothing is due. */
  take(now: number): T | undefined {
    while (this.#items.length > 0 && this.#keys[0] <= now) {
      const item = this.#items[0];
      if (item.due <= now) {
        const due = item.due;
        this.remove(item);
        item.due = due;
        return item;
      }
      this.#keys[0] = item.due;
      this.#down(0);
    }
    return undefined;
  }

  /** Moves every deadline by `by` ms (the time line was set anew); order is kept, so no item moves in the heap. */
  shift(by: number): void {
    for (let i = 0; i < this.#items.length; i++) {
      this.#keys[i] += by;
      this.#items[i].due += by;
    }
  }

  clear(): void {
    for (const item of this.#items) item.slot = -1;
    this.#items.length = 0;
    this.#keys.length = 0;
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#keys[parent] <= this.#keys[at]) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      let least = at;
      const left = 2 * at + 1;
      if (left < this.#keys.length && this.#keys[left] < this.#keys[least]) least = left;
      if (left + 1 < this.#keys.length && this.#keys[left + 1] < this.#keys[least]) least = left + 1;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a];
    const key = this.#keys[a];
    this.#items[a] = this.#items[b];
    this.#keys[a] = this.#keys[b];
    this.#items[b] = item;
    this.#keys[b] = key;
    this.#items[a].slot = a;
    this.#items[b].slot = b;
  }
}

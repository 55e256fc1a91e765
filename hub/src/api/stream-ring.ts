import type { Scope } from "./scope.ts";

/** One message of the stream: encoded once for everyone who sees everything, and once for each scope that sees a part. */
export interface StreamMessage {
  readonly id: number;
  /** for accounts without limits */
  readonly frame: Buffer;
  /** for a scope: the frame, or null when there is nothing in it for that scope */
  scoped(scope: Scope): Buffer | null;
}

/** The last messages, bounded by number and by bytes, for those who come back. */
export class StreamRing {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #messages: StreamMessage[] = [];
  #from = 0;
  #bytes = 0;
  #lastId: number;

  /** @param firstId ids grow from here; a start later in time must begin higher, so that an old id is never taken for a new one */
  constructor(firstId: number, maxMessages = 2000, maxBytes = 33_554_432) {
    this.#lastId = firstId;
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get lastId(): number {
    return this.#lastId;
  }

  get size(): number {
    return this.#messages.length - this.#from;
  }

  nextId(): number {
    return this.#lastId + 1;
  }

  push(message: StreamMessage): void {
    this.#lastId = message.id;
    this.#messages.push(message);
    this.#bytes += message.frame.length;
    while (this.size > this.#maxMessages || (this.#bytes > this.#maxBytes && this.size > 1)) {
      this.#bytes -= this.#messages[this.#from++].frame.length;
    }
    // the front is cut off now and then, not with every message
    if (this.#from > this.#maxMessages) {
      this.#messages = this.#messages.slice(this.#from);
      this.#from = 0;
    }
  }

  /** What came after `id`; null when some of it is gone, or when the id is none of ours. */
  after(id: number): readonly StreamMessage[] | null {
    if (id === this.#lastId) return [];
    const first = this.#messages[this.#from]?.id;
    if (first === undefined || id < first - 1 || id > this.#lastId) return null;
    // ids have no gaps
    return this.#messages.slice(this.#from + (id - first + 1));
  }
}

import type { AckMessage } from "@gridhub/device-profiles/envelope.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import type { Broker } from "./broker/broker.ts";
import type { Edge } from "./device.ts";
import type { EdgeCursor } from "./store/batch.ts";

/** Backfill records a second that an edge may send: generous when idle, less the more waits for a commit. */
export function backfillRate(pendingMessages: number): number {
  return pendingMessages < 1000 ? 2000 : pendingMessages < 5000 ? 500 : 50;
}

type Stored = Pick<EdgeCursor, "edgeId" | "boot" | "upto">;

function remember(map: Map<number, Map<number, number>>, { edgeId, boot, upto }: Stored): void {
  let boots = map.get(edgeId);
  if (boots === undefined) map.set(edgeId, (boots = new Map()));
  boots.set(boot, upto);
}

/**
 * Tells edges what is stored, so that they trim their spools. Coalesced: an edge hears at most once in `intervalMs`, with the
 * newest cursor of each boot.
 */
export class Acks {
  readonly #intervalMs: number;
  readonly #broker: Broker;
  readonly #root: string;
  readonly #edgeById: (id: number) => Edge | undefined;
  readonly #rate: () => number;
  readonly #dirty = new Map<number, Map<number, number>>();
  /** edge id -> boot -> upto, as committed */
  readonly #stored = new Map<number, Map<number, number>>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    broker: Broker,
    root: string,
    edgeById: (id: number) => Edge | undefined,
    rate: () => number,
    intervalMs = 100,
  ) {
    this.#broker = broker;
    this.#root = root;
    this.#edgeById = edgeById;
    this.#rate = rate;
    this.#intervalMs = intervalMs;
  }

  /** What the database holds at start. */
  load(cursors: readonly Stored[]): void {
    this.#stored.clear();
    this.#dirty.clear();
    for (const cursor of cursors) remember(this.#stored, cursor);
  }

  /** After the commit only: an edge forgets what it hears here. */
  stored(cursors: readonly Stored[]): void {
    for (const cursor of cursors) {
      remember(this.#stored, cursor);
      remember(this.#dirty, cursor);
    }
    this.#schedule();
  }

  /** An edge came back or asks by its heartbeat: acknowledgements may have been lost on the way, so it hears them again. */
  repeat(edgeId: number): void {
    for (const [boot, upto] of this.#stored.get(edgeId) ?? []) remember(this.#dirty, { edgeId, boot, upto });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#dirty.size > 0) this.#timer ??= setTimeout(() => this.flush(), this.#intervalMs);
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const rate = this.#rate();
    for (const [edgeId, boots] of this.#dirty) {
      const edge = this.#edgeById(edgeId);
      if (edge === undefined) continue;
      for (const [b, upto] of boots) {
        const ack: AckMessage = { b, upto, rate };
        this.#broker.publish(topics.ack(edge.site, edge.name, this.#root), JSON.stringify(ack));
      }
    }
    this.#dirty.clear();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

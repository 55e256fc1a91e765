import type { Once } from "../message.ts";
import type { FoldStateRow } from "../store/batch.ts";

/** Messages of one device that are remembered; more than a publisher has in flight. */
const REMEMBERED = 64;
/** Same key and times further apart than this are two messages: counters begin anew after a reset of the device. ms */
const SAME_MS = 600_000;

interface Memory {
  readonly key: string;
  /** key and time of the newest messages, oldest first */
  readonly seen: [number, number][];
  dirty: boolean;
}

/**
 * Exactly-once for formats without boot and sequence number: the newest identities of each device, written in the transaction of
 * the readings they belong to. Bounded by the adapters' limit on devices.
 */
export class Identities {
  #devices = new Map<string, Memory>();
  #dirty: Memory[] = [];

  load(rows: readonly FoldStateRow[]): void {
    this.#devices = new Map();
    this.#dirty = [];
    for (const { room, key, state } of rows) {
      if (room !== "ingest" || !Array.isArray(state)) continue;
      this.#devices.set(key, { key, seen: state as [number, number][], dirty: false });
    }
  }

  /** @returns false where the message is stored already */
  admit(edgeId: number, device: string, { key, ts, repeat }: Once): boolean {
    const memory = this.#memory(`${edgeId} ${device}`);
    const { seen } = memory;
    const apart = repeat === "never" ? -1 : repeat === "key" ? Infinity : SAME_MS;
    for (const [known, at] of seen) if (known === key && Math.abs(ts - at) <= apart) return false;
    seen.push([key, ts]);
    if (seen.length > REMEMBERED) seen.shift();
    if (!memory.dirty) {
      memory.dirty = true;
      this.#dirty.push(memory);
    }
    return true;
  }

  drain(out: FoldStateRow[]): void {
    for (const memory of this.#dirty) {
      memory.dirty = false;
      out.push({ room: "ingest", key: memory.key, state: memory.seen.map((pair) => [...pair]) });
    }
    this.#dirty = [];
  }

  #memory(key: string): Memory {
    let memory = this.#devices.get(key);
    if (memory === undefined) this.#devices.set(key, (memory = { key, seen: [], dirty: false }));
    return memory;
  }
}

import type { Once } from "../message.ts";
import type { FoldStateRow } from "../store/batch.ts";

/** Messages of one device that are remembered; more than a publisher has in flight. */
const REMEMBERED = 64;
/** Same key and times further apart than this are two messages: counters begin anew after a reset of the device. ms */
const SAME_MS = 600_000;

const HOUR = 3_600_000;
const DEFAULT_KEEP_MS = 30 * 24 * HOUR;
/** rows that one turn takes away */
const GONE_A_TURN = 1000;

interface Memory {
  readonly key: string;
  /** key and time of the newest messages, oldest first */
  readonly seen: [number, number][];
  /** hub time of the newest, hours since 1970; NaN = before it was noted */
  hour: number;
  dirty: boolean;
}

/** A row; older releases wrote `seen` alone. */
type Stored = readonly [number, number][] | { readonly h: number; readonly s: readonly [number, number][] };

/**
 * Exactly-once for formats without boot and sequence number: the newest identities of each device, written in the transaction of
 * the readings they belong to. Bounded by the adapters' limit on devices, and over the years by forgetting devices that are silent.
 */
export class Identities {
  readonly #keepHours: number;
  #devices = new Map<string, Memory>();
  #dirty: Memory[] = [];
  #gone: string[] = [];
  #hour = Number.NaN;

  /** @param keepMs a device that sent nothing for so long is forgotten: what is delivered again after that is new */
  constructor({ keepMs = DEFAULT_KEEP_MS }: { readonly keepMs?: number } = {}) {
    this.#keepHours = keepMs / HOUR;
  }

  load(rows: readonly FoldStateRow[]): void {
    this.#devices = new Map();
    this.#dirty = [];
    this.#gone = [];
    for (const { room, key, state } of rows) {
      if (room !== "ingest" || state === null || typeof state !== "object") continue;
      const { h = Number.NaN, s } = Array.isArray(state)
        ? { s: state as Stored & readonly [number, number][] }
        : (state as { h: number; s: readonly [number, number][] });
      if (Array.isArray(s)) this.#devices.set(key, { key, seen: s.map(([k, ts]) => [k, ts]), hour: h, dirty: false });
    }
  }

  /** Once an hour: forgets devices that are silent for too long. Not in an hour that the clock jumped to: who lives is heard first. */
  tick(now: number): void {
    const hour = Math.floor(now / HOUR);
    if (hour === this.#hour) return;
    const steady = hour === this.#hour + 1;
    this.#hour = hour;
    if (!steady) return;
    for (const memory of this.#devices.values()) {
      if (Number.isNaN(memory.hour)) {
        memory.hour = hour;
        this.#touch(memory);
      } else if (hour - memory.hour > this.#keepHours && this.#gone.length < GONE_A_TURN) {
        this.#devices.delete(memory.key);
        this.#gone.push(memory.key);
      }
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
    memory.hour = this.#hour;
    this.#touch(memory);
    return true;
  }

  #touch(memory: Memory): void {
    if (memory.dirty) return;
    memory.dirty = true;
    this.#dirty.push(memory);
  }

  drain(out: FoldStateRow[]): void {
    for (const key of this.#gone.splice(0)) out.push({ room: "ingest", key, state: null });
    for (const memory of this.#dirty.splice(0)) {
      memory.dirty = false;
      if (this.#devices.get(memory.key) !== memory) continue;
      const s = memory.seen.map((pair) => [...pair]);
      out.push({ room: "ingest", key: memory.key, state: Number.isNaN(memory.hour) ? s : { h: memory.hour, s } });
    }
  }

  #memory(key: string): Memory {
    let memory = this.#devices.get(key);
    if (memory === undefined) this.#devices.set(key, (memory = { key, seen: [], hour: this.#hour, dirty: false }));
    return memory;
  }
}

import type { EventTransition, GridEvent, Handling } from "../event.ts";
import type { Evidence } from "../finding.ts";
import type { CommitBatch, OutboxRow } from "../store/batch.ts";

/**
 * What the outbox must carry for a line of the timeline. `before` is the handling before the line. Gets the live event:
 * read, do not keep.
 */
export type OutboxPlan = (
  event: Readonly<GridEvent>,
  transition: EventTransition,
  before: Handling,
) => readonly OutboxRow[];

export interface Entry {
  readonly event: GridEvent;
  /** hub time of the last change, ms UTC */
  touched: number;
  /** event time of the last line of the timeline, ms UTC */
  lineAt: number;
  readonly keys: Set<string>;
}

export interface Line {
  readonly what: string;
  readonly who: string;
  /** when it happened, ms UTC */
  readonly ts: number;
  readonly note: string;
  readonly evidence?: Evidence | null;
  /** handling before the line; absent = as it is */
  readonly before?: Handling;
}

/** That a target was told is no news for the targets, nor is what only explains our silence. */
const UNTOLD: ReadonlySet<string> = new Set(["delivered", "delivery_failed", "mute", "not_sent", "callback"]);
/** Said by a person of one event: goes out although a mute covers it. */
const INSISTS: ReadonlySet<string> = new Set(["hand_off", "whistle"]);

/**
 * The events in memory, found by id and by keys, and what has changed since the last drain. Knows nothing of why an event
 * changes; decides whether a line leaves the house, since that must hold for every line.
 */
export class EventShelf {
  readonly #plan: OutboxPlan;
  readonly #byId = new Map<string, Entry>();
  readonly #byKey = new Map<string, Entry[]>();
  readonly #changed = new Set<GridEvent>();
  #transitions: EventTransition[] = [];
  #outbox: OutboxRow[] = [];

  constructor(plan: OutboxPlan) {
    this.#plan = plan;
  }

  clear(): void {
    this.#byId.clear();
    this.#byKey.clear();
    this.#changed.clear();
    this.#transitions = [];
    this.#outbox = [];
  }

  add(event: GridEvent, touched: number): Entry {
    const entry: Entry = { event, touched, lineAt: event.updatedAt, keys: new Set() };
    this.#byId.set(event.id, entry);
    return entry;
  }

  /** From now on `under(key)` names the entry, after those that are there already. */
  file(entry: Entry, key: string): void {
    if (entry.keys.has(key)) return;
    entry.keys.add(key);
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [entry]);
    else list.push(entry);
  }

  unfile(entry: Entry, key: string): void {
    if (!entry.keys.delete(key)) return;
    const rest = (this.#byKey.get(key) ?? []).filter((e) => e !== entry);
    if (rest.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, rest);
  }

  remove(entry: Entry): void {
    this.#byId.delete(entry.event.id);
    for (const key of [...entry.keys]) this.unfile(entry, key);
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  under(key: string): readonly Entry[] {
    return this.#byKey.get(key) ?? [];
  }

  entries(): Iterable<Entry> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Waits for the next drain: the database does not know it yet. */
  isDirty(entry: Entry): boolean {
    return this.#changed.has(entry.event);
  }

  /** A change that has no line. */
  touch(entry: Entry, now: number): void {
    entry.event.revision++;
    entry.touched = now;
    this.#changed.add(entry.event);
  }

  /** A change with its line of the timeline, and what the targets are told of it. */
  line(entry: Entry, { what, who, ts, note, evidence = null, before = entry.event.handling }: Line, now: number): void {
    const { event } = entry;
    this.touch(entry, now);
    entry.lineAt = Math.max(entry.lineAt, ts);
    const { id: eventId, revision, severity } = event;
    const transition: EventTransition = { eventId, revision, ts, what, who, severity, note, evidence };
    this.#transitions.push(transition);
    if (UNTOLD.has(what) || event.life.unsent !== undefined) return;
    // Who was told of the beginning is told of the rest, whatever is muted meanwhile.
    if (event.life.muted !== undefined && event.life.told !== true && !INSISTS.has(what)) return;
    const rows = this.#plan(event, transition, before);
    if (rows.length === 0) return;
    for (const row of rows) this.#outbox.push(row);
    if (event.life.told !== true) event.life = { ...event.life, told: true };
  }

  /** Moves what changed into the batch, as copies: the next turn folds on while this one commits. */
  drain(batch: CommitBatch): readonly GridEvent[] {
    const events = this.changed();
    for (const event of events) batch.events.push(event);
    for (const transition of this.#transitions) batch.transitions.push(transition);
    for (const row of this.#outbox) batch.outbox.push(row);
    this.#changed.clear();
    this.#transitions = [];
    this.#outbox = [];
    return events;
  }

  changed(): readonly GridEvent[] {
    return Array.from(this.#changed, (event) => ({ ...event }));
  }
}

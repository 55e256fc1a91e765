import type { EventTransition, GridEvent, Handling } from "../event.ts";
import type { Evidence, Finding } from "../finding.ts";
import type { CommitBatch, OutboxRow } from "../store/batch.ts";
import { effectOf, type PlatformCallback } from "./callback.ts";
import { type EventAction, isSettled, nextHandling } from "./handling.ts";
import { kindInfo } from "./kinds.ts";
import { type Locator, placeOf } from "./place.ts";
import { type RandomBytes, Uuid7 } from "./uuid7.ts";

export interface EventOptions {
  /** multiplies the windows below; 1 in production */
  readonly durationScale: number;
  /** a raise this soon after the clear continues the same event; also how long settled events stay in memory. 600,000 ms */
  readonly reopenWindowMs: number;
  /** findings that change nothing but the evidence get at most one timeline line in this time; default 600,000 ms */
  readonly updateLineMs?: number;
  /** hand kinds off without a person, as the catalogue says; default false: the duty room decides */
  readonly autoHandOff?: boolean;
  /** cleared events that nobody settled, kept in memory; beyond it the oldest leave (the database keeps them). 10,000 */
  readonly maxHeld?: number;
  readonly random?: RandomBytes;
}

/**
 * What the outbox must carry for a line of the timeline. `before` is the handling before the line. Gets the live event:
 * read, do not keep.
 */
export type OutboxPlan = (
  event: Readonly<GridEvent>,
  transition: EventTransition,
  before: Handling,
) => readonly OutboxRow[];

export interface EventProblem {
  readonly code: "not_found" | "illegal_transition";
  readonly message: string;
}

export interface CallbackResult {
  readonly outcome: "applied" | "noted" | "repeated";
  readonly event: GridEvent;
}

/** How a town's posture (平战) changes times; 1 = as configured. */
export interface EventPosture {
  /** multiplies the times after which a higher level is told */
  readonly escalationFactor: number;
  /** multiplies the windows in which what comes back is the same event */
  readonly reopenFactor: number;
}

interface Entry {
  readonly event: GridEvent;
  /** hub time of the last change, ms UTC */
  touched: number;
  /** event time of the last line of the timeline, ms UTC */
  lineAt: number;
}

const CALM: EventPosture = { escalationFactor: 1, reopenFactor: 1 };

/**
 * Findings become events. Invariant: of one (kind, subject, grid) at most one event is active.
 *
 * Identity: a finding whose source names the grid is matched by (kind, subject, grid). Without a named grid the subject is one
 * thing in one place, so it is matched by (kind, subject) alone and the event stays on the grid where it began: a drifting
 * vessel, or a new version of the grids, neither doubles an event nor leaves one open for ever.
 *
 * All changes are in memory until `drain` hands them to the transaction; `load` forgets them.
 */
export class EventBook {
  readonly #options: EventOptions;
  readonly #windowMs: number;
  readonly #lineMs: number;
  readonly #plan: OutboxPlan;
  readonly #ids: Uuid7;
  #grids: Locator;
  readonly #byId = new Map<string, Entry>();
  readonly #bySubject = new Map<string, Entry[]>();
  readonly #changed = new Set<GridEvent>();
  #transitions: EventTransition[] = [];
  #outbox: OutboxRow[] = [];
  #nextSweep = -Infinity;
  /** findings that had nothing to act on: a clear of nothing, old news about a live event */
  ignored = 0;
  /** called in the turn in which a person acted: the rules let go of what is latched */
  onAct: ((event: Readonly<GridEvent>, action: EventAction, now: number) => void) | null = null;

  /** set by the composition root; asked with the id of the event's town, null = on no grid */
  posture: (townId: string | null) => EventPosture = () => CALM;

  constructor(options: EventOptions, grids: Locator, plan: OutboxPlan) {
    this.#options = options;
    this.#windowMs = options.reopenWindowMs * options.durationScale;
    this.#lineMs = (options.updateLineMs ?? 600_000) * options.durationScale;
    this.#grids = grids;
    this.#plan = plan;
    this.#ids = new Uuid7(options.random);
  }

  /** New events use the new grids; those that exist stay where they are. */
  setGrids(grids: Locator): void {
    this.#grids = grids;
  }

  /** Replaces everything by what the database holds: active events and those cleared within the reopen window. */
  load(events: readonly GridEvent[]): void {
    this.#byId.clear();
    this.#bySubject.clear();
    this.#changed.clear();
    this.#transitions = [];
    this.#outbox = [];
    for (const event of events) this.#add({ ...event }, event.updatedAt);
  }

  /** Takes an event that had left memory back in, so that one may `act` on it. No effect when it is here. */
  adopt(event: GridEvent, now: number): void {
    if (!this.#byId.has(event.id)) this.#add({ ...event }, now);
  }

  /** @param now hub time, ms UTC */
  fold(findings: readonly Finding[], now: number): void {
    if (now >= this.#nextSweep) this.#sweep(now);
    for (const finding of findings) {
      const entry = this.#activeFor(finding);
      if (finding.phase === "clear") this.#clear(entry, finding, now);
      else this.#raise(entry, finding, now);
    }
  }

  /** @param more.departments whistle: who is called; in the timeline and in what the targets get */
  act(
    id: string,
    action: EventAction,
    who: string,
    note: string,
    now: number,
    more: { readonly departments?: readonly string[] } = {},
  ): GridEvent | EventProblem {
    const entry = this.#byId.get(id);
    if (entry === undefined) return { code: "not_found", message: `no event ${id}` };
    const { event } = entry;
    const before = event.handling;
    const after = nextHandling(before, action);
    if (after === null) return { code: "illegal_transition", message: `cannot ${action} an event that is ${before}` };
    event.handling = after;
    if (action === "confirm") event.life = { ...event.life, verdict: "confirmed" };
    if (action === "false_alarm") event.life = { ...event.life, verdict: "false_alarm" };
    const { departments = [] } = action === "whistle" ? more : {};
    const text = departments.length === 0 ? note : `${departments.join("、")}${note === "" ? "" : `: ${note}`}`;
    this.#line(entry, action, who, now, text, departments.length === 0 ? null : { departments }, now, before);
    this.onAct?.(event, action, now);
    return { ...event };
  }

  /** A platform speaks. Idempotent by (platform, id), and whatever the order the end is the same; see callback.ts. */
  callback(id: string, callback: PlatformCallback, now: number): CallbackResult | EventProblem {
    const entry = this.#byId.get(id);
    if (entry === undefined) return { code: "not_found", message: `no event ${id}` };
    const { event } = entry;
    const before = event.handling;
    const effect = effectOf(before, event.life, callback);
    if (effect.outcome !== "repeated") {
      event.handling = effect.handling;
      event.life = effect.life;
      const who = callback.who === "" ? (callback.platform ?? "") : callback.who;
      this.#line(entry, effect.what, who, callback.ts, effect.note, null, now, before);
      if (effect.action !== null) this.onAct?.(event, effect.action, now);
    }
    return { outcome: effect.outcome, event: { ...event } };
  }

  /** A line about a delivery. @returns false when the event has left memory (the outbox row still tells) */
  delivered(id: string, target: string, ok: boolean, note: string, now: number): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined) return false;
    const text = note === "" ? target : `${target}: ${note}`;
    this.#line(entry, ok ? "delivered" : "delivery_failed", "hub", now, text, null, now, entry.event.handling);
    return true;
  }

  /**
   * Moves what changed into the batch, as copies: the next turn folds on while this one commits.
   * @returns the changed events, for observers, to be shown after the commit
   */
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

  /** Events changed since the last drain, as copies. */
  changed(): readonly GridEvent[] {
    return Array.from(this.#changed, (event) => ({ ...event }));
  }

  /** Live active events. What was found in history is not among them. */
  *active(): Generator<Readonly<GridEvent>> {
    for (const { event } of this.#byId.values()) if (event.sensing === "active" && !event.late) yield event;
  }

  get(id: string): Readonly<GridEvent> | undefined {
    return this.#byId.get(id)?.event;
  }

  /** Events in memory. */
  get size(): number {
    return this.#byId.size;
  }

  #add(event: GridEvent, touched: number): Entry {
    const entry = { event, touched, lineAt: event.updatedAt };
    this.#byId.set(event.id, entry);
    const key = `${event.kind}\n${event.subject}`;
    const list = this.#bySubject.get(key);
    if (list === undefined) this.#bySubject.set(key, [entry]);
    else list.push(entry);
    return entry;
  }

  #remove(entry: Entry): void {
    const { event } = entry;
    this.#byId.delete(event.id);
    const key = `${event.kind}\n${event.subject}`;
    const rest = (this.#bySubject.get(key) ?? []).filter((e) => e !== entry);
    if (rest.length === 0) this.#bySubject.delete(key);
    else this.#bySubject.set(key, rest);
  }

  /** The newest event of the finding's identity that `accepts`; see the class comment for what identity is. */
  #match(f: Finding, accepts: (event: GridEvent) => boolean): Entry | undefined {
    const list = this.#bySubject.get(`${f.kind}\n${f.subject}`);
    return list?.findLast(({ event }) => accepts(event) && (f.gridId === null || event.gridId === f.gridId));
  }

  /** Live findings speak of live events first, and of what history had left open only where there is none. */
  #activeFor(f: Finding): Entry | undefined {
    const active = (event: GridEvent) => event.sensing === "active";
    return this.#match(f, (event) => active(event) && event.late === f.late) ?? this.#match(f, active);
  }

  #raise(active: Entry | undefined, f: Finding, now: number): void {
    if (active?.event.late === f.late) {
      this.#update(active, f, now);
      return;
    }
    if (active !== undefined && f.late) {
      this.ignored++;
      return;
    }
    // What history had left open is happening now: that is a new, live event.
    for (let past = active; past !== undefined; past = this.#activeFor(f)) {
      this.#end(past, now, "continued by a live event", null, now);
    }
    const earlier = this.#match(
      f,
      (e) =>
        e.clearedAt !== null && e.late === f.late && !isSettled(e.handling) && f.ts - e.clearedAt <= this.#windowMs,
    );
    if (earlier !== undefined) this.#reopen(earlier, f, now);
    else this.#open(f, now);
  }

  #open(f: Finding, now: number): void {
    const place = placeOf(f, this.#grids);
    const event: GridEvent = {
      id: this.#ids.next(now),
      kind: f.kind,
      subject: f.subject,
      gridId: place.gridId,
      gridMatch: place.match,
      gridVersion: this.#grids.version,
      severity: f.severity,
      sensing: "active",
      handling: "new",
      deviceId: f.device?.id ?? null,
      lon: place.lon,
      lat: place.lat,
      source: f.source,
      openedAt: f.ts,
      updatedAt: f.ts,
      clearedAt: null,
      createdAt: now,
      occurrences: 1,
      evidence: f.evidence,
      late: f.late,
      revision: 0,
      life: {},
    };
    const entry = this.#add(event, now);
    this.#line(entry, "open", "hub", f.ts, f.source, f.evidence, now, "new");
    this.#handOff(entry, now);
  }

  #reopen(entry: Entry, f: Finding, now: number): void {
    const { event } = entry;
    event.sensing = "active";
    event.clearedAt = null;
    event.severity = f.severity;
    this.#absorb(entry, f);
    this.#line(entry, "reopen", "hub", f.ts, f.source, f.evidence, now, event.handling);
    this.#handOff(entry, now);
  }

  #update(entry: Entry, f: Finding, now: number): void {
    const { event } = entry;
    const before = event.severity;
    event.severity = f.severity;
    this.#absorb(entry, f);
    if (f.severity !== before) {
      // 1 is the highest.
      const what = f.severity < before ? "escalate" : "deescalate";
      this.#line(entry, what, "hub", f.ts, `${before} -> ${f.severity}`, f.evidence, now, event.handling);
      this.#handOff(entry, now);
    } else if (f.ts - entry.lineAt >= this.#lineMs) {
      this.#line(entry, "update", "hub", f.ts, f.source, f.evidence, now, event.handling);
    } else {
      event.revision++;
      entry.touched = now;
      this.#changed.add(event);
    }
  }

  #absorb({ event }: Entry, f: Finding): void {
    event.occurrences++;
    event.updatedAt = Math.max(event.updatedAt, f.ts);
    event.evidence = f.evidence;
  }

  #clear(active: Entry | undefined, f: Finding, now: number): void {
    // That history ended well says nothing about what is going on now.
    if (active === undefined || (f.late && !active.event.late)) {
      this.ignored++;
      return;
    }
    this.#end(active, f.ts, f.source, f.evidence, now);
  }

  #end(entry: Entry, ts: number, note: string, evidence: Evidence | null, now: number): void {
    const { event } = entry;
    event.sensing = "cleared";
    event.clearedAt = Math.max(ts, event.openedAt);
    event.updatedAt = Math.max(event.updatedAt, event.clearedAt);
    if (evidence !== null) event.evidence = evidence;
    this.#line(entry, "clear", "hub", ts, note, evidence, now, event.handling);
  }

  #handOff(entry: Entry, now: number): void {
    const { event } = entry;
    if (this.#options.autoHandOff !== true || event.late || event.severity > kindInfo(event.kind).autoHandOff) return;
    const before = event.handling;
    const after = nextHandling(before, "hand_off");
    if (after === null) return;
    event.handling = after;
    this.#line(entry, "hand_off", "hub", now, "by policy", null, now, before);
  }

  #line(
    entry: Entry,
    what: string,
    who: string,
    ts: number,
    note: string,
    evidence: Evidence | null,
    now: number,
    before: Handling,
  ): void {
    const { event } = entry;
    event.revision++;
    entry.touched = now;
    entry.lineAt = Math.max(entry.lineAt, ts);
    const { id: eventId, revision, severity } = event;
    const transition: EventTransition = { eventId, revision, ts, what, who, severity, note, evidence };
    this.#transitions.push(transition);
    this.#changed.add(event);
    // That a target was told is no news for the targets.
    if (what === "delivered" || what === "delivery_failed") return;
    for (const row of this.#plan(event, transition, before)) this.#outbox.push(row);
  }

  /** Ends what history left open, and lets go of what nobody will ask for again. */
  #sweep(now: number): void {
    this.#nextSweep = now + Math.max(this.#windowMs / 10, 1);
    const held: Entry[] = [];
    for (const entry of this.#byId.values()) {
      const { event } = entry;
      if (now - entry.touched <= this.#windowMs) continue;
      if (event.sensing === "active") {
        if (event.late) this.#end(entry, event.updatedAt, "history ended without an all-clear", null, now);
      } else if (this.#changed.has(event)) {
        continue; // the database does not know it yet
      } else if (isSettled(event.handling)) {
        this.#remove(entry);
      } else {
        held.push(entry);
      }
    }
    const excess = held.length - (this.#options.maxHeld ?? 10_000);
    if (excess <= 0) return;
    held.sort((a, b) => a.touched - b.touched);
    for (const entry of held.slice(0, excess)) this.#remove(entry);
  }
}

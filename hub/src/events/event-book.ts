import type { GridEvent } from "../event.ts";
import type { Finding } from "../finding.ts";
import type { CommitBatch } from "../store/batch.ts";
import { effectOf, type PlatformCallback } from "./callback.ts";
import { EventDesk } from "./event-desk.ts";
import type { EventOptions, EventPosture } from "./event-options.ts";
import type { EventPolicy } from "./event-policy.ts";
import type { OutboxPlan } from "./event-shelf.ts";
import { EventTimers } from "./event-timers.ts";
import { type EventAction, nextHandling } from "./handling.ts";
import type { Locator } from "./place.ts";
import { isReported } from "./reported.ts";
import { Sensing } from "./sensing.ts";

export interface EventProblem {
  readonly code: "not_found" | "illegal_transition";
  readonly message: string;
}

export interface CallbackResult {
  readonly outcome: "applied" | "noted" | "repeated";
  readonly event: GridEvent;
}

/**
 * Findings become events. Invariant: of one (kind, subject, grid) at most one event is active, as the event's own or as one of
 * its parts.
 *
 * Identity: a finding whose source names the grid is matched by (kind, subject, grid). Without a named grid the subject is one
 * thing in one place, so it is matched by (kind, subject) alone and the event stays on the grid where it began: a drifting
 * vessel, or a new version of the grids, neither doubles an event nor leaves one open for ever.
 *
 * All changes are in memory until `drain` hands them to the transaction; `load` forgets them.
 */
export class EventBook {
  readonly #desk: EventDesk;
  readonly #sensing: Sensing;
  readonly #timers: EventTimers;
  /** called in the turn in which a person or a platform acted: the rules let go of what is latched */
  onAct: ((event: Readonly<GridEvent>, action: EventAction, now: number) => void) | null = null;

  constructor(options: EventOptions, grids: Locator, plan: OutboxPlan) {
    this.#desk = new EventDesk(options, grids, plan);
    this.#sensing = new Sensing(this.#desk);
    this.#timers = new EventTimers(this.#desk, this.#sensing);
  }

  /** findings that had nothing to act on: a clear of nothing, old news about a live event */
  get ignored(): number {
    return this.#desk.ignored;
  }

  get policy(): EventPolicy {
    return this.#desk.policy;
  }

  /** Codes, mutes, fusion, parents and ladder from now on. Active events are looked at anew with the next turn. */
  setPolicy(policy: EventPolicy): void {
    this.#desk.setPolicy(policy);
    this.#timers.reset();
  }

  /** Asked with the id of the event's town, null = on no grid. */
  get posture(): (townId: string | null) => EventPosture {
    return this.#desk.posture;
  }

  set posture(of: (townId: string | null) => EventPosture) {
    this.#desk.posture = of;
  }

  /** New events use the new grids; those that exist stay where they are. */
  setGrids(grids: Locator): void {
    this.#desk.grids = grids;
  }

  /** Replaces everything by what the database holds: active events, those cleared within the reopen window, those that hold others back. */
  load(events: readonly GridEvent[]): void {
    this.#desk.shelf.clear();
    for (const event of events) this.#desk.add({ ...event }, event.updatedAt);
    this.#timers.reset();
  }

  /** Takes an event that had left memory back in, so that one may `act` on it. No effect when it is here. */
  adopt(event: GridEvent, now: number): void {
    if (this.#desk.shelf.get(event.id) === undefined) this.#desk.add({ ...event }, now);
  }

  /** @param now hub time, ms UTC */
  fold(findings: readonly Finding[], now: number): void {
    this.#timers.run(now);
    for (const finding of findings) this.#sensing.fold(finding, now);
  }

  /**
   * A person reports something. Idempotent by subject, which the reporter makes unique; it ends with its handling.
   * @param f a raise whose source is of `reportedBy`
   */
  report(f: Finding, who: string, note: string, now: number): { readonly event: GridEvent; readonly made: boolean } {
    for (const { event } of this.#desk.shelf.entries())
      if (event.subject === f.subject && isReported(event)) return { event: { ...event }, made: false };
    return { event: { ...this.#sensing.report(f, who, note, now) }, made: true };
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
    const entry = this.#desk.shelf.get(id);
    if (entry === undefined) return { code: "not_found", message: `no event ${id}` };
    const { event } = entry;
    const before = event.handling;
    const after = nextHandling(before, action);
    if (after === null) return { code: "illegal_transition", message: `cannot ${action} an event that is ${before}` };
    event.handling = after;
    if (action === "confirm") event.life = { ...event.life, verdict: "confirmed" };
    if (action === "false_alarm") event.life = { ...event.life, verdict: "false_alarm" };
    const { departments = [] } = action === "whistle" ? more : {};
    const called = departments.join("、");
    const text = [called, note].filter((part) => part !== "").join(": ");
    const evidence = departments.length === 0 ? null : { departments };
    this.#desk.line(entry, { what: action, who, ts: now, note: text, evidence, before }, now);
    this.#sensing.followHandling(entry, now);
    this.onAct?.(event, action, now);
    return { ...event };
  }

  /** A platform speaks. Idempotent by (platform, id), and whatever the order the end is the same; see callback.ts. */
  callback(id: string, callback: PlatformCallback, now: number): CallbackResult | EventProblem {
    const entry = this.#desk.shelf.get(id);
    if (entry === undefined) return { code: "not_found", message: `no event ${id}` };
    const { event } = entry;
    const before = event.handling;
    const { outcome, what, note, action, handling, life } = effectOf(before, event.life, callback);
    if (outcome !== "repeated") {
      event.handling = handling;
      event.life = life;
      const who = callback.who === "" ? (callback.platform ?? "") : callback.who;
      this.#desk.line(entry, { what, who, ts: callback.ts, note, before }, now);
      this.#sensing.followHandling(entry, now);
      if (action !== null) this.onAct?.(event, action, now);
    }
    return { outcome, event: { ...event } };
  }

  /** A line about a delivery. @returns false when the event has left memory (the outbox row still tells) */
  delivered(id: string, target: string, ok: boolean, note: string, now: number): boolean {
    const entry = this.#desk.shelf.get(id);
    if (entry === undefined) return false;
    const what = ok ? "delivered" : "delivery_failed";
    this.#desk.line(entry, { what, who: "hub", ts: now, note: note === "" ? target : `${target}: ${note}` }, now);
    return true;
  }

  /**
   * Moves what changed into the batch, as copies: the next turn folds on while this one commits.
   * @returns the changed events, for observers, to be shown after the commit
   */
  drain(batch: CommitBatch): readonly GridEvent[] {
    return this.#desk.shelf.drain(batch);
  }

  /** Events changed since the last drain, as copies. */
  changed(): readonly GridEvent[] {
    return this.#desk.shelf.changed();
  }

  /** Live active events. What was found in history is not among them. */
  *active(): Generator<Readonly<GridEvent>> {
    for (const { event } of this.#desk.shelf.entries()) if (event.sensing === "active" && !event.late) yield event;
  }

  get(id: string): Readonly<GridEvent> | undefined {
    return this.#desk.shelf.get(id)?.event;
  }

  /** Events in memory. */
  get size(): number {
    return this.#desk.shelf.size;
  }
}

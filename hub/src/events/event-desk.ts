import type { GridEvent } from "../event.ts";
import type { Finding } from "../finding.ts";
import type { EventOptions, EventPosture } from "./event-options.ts";
import { EventPolicy } from "./event-policy.ts";
import { type Entry, EventShelf, type Line, type OutboxPlan } from "./event-shelf.ts";
import { isWaiting, nextHandling } from "./handling.ts";
import { ladderDue, nextLevel } from "./ladder.ts";
import type { Locator } from "./place.ts";
import { quietName, type QuietRule } from "./quiet.ts";

const CALM: EventPosture = { escalationFactor: 1, reopenFactor: 1 };

export const subjectKey = (of: Pick<Finding, "kind" | "subject">) => `s\n${of.kind}\n${of.subject}`;
export const heldKey = (of: Pick<Finding, "kind" | "subject">) => `h\n${of.kind}\n${of.subject}`;
export const gridKey = (kind: string, gridId: string | null) => `g\n${kind}\n${gridId ?? ""}`;
export const familyKey = (family: string, gridId: string | null) => `f\n${family}\n${gridId ?? ""}`;

/** What sensing, timers and people share: the shelf, the policy, the grids, and the steps that keep an event's life in order. */
export class EventDesk {
  readonly options: EventOptions;
  readonly shelf: EventShelf;
  readonly lineMs: number;
  policy = new EventPolicy();
  grids: Locator;
  posture: (townId: string | null) => EventPosture = () => CALM;
  /** hub time of the earliest ladder or release, ms UTC: before it nothing is due */
  nextDue = -Infinity;
  /** findings that had nothing to act on: a clear of nothing, old news about a live event */
  ignored = 0;

  constructor(options: EventOptions, grids: Locator, plan: OutboxPlan) {
    this.options = options;
    this.grids = grids;
    this.shelf = new EventShelf(plan);
    this.lineMs = (options.updateLineMs ?? 600_000) * options.durationScale;
  }

  add(event: GridEvent, touched: number): Entry {
    const entry = this.shelf.add(event, touched);
    const { kind, gridId, life } = event;
    for (const of of [event, ...(life.parts ?? [])]) this.shelf.file(entry, subjectKey(of));
    for (const held of life.held ?? []) this.shelf.file(entry, heldKey(held));
    this.shelf.file(entry, gridKey(kind, gridId));
    this.#fileFamily(entry);
    return entry;
  }

  setPolicy(policy: EventPolicy): void {
    for (const entry of this.shelf.entries())
      for (const key of [...entry.keys]) if (key.startsWith("f\n")) this.shelf.unfile(entry, key);
    this.policy = policy;
    for (const entry of this.shelf.entries()) this.#fileFamily(entry);
  }

  #fileFamily(entry: Entry): void {
    const { kind, gridId } = entry.event;
    const family = this.policy.fusion.of(kind)?.family;
    if (family !== undefined) this.shelf.file(entry, familyKey(family, gridId));
  }

  /** ids from the county down to the grid */
  path(gridId: string | null): string[] {
    return gridId === null ? [] : this.grids.path(gridId).flatMap(({ id }) => (id === undefined ? [] : [id]));
  }

  town(gridId: string | null): string | null {
    return gridId === null ? null : (this.grids.path(gridId).find(({ level }) => level === "town")?.id ?? null);
  }

  /** Within this time what comes back is the same event, ms. */
  windowMs(event: Readonly<GridEvent>): number {
    const { reopenWindowMs, durationScale } = this.options;
    return reopenWindowMs * durationScale * this.posture(this.town(event.gridId)).reopenFactor;
  }

  quietOf(kind: string, subject: string, gridId: string | null, now: number): QuietRule | null {
    return this.policy.quiet.of(kind, subject, this.path(gridId), now);
  }

  line(entry: Entry, line: Line, now: number): void {
    this.#followLadder(entry, now);
    this.shelf.line(entry, line, now);
  }

  /** Marks what is quiet or not admitted; `say` tells it in the timeline. @returns whether the marks changed */
  mark(entry: Entry, now: number, say: boolean): boolean {
    const { event } = entry;
    const { muted, unsent, ...rest } = event.life;
    const rule = this.quietOf(event.kind, event.subject, event.gridId, now);
    // Who was told of the beginning is told of the end.
    const refusal = rest.told === true ? null : this.policy.codes.refusal(event.kind, this.town(event.gridId));
    const name = rule === null ? undefined : quietName(rule);
    if (name === muted && (refusal ?? undefined) === unsent) return false;
    event.life = {
      ...rest,
      ...(name !== undefined && { muted: name }),
      ...(refusal !== null && { unsent: refusal }),
    };
    if (!say) return true;
    const tell = (what: string, note: string) => this.line(entry, { what, who: "hub", ts: now, note }, now);
    if (rule !== null && name !== muted) tell("mute", `${name}: ${rule.reason}`);
    if (refusal !== null && refusal !== unsent) tell("not_sent", refusal);
    if ((muted !== undefined && rule === null) || (unsent !== undefined && refusal === null)) {
      tell("unmute", muted ?? "code admitted");
      this.handOff(entry, now);
    }
    return true;
  }

  /** By policy, where that is switched on and nothing keeps the event quiet. */
  handOff(entry: Entry, now: number): void {
    const { event } = entry;
    const { late, severity, kind, life } = event;
    if (this.options.autoHandOff !== true || late || life.muted !== undefined || life.unsent !== undefined) return;
    if (severity > this.policy.codes.info(kind).autoHandOff || event.handling === "rejected") return;
    const before = event.handling;
    const after = nextHandling(before, "hand_off");
    if (after === null) return;
    event.handling = after;
    this.line(entry, { what: "hand_off", who: "hub", ts: now, note: "by policy", before }, now);
  }

  /** Starts, stops or moves the term of the next level after whatever has just changed. */
  #followLadder({ event }: Entry, now: number): void {
    const { ladder, muted } = event.life;
    if (ladder === undefined && this.policy.ladder.empty) return;
    const waits = event.sensing === "active" && !event.late && muted === undefined && isWaiting(event.handling);
    if (!waits) {
      if (ladder !== undefined && ladder.dueAt !== null)
        event.life = { ...event.life, ladder: { ...ladder, dueAt: null } };
      return;
    }
    const path = event.gridId === null ? [] : this.grids.path(event.gridId);
    const level = ladder?.level ?? "grid";
    if (nextLevel(level, path) === null) return;
    // One that had stopped begins again where it stood.
    const since = ladder === undefined || ladder.dueAt === null ? now : ladder.since;
    const scale = this.options.durationScale * this.posture(this.town(event.gridId)).escalationFactor;
    const dueAt = ladderDue(this.policy.ladder.of(event.kind, event.severity), { level, since }, path, scale);
    if (ladder?.dueAt === dueAt && ladder.since === since) return;
    event.life = { ...event.life, ladder: { level, since, dueAt } };
    if (dueAt !== null) this.nextDue = Math.min(this.nextDue, dueAt);
  }
}

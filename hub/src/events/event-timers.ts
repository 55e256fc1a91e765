import type { EventDesk } from "./event-desk.ts";
import type { Entry } from "./event-shelf.ts";
import { isSettled } from "./handling.ts";
import { nextLevel } from "./ladder.ts";
import type { Sensing } from "./sensing.ts";

/**
 * What happens to events by time alone: the next level is told, a mute begins or ends, held findings come out, memory is let
 * go. The times stand in the events themselves, so a restart forgets none. While nothing is due a turn costs comparisons.
 */
export class EventTimers {
  readonly #desk: EventDesk;
  readonly #sensing: Sensing;
  #nextSweep = -Infinity;
  #nextQuiet = -Infinity;

  constructor(desk: EventDesk, sensing: Sensing) {
    this.#desk = desk;
    this.#sensing = sensing;
  }

  /** The policy or the events are new: everything is looked at with the next turn. */
  reset(): void {
    this.#desk.nextDue = -Infinity;
    this.#nextQuiet = -Infinity;
  }

  run(now: number): void {
    if (now >= this.#nextSweep) this.#sweep(now);
    if (now >= this.#nextQuiet) this.#review(now);
    if (now >= this.#desk.nextDue) this.#due(now);
  }

  /** Mutes and windows that began or ended. */
  #review(now: number): void {
    const desk = this.#desk;
    this.#nextQuiet = desk.policy.quiet.nextChange(now);
    for (const entry of desk.shelf.entries()) {
      const { event } = entry;
      if (event.sensing === "active" && !event.late && !isSettled(event.handling)) desk.mark(entry, now, true);
    }
  }

  #due(now: number): void {
    const desk = this.#desk;
    desk.nextDue = Infinity;
    const releases: Entry[] = [];
    for (const entry of desk.shelf.entries()) {
      const { ladder, releaseAt } = entry.event.life;
      if (releaseAt !== undefined) {
        if (releaseAt <= now) releases.push(entry);
        else desk.nextDue = Math.min(desk.nextDue, releaseAt);
      }
      if (ladder?.dueAt == null) continue;
      if (ladder.dueAt <= now) this.#tellNextLevel(entry, now);
      else desk.nextDue = Math.min(desk.nextDue, ladder.dueAt);
    }
    for (const entry of releases) this.#sensing.release(entry, now);
  }

  #tellNextLevel(entry: Entry, now: number): void {
    const { event } = entry;
    const { ladder } = event.life;
    const path = event.gridId === null ? [] : this.#desk.grids.path(event.gridId);
    const level = ladder === undefined ? null : nextLevel(ladder.level, path);
    if (ladder === undefined || level === null) return;
    event.life = { ...event.life, ladder: { level, since: now, dueAt: null } };
    const grid = path.find((each) => each.level === level)?.id ?? null;
    this.#desk.line(
      entry,
      { what: "ladder", who: "hub", ts: now, note: `${ladder.level} -> ${level}`, evidence: { level, grid } },
      now,
    );
  }

  /** Ends what history left open, and lets go of what nobody will ask for again. */
  #sweep(now: number): void {
    const { reopenWindowMs, durationScale, maxHeld = 10_000 } = this.#desk.options;
    const { shelf } = this.#desk;
    this.#nextSweep = now + Math.max((reopenWindowMs * durationScale) / 10, 1);
    const kept: Entry[] = [];
    for (const entry of shelf.entries()) {
      const { event } = entry;
      if (now - entry.touched <= this.#desk.windowMs(event)) continue;
      if (event.sensing === "active") {
        if (event.late) this.#sensing.end(entry, event.updatedAt, "history ended without an all-clear", null, now);
      } else if (shelf.isDirty(entry) || event.life.held !== undefined) {
        continue; // the database does not know it yet, or something waits for its time
      } else if (isSettled(event.handling)) {
        shelf.remove(entry);
      } else {
        kept.push(entry);
      }
    }
    const excess = kept.length - maxHeld;
    if (excess <= 0) return;
    kept.sort((a, b) => a.touched - b.touched);
    for (const entry of kept.slice(0, excess)) shelf.remove(entry);
  }
}

import type { GridEvent, HeldFinding } from "../event.ts";
import type { Evidence, Finding } from "../finding.ts";
import { type EventDesk, familyKey, gridKey, heldKey, subjectKey } from "./event-desk.ts";
import type { Entry } from "./event-shelf.ts";
import { metresBetween, ownPart, partOf, severityOf, withCleared, withRaised } from "./fusion.ts";
import { isSettled } from "./handling.ts";
import { parentSubject } from "./parents.ts";
import { isReported } from "./reported.ts";
import { type Place, placeOf } from "./place.ts";
import { Uuid7 } from "./uuid7.ts";

/** Bounds of what one event carries; beyond them a finding is an event of its own, so nothing is lost. */
const MAX_PARTS = 200;
const MAX_HELD = 1000;

type Accepts = (event: GridEvent) => boolean;
const isActive: Accepts = (event) => event.sensing === "active";

/** How findings change events: open, update, fuse, hold back, clear, reopen. Only findings and time change sensing. */
export class Sensing {
  readonly #desk: EventDesk;
  readonly #ids: Uuid7;

  constructor(desk: EventDesk) {
    this.#desk = desk;
    this.#ids = new Uuid7(desk.options.random);
  }

  fold(f: Finding, now: number): void {
    if (f.phase === "clear") this.#clear(f, now);
    else this.#raise(f, now);
  }

  /** Ends the event whatever of it goes on. @param ts event time, ms UTC */
  end(entry: Entry, ts: number, note: string, evidence: Evidence | null, now: number): void {
    const { event } = entry;
    event.sensing = "cleared";
    event.clearedAt = Math.max(ts, event.openedAt);
    event.updatedAt = Math.max(event.updatedAt, event.clearedAt);
    if (evidence !== null) event.evidence = evidence;
    const { parts, held } = event.life;
    if (parts?.some(({ active }) => active) === true)
      event.life = { ...event.life, parts: parts.map((part) => ({ ...part, active: false })) };
    if (held !== undefined) {
      const { releaseMs = 300_000, durationScale } = this.#desk.options;
      const releaseAt = now + releaseMs * durationScale;
      event.life = { ...event.life, releaseAt };
      this.#desk.nextDue = Math.min(this.#desk.nextDue, releaseAt);
    }
    this.#desk.line(entry, { what: "clear", who: "hub", ts, note, evidence }, now);
  }

  /** What a person says of a thing: an event of its own, which nothing holds back or takes in as one more sign of another. */
  report(f: Finding, who: string, note: string, now: number): GridEvent {
    const place = placeOf(f, this.#desk.grids);
    return this.#open(f, f.device?.id ?? null, place, now, { who, note }).event;
  }

  /** What a person reported has no source that gives an all-clear: it goes on until it is dealt with, and again if it was not. */
  followHandling(entry: Entry, now: number): void {
    const { event } = entry;
    if (!isReported(event) || isSettled(event.handling) !== (event.sensing === "active")) return;
    if (event.sensing === "active") {
      this.end(entry, now, event.handling, null, now);
      return;
    }
    event.sensing = "active";
    event.clearedAt = null;
    event.updatedAt = Math.max(event.updatedAt, now);
    this.#desk.line(entry, { what: "reopen", who: "hub", ts: now, note: event.handling }, now);
  }

  /** What the parent held back and what has outlived it becomes events of their own. */
  release(entry: Entry, now: number): void {
    const { event } = entry;
    const { held = [], releaseAt: _, ...life } = event.life;
    event.life = omitHeld(life);
    for (const each of held) this.#desk.shelf.unfile(entry, heldKey(each));
    this.#desk.line(entry, { what: "release", who: "hub", ts: now, note: String(held.length) }, now);
    for (const each of held) {
      const place: Place = { gridId: each.gridId, match: each.gridMatch, lon: each.lon, lat: each.lat };
      this.#open({ ...each, late: false }, each.deviceId, place, now);
    }
  }

  /** The newest event of the finding's identity that `accepts`; see EventBook for what identity is. */
  #match(f: Finding, accepts: Accepts): Entry | undefined {
    const list = this.#desk.shelf.under(subjectKey(f));
    return list.findLast(({ event }) => accepts(event) && (f.gridId === null || event.gridId === f.gridId));
  }

  /** Live findings speak of live events first, and of what history had left open only where there is none. */
  #activeFor(f: Finding): Entry | undefined {
    return (
      this.#match(f, (event) => isActive(event) && event.late === f.late && goesOn(event, f)) ??
      this.#match(f, (event) => isActive(event) && event.late === f.late) ??
      this.#match(f, isActive)
    );
  }

  #raise(f: Finding, now: number): void {
    const active = this.#activeFor(f);
    if (active?.event.late === f.late) {
      this.#update(active, f, now);
      return;
    }
    if (active !== undefined && f.late) {
      this.#desk.ignored++;
      return;
    }
    // What history had left open is happening now: that is a new, live event.
    for (let past = active; past !== undefined; past = this.#activeFor(f))
      this.end(past, now, "continued by a live event", null, now);
    if (!f.late && this.#hold(f, now)) return;
    const earlier = this.#match(
      f,
      (e) =>
        e.clearedAt !== null &&
        e.late === f.late &&
        !isSettled(e.handling) &&
        f.ts - e.clearedAt <= this.#desk.windowMs(e),
    );
    if (earlier !== undefined) {
      this.#reopen(earlier, f, now);
      return;
    }
    const place = placeOf(f, this.#desk.grids);
    const host = f.late ? undefined : this.#host(f, place, now);
    if (host === undefined) this.#open(f, f.device?.id ?? null, place, now);
    else this.#join(host, f, now);
  }

  #open(
    f: Omit<Finding, "device" | "phase">,
    deviceId: number | null,
    place: Place,
    now: number,
    said: { readonly who: string; readonly note: string } = { who: "hub", note: f.source },
  ): Entry {
    const desk = this.#desk;
    const event: GridEvent = {
      id: this.#ids.next(now),
      kind: f.kind,
      subject: f.subject,
      gridId: place.gridId,
      gridMatch: place.match,
      gridVersion: desk.grids.version,
      severity: f.severity,
      sensing: "active",
      handling: "new",
      deviceId,
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
    const entry = desk.add(event, now);
    const marked = !f.late && desk.mark(entry, now, false);
    const { ts, evidence } = f;
    desk.line(entry, { what: "open", ...said, ts, evidence, before: "new" }, now);
    if (marked) this.#tellMarks(entry, now);
    desk.handOff(entry, now);
    return entry;
  }

  #tellMarks(entry: Entry, now: number): void {
    const { muted, unsent } = entry.event.life;
    const tell = (what: string, note: string) => this.#desk.line(entry, { what, who: "hub", ts: now, note }, now);
    if (muted !== undefined) tell("mute", muted);
    if (unsent !== undefined) tell("not_sent", unsent);
  }

  #reopen(entry: Entry, f: Finding, now: number): void {
    const { event } = entry;
    event.sensing = "active";
    event.clearedAt = null;
    const { releaseAt: _, ladder: __, ...life } = event.life;
    event.life = { ...life, flaps: (life.flaps ?? 0) + 1 };
    this.#absorb(entry, f);
    const { ts, source: note, evidence } = f;
    this.#desk.line(entry, { what: "reopen", who: "hub", ts, note, evidence }, now);
    if (!event.late) this.#desk.mark(entry, now, true);
    this.#desk.handOff(entry, now);
  }

  #update(entry: Entry, f: Finding, now: number): void {
    const { event } = entry;
    const before = event.severity;
    const returned = !goesOn(event, f);
    if (returned) event.life = { ...event.life, flaps: (event.life.flaps ?? 0) + 1 };
    this.#absorb(entry, f);
    const { ts, source: note, evidence } = f;
    if (returned)
      this.#desk.line(entry, { what: "join", who: "hub", ts, note: `${f.kind} ${f.subject}`, evidence }, now);
    if (event.severity !== before) this.#severity(entry, before, ts, evidence, now);
    else if (returned) return;
    else if (ts - entry.lineAt >= this.#desk.lineMs)
      this.#desk.line(entry, { what: "update", who: "hub", ts, note, evidence }, now);
    else this.#desk.shelf.touch(entry, now);
  }

  #severity(entry: Entry, before: number, ts: number, evidence: Evidence | null, now: number): void {
    const { severity } = entry.event;
    // 1 is the highest.
    const what = severity < before ? "escalate" : "deescalate";
    this.#desk.line(entry, { what, who: "hub", ts, note: `${before} -> ${severity}`, evidence }, now);
    this.#desk.handOff(entry, now);
  }

  #absorb({ event }: Entry, f: Finding): void {
    event.occurrences++;
    event.updatedAt = Math.max(event.updatedAt, f.ts);
    event.evidence = f.evidence;
    event.severity = f.severity;
    if (event.life.parts === undefined) return;
    const parts = withRaised(event.life.parts, f);
    event.life = { ...event.life, parts };
    event.severity = severityOf(parts) ?? f.severity;
  }

  /** The event that the finding is one more sign of. What is quiet joins nothing, and nothing joins what is quiet. */
  #host(f: Finding, place: Place, now: number): Entry | undefined {
    const desk = this.#desk;
    const rule = desk.policy.fusion.of(f.kind);
    if (rule === null) return undefined;
    const windowMs = rule.window_s * 1000 * desk.options.durationScale;
    const near = desk.shelf
      .under(familyKey(rule.family, place.gridId))
      .findLast(
        ({ event }) =>
          !event.late &&
          !isSettled(event.handling) &&
          event.life.muted === undefined &&
          Math.abs(f.ts - event.updatedAt) <= windowMs &&
          metresBetween(event, place) <= rule.radius_m &&
          (event.life.parts?.length ?? 1) < MAX_PARTS,
      );
    if (near === undefined || desk.quietOf(f.kind, f.subject, place.gridId, now) !== null) return undefined;
    return near;
  }

  #join(entry: Entry, f: Finding, now: number): void {
    const { event } = entry;
    event.life = { ...event.life, parts: event.life.parts ?? [ownPart(event)] };
    this.#desk.shelf.file(entry, subjectKey(f));
    if (event.sensing === "cleared") {
      this.#reopen(entry, f, now);
      return;
    }
    const before = event.severity;
    this.#absorb(entry, f);
    const { ts, evidence } = f;
    this.#desk.line(entry, { what: "join", who: "hub", ts, note: `${f.kind} ${f.subject}`, evidence }, now);
    if (event.severity !== before) this.#severity(entry, before, ts, evidence, now);
  }

  /** @returns true when a larger event keeps the finding back */
  #hold(f: Finding, now: number): boolean {
    const { shelf } = this.#desk;
    const known = shelf.under(heldKey(f)).at(-1);
    const parent = known ?? this.#parentOf(f);
    if (parent === undefined) return false;
    const { held = [] } = parent.event.life;
    if (known === undefined && held.length >= MAX_HELD) return false;
    const { kind, subject, severity, ts, source, evidence } = f;
    const before = held.find((h) => h.kind === kind && h.subject === subject);
    if (before !== undefined && before.severity === severity && ts - before.ts < this.#desk.lineMs) return true;
    const { gridId, match: gridMatch, lon, lat } = placeOf(f, this.#desk.grids);
    const deviceId = f.device?.id ?? null;
    const each: HeldFinding = { kind, subject, deviceId, gridId, gridMatch, lon, lat, severity, ts: before?.ts ?? ts, source, evidence }; // prettier-ignore
    parent.event.life = { ...parent.event.life, held: [...held.filter((h) => h !== before), each] };
    shelf.file(parent, heldKey(f));
    if (held.length === 0) this.#desk.line(parent, { what: "hold", who: "hub", ts, note: `${kind} ${subject}` }, now);
    else shelf.touch(parent, now);
    return true;
  }

  #parentOf(f: Finding): Entry | undefined {
    const { policy, shelf, path, grids } = this.#desk;
    for (const rule of policy.parents.of(f.kind)) {
      const live = ({ event }: Entry) => isActive(event) && !event.late;
      const subject = parentSubject(rule, f);
      if (rule.scope === "grid") {
        for (const grid of path.call(this.#desk, placeOf(f, grids).gridId).reverse()) {
          const found = shelf.under(gridKey(rule.parent, grid)).findLast(live);
          if (found !== undefined) return found;
        }
      } else if (subject !== null) {
        const found = shelf.under(subjectKey({ kind: rule.parent, subject })).findLast(live);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #clear(f: Finding, now: number): void {
    const active = this.#activeFor(f);
    // That history ended well says nothing about what is going on now.
    if (active === undefined || (f.late && !active.event.late) || !goesOn(active.event, f)) {
      if (!this.#letGo(f, now)) this.#desk.ignored++;
      return;
    }
    const { event } = active;
    if (event.life.parts !== undefined) {
      const parts = withCleared(event.life.parts, f);
      event.life = { ...event.life, parts };
      const severity = severityOf(parts);
      if (severity !== null) {
        const before = event.severity;
        event.severity = severity;
        event.updatedAt = Math.max(event.updatedAt, f.ts);
        this.#desk.line(active, { what: "leave", who: "hub", ts: f.ts, note: `${f.kind} ${f.subject}` }, now);
        if (severity !== before) this.#severity(active, before, f.ts, null, now);
        return;
      }
    }
    this.end(active, f.ts, f.source, f.evidence, now);
  }

  /** A held finding that is over was never an event. */
  #letGo(f: Finding, now: number): boolean {
    if (f.late) return false;
    const { shelf } = this.#desk;
    const parent = shelf.under(heldKey(f)).at(-1);
    if (parent === undefined) return false;
    const { event } = parent;
    const held = (event.life.held ?? []).filter((h) => h.kind !== f.kind || h.subject !== f.subject);
    const { releaseAt, ...life } = event.life;
    event.life = held.length === 0 ? omitHeld(life) : { ...life, held, ...(releaseAt !== undefined && { releaseAt }) };
    shelf.unfile(parent, heldKey(f));
    shelf.touch(parent, now);
    return true;
  }
}

function omitHeld({ held: _, ...life }: GridEvent["life"]): GridEvent["life"] {
  return life;
}

/** What the finding speaks of is raised now. */
function goesOn(event: Readonly<GridEvent>, f: Finding): boolean {
  return event.life.parts === undefined || partOf(event.life.parts, f)?.active === true;
}

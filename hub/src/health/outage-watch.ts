import type { Finding } from "../finding.ts";
import type { FoldStateRow } from "../store/batch.ts";
import { clearEdge, raiseEdge } from "./edge-alarm.ts";
import { outageFinding } from "./health-finding.ts";
import type { HealthJournal } from "./health-journal.ts";
import type { EdgeHealth } from "./health-record.ts";
import { type Gone, SiteEdges, type StoredOutage } from "./site-edges.ts";

export interface OutageOptions {
  /** this many edges of a site, and this share of those that worked, gone within the window are one outage */
  readonly edges: number;
  readonly share: number;
  /** ms of listening time; also the time that edges have to return after their outage is over */
  readonly windowMs: number;
}

export const OUTAGE: OutageOptions = { edges: 3, share: 0.3, windowMs: 120_000 };

/** Keys of rows; no uid begins with `#`. */
const OUTAGE_KEY = "#outage ";
/** where several went but too few for an outage, their own events wait for more, ms */
const SETTLE_MS = 30_000;
/** however short the scaled window: grace, takeover and the hub's tick must fit in */
const LEAST_WINDOW_MS = 8000;
/** a device that is its own edge keeps its connection when it had it for so long, ms */
const KEEPS_MS = 600_000;
/** how many are still away is told this often, ms; that more went is told at once */
const TELL_MS = 60_000;

/** What an outage does to a device that is its own edge, which is never away for any other reason. */
export interface OutageMembers {
  away(e: EdgeHealth, now: number, out: Finding[]): void;
  /** the outage is over and it is not back: its own silence speaks again */
  release(e: EdgeHealth, now: number, out: Finding[]): void;
}

/**
 * What becomes of edges that are gone: an event each, or, where a carrier or the power of a town failed, one for them all. Decided
 * by the tick, from all that is known by then. Costs nothing while no edge is missing.
 */
export class OutageWatch {
  members: OutageMembers | null = null;
  readonly #journal: HealthJournal;
  readonly #least: number;
  readonly #share: number;
  readonly #windowMs: number;
  readonly #settleMs: number;
  readonly #tellMs: number;
  readonly #keepsMs: number;
  readonly #sites = new Map<string, SiteEdges>();
  /** sites with edges that wait, or with an outage */
  readonly #busy = new Set<SiteEdges>();
  #dirty: SiteEdges[] = [];

  constructor(journal: HealthJournal, scale: number, options: OutageOptions) {
    this.#journal = journal;
    this.#least = options.edges;
    this.#share = options.share;
    this.#windowMs = Math.max(LEAST_WINDOW_MS, options.windowMs * scale);
    this.#settleMs = SETTLE_MS * scale;
    this.#tellMs = TELL_MS * scale;
    this.#keepsMs = KEEPS_MS * scale;
  }

  clear(): void {
    this.#sites.clear();
    this.#busy.clear();
    this.#dirty = [];
  }

  add(e: EdgeHealth): void {
    this.#of(e).edges.add(e);
  }

  /**
   * The edge is gone, not stopped. The next `settle` says what that makes.
   * @param mayReturn it gets the window's time to come back first, as after an outage or a restart
   */
  gone(e: EdgeHealth, mayReturn = false): void {
    const s = this.#of(e);
    s.waiting.set(e, mayReturn ? this.#journal.clock.listened + this.#windowMs : Number.NaN);
    this.#busy.add(s);
  }

  settle(now: number, out: Finding[]): void {
    for (const s of this.#busy) {
      for (const e of s.waiting.keys()) if (e.contact !== "offline") s.waiting.delete(e);
      if (s.outage !== null) this.#follow(s, s.outage, now, out);
      else this.#judge(s, now, out);
      if (s.outage === null && s.waiting.size === 0) this.#busy.delete(s);
    }
  }

  /** Outages that were out when the hub stopped; the edges are restored already. */
  restore(stored: ReadonlyMap<string, unknown>): void {
    for (const s of this.#sites.values()) {
      s.outage = (stored.get(OUTAGE_KEY + s.site) as StoredOutage | undefined) ?? null;
      for (const e of s.edges) {
        if (e.outage && s.outage !== null) s.members.add(e);
        else e.outage = false;
      }
      if (s.outage === null) continue;
      s.toldAway = s.away;
      this.#busy.add(s);
    }
  }

  drain(fold: FoldStateRow[]): void {
    for (const s of this.#dirty.splice(0)) {
      s.dirty = false;
      fold.push({ room: "health", key: OUTAGE_KEY + s.site, state: s.outage });
    }
  }

  #judge(s: SiteEdges, now: number, out: Finding[]): void {
    if (s.waiting.size === 0) return;
    const { listened } = this.#journal.clock;
    const recent = this.#recent(s);
    const failed = recent.filter((gone) => this.#isOutage(gone));
    if (failed.length > 0) {
      const gone = recent.flatMap(({ edges }) => edges);
      const of = failed.reduce((sum, each) => sum + each.of, 0);
      this.#begin(s, gone, of, now, out);
      return;
    }
    const [gateways] = recent;
    const later = gateways.edges.length >= this.#least ? listened + this.#settleMs : listened;
    for (const [e, at] of s.waiting) {
      const due = Number.isNaN(at) ? later : at;
      s.waiting.set(e, due);
      if (due > listened) continue;
      s.waiting.delete(e);
      if (e.solo === null) raiseEdge(this.#journal, e, 3, now, out);
      else if (e.away) this.members?.release(e, now, out);
    }
  }

  #recent(s: SiteEdges): [gateways: Gone, alone: Gone] {
    const { listened } = this.#journal.clock;
    const { gateways, alone } = s.goneSince(listened - this.#windowMs, listened, this.#keepsMs);
    return [gateways, alone];
  }

  #isOutage({ edges, of }: Gone): boolean {
    return edges.length >= this.#least && edges.length >= this.#share * of;
  }

  #begin(s: SiteEdges, gone: readonly EdgeHealth[], of: number, now: number, out: Finding[]): void {
    const since = gone.reduce((first, e) => Math.min(first, e.goneTs), now);
    for (const e of [...gone, ...s.waiting.keys()]) this.#join(s, e, now, out);
    s.waiting.clear();
    s.outage = { v: 1, began: now, since, of: Math.max(of, s.members.size) };
    this.#tell(s, s.outage, "raise", now, out);
    // the larger event stands before the smaller ones end
    for (const e of gone) clearEdge(this.#journal, e, now, out, s.subject);
  }

  #follow(s: SiteEdges, outage: StoredOutage, now: number, out: Finding[]): void {
    const { listened } = this.#journal.clock;
    // who came back and was stopped or fell silent since has an event of its own
    for (const e of s.members) if (e.raised !== null || !e.outage) this.#leave(s, e);
    let grown = 0;
    for (const e of s.waiting.keys()) if (this.#join(s, e, now, out)) grown++;
    s.waiting.clear();
    if (s.members.size > outage.of) s.outage = { ...outage, of: s.members.size };
    const { size } = s.members;
    const { away } = s;
    if ((2 * away < size || size === 0) && !this.#recent(s).some((gone) => this.#isOutage(gone)))
      this.#end(s, outage, now, out);
    else if (grown > 0 || (away !== s.toldAway && listened - s.toldAt >= this.#tellMs))
      this.#tell(s, s.outage ?? outage, "update", now, out);
  }

  /** Who is not back yet gets the window's time for it, then an event of its own. */
  #end(s: SiteEdges, outage: StoredOutage, now: number, out: Finding[]): void {
    this.#tell(s, s.outage ?? outage, "clear", now, out);
    s.outage = null;
    for (const e of s.members) {
      this.#leave(s, e);
      if (e.away && e.why !== "stop" && e.raised === null) this.gone(e, true);
    }
  }

  #join(s: SiteEdges, e: EdgeHealth, now: number, out: Finding[]): boolean {
    if (s.members.has(e)) return false;
    s.members.add(e);
    e.outage = true;
    if (e.contact === "offline" && !e.away) this.members?.away(e, now, out);
    this.#journal.touch(e);
    return true;
  }

  #leave(s: SiteEdges, e: EdgeHealth): void {
    s.members.delete(e);
    e.outage = false;
    this.#journal.touch(e);
  }

  #tell(s: SiteEdges, outage: StoredOutage, phase: Finding["phase"], now: number, out: Finding[]): void {
    s.toldAway = s.away;
    s.toldAt = this.#journal.clock.listened;
    out.push(outageFinding(s, outage, phase, now));
    if (s.dirty) return;
    s.dirty = true;
    this.#dirty.push(s);
  }

  #of(e: EdgeHealth): SiteEdges {
    const site = e.key.slice(0, e.key.indexOf("/"));
    let s = this.#sites.get(site);
    if (s === undefined) {
      s = new SiteEdges(site);
      this.#sites.set(site, s);
    }
    return s;
  }
}

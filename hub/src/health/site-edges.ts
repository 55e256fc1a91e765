import type { EdgeHealth } from "./health-record.ts";

/** An outage that is out, as it is kept: its members know by their own rows that they are. */
export interface StoredOutage {
  readonly v: 1;
  /** hub time of the raise and of the first edge that went, ms UTC */
  readonly began: number;
  readonly since: number;
  /** edges of the site that worked when it began, and those that joined */
  readonly of: number;
}

/** The edges of one site, and the outage that they are in. */
export class SiteEdges {
  readonly site: string;
  readonly edges = new Set<EdgeHealth>();
  /** edges that are gone and have no event yet, with the moment (listening time) when they get one; NaN = not looked at yet */
  readonly waiting = new Map<EdgeHealth, number>();
  readonly members = new Set<EdgeHealth>();
  /** null = no outage */
  outage: StoredOutage | null = null;
  /** members that were away when it was told last, and when that was, listening time */
  toldAway = 0;
  toldAt = -Infinity;
  dirty = false;

  constructor(site: string) {
    this.site = site;
  }

  get subject(): string {
    return `site:${this.site}`;
  }

  get away(): number {
    let away = 0;
    for (const e of this.members) if (isMissed(e)) away++;
    return away;
  }

  /**
   * Edges that went at `since` (listening time) or later, and how many there were to go: these and those that work. What was away
   * before is no measure, nor an edge that is its own only device: that one speaks by its silence.
   */
  goneSince(since: number): { readonly gone: EdgeHealth[]; readonly of: number } {
    const gone: EdgeHealth[] = [];
    let up = 0;
    for (const e of this.edges) {
      if (e.solo !== null) continue;
      if (e.contact === "online") up++;
      else if ((e.contact === "late" || e.contact === "offline") && e.why !== "stop" && e.goneAt >= since) gone.push(e);
    }
    return { gone, of: up + gone.length };
  }
}

/** Not back for good: away against its will, or coming and going. */
function isMissed(e: EdgeHealth): boolean {
  return e.contact === "online" ? e.flapping : e.why !== "stop";
}

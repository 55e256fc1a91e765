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

/** Edges that went within a time, and how many there were to go. */
export interface Gone {
  readonly edges: EdgeHealth[];
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
   * before is no measure. Gateways and devices that are their own edge are measured each by themselves: a town has a handful of the
   * ones and hundreds of the others. Of the latter only those count that keep their connection: one that hangs up without a word
   * after each report goes every time, and where the hub did not see it connect nobody knows.
   * @param now listening time
   */
  goneSince(since: number, now: number, keepsMs: number): { readonly gateways: Gone; readonly alone: Gone } {
    const gateways: EdgeHealth[] = [];
    const alone: EdgeHealth[] = [];
    let up = 0;
    let upAlone = 0;
    for (const e of this.edges) {
      const isAlone = e.solo !== null;
      if (e.contact === "online") {
        if (!isAlone) up++;
        else if (now - e.onAt >= keepsMs) upAlone++;
      } else if ((e.contact === "late" || e.contact === "offline") && e.why !== "stop" && e.goneAt >= since) {
        if (!isAlone) gateways.push(e);
        else if (Number.isFinite(e.onAt) && e.goneAt - e.onAt >= keepsMs) alone.push(e);
      }
    }
    return {
      gateways: { edges: gateways, of: up + gateways.length },
      alone: { edges: alone, of: upAlone + alone.length },
    };
  }
}

/** Not back for good: away against its will, or coming and going. */
function isMissed(e: EdgeHealth): boolean {
  return e.contact === "online" ? e.flapping : e.why !== "stop";
}

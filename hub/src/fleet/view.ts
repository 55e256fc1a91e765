import type { MmsiFault } from "./mmsi.ts";
import type { Freshness } from "./track.ts";

/** How a vessel is doing: heard, or why not. */
export type VesselState = Freshness | "dark" | "gap" | "suspected_disabling" | "outage";
export type VesselFlag = MmsiFault | "mmsi_clash" | "net_buoy" | "implausible";

/** A vessel as the API shows it (VesselInfo of api/schema.ts). */
export interface VesselView {
  readonly mmsi: number;
  readonly name: string;
  readonly formationId: string | null;
  readonly lon: number;
  readonly lat: number;
  readonly sog: number | null;
  readonly cog: number | null;
  readonly heading: number | null;
  /** time of the position, ms UTC; `at` is the same for who asks for one vessel */
  readonly ts: number;
  readonly at: number;
  readonly freshness: Freshness;
  readonly state: VesselState;
  /** grid of the harbour that it lies in; null = at sea */
  readonly inHarbour: string | null;
  /** ids of areas with a rule that it is in */
  readonly areas: readonly string[];
  readonly flags: readonly VesselFlag[];
}

/** A formation as the API shows it, without the names that the grids know. */
export interface FormationView {
  readonly gridId: string;
  readonly members: number;
  readonly fresh: number;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly spreadNm: number | null;
  readonly farthestNm: number | null;
  readonly stragglers: number[];
  /** in two parts or more, and reported */
  readonly split: boolean;
  /** its link is out, and reported */
  readonly outage: boolean;
  readonly dark: number[];
  readonly inHarbour: number;
}

/** The formations below one grid, added up. */
export interface AreaRollUp {
  readonly gridId: string;
  readonly formations: number;
  readonly members: number;
  readonly fresh: number;
  readonly inHarbour: number;
  readonly stragglers: number;
  readonly dark: number;
  readonly splits: number;
  readonly outages: number;
}

export function rollUp(
  formations: readonly FormationView[],
  above: (gridId: string) => readonly string[],
): AreaRollUp[] {
  type Sum = { -readonly [K in keyof AreaRollUp]: AreaRollUp[K] };
  const sums = new Map<string, Sum>();
  for (const f of formations)
    for (const gridId of above(f.gridId)) {
      const sum = sums.get(gridId) ?? {
        gridId, formations: 0, members: 0, fresh: 0, inHarbour: 0, stragglers: 0, dark: 0, splits: 0, outages: 0 }; // prettier-ignore
      sum.formations++;
      sum.members += f.members;
      sum.fresh += f.fresh;
      sum.inHarbour += f.inHarbour;
      sum.stragglers += f.stragglers.length;
      sum.dark += f.dark.length;
      sum.splits += f.split ? 1 : 0;
      sum.outages += f.outage ? 1 : 0;
      sums.set(gridId, sum);
    }
  return [...sums.values()];
}

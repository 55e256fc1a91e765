import type { RuleCounters } from "../rule-counts.ts";
import type { AreaRule } from "./area-rule.ts";

/** What this room needs of a grid set. */
export interface AreaGrids {
  path(id: string): readonly { readonly id: string; readonly level: string }[];
  locate(lon: number, lat: number): { readonly gridId: string | null };
  /** undefined = no such grid now; without this method every grid is one that exists */
  get?(id: string): unknown;
}

export interface AreaOptions {
  readonly rules: readonly AreaRule[];
  readonly grids: AreaGrids;
  readonly durationScale: number;
  /** readings older than this are none of a rule that joins devices, ms */
  readonly allowedLatenessMs: number;
  readonly counters: RuleCounters;
}

import type { SeaAttributes } from "../sea.ts";

/** Levels of the tree, coarse to fine; `formation` and `area` are the two shapes of a maritime grid. */
export const LEVELS = ["county", "town", "village", "grid", "micro_grid", "formation", "area"] as const;
export type GridLevel = (typeof LEVELS)[number];

/** integrated 综合, dedicated 专属 (park, market, port), maritime 海上. */
export const CATEGORIES = ["integrated", "dedicated", "maritime"] as const;
export type GridCategory = (typeof CATEGORIES)[number];

/** [longitude, latitude], degrees WGS84. */
export type Position = [number, number];
/** Closed: first and last position are equal; at least four positions. */
export type Ring = Position[];
/** The outer ring, then its holes. */
export type Polygon = Ring[];

export type GridGeometry =
  | { readonly type: "Polygon"; readonly coordinates: Polygon }
  | { readonly type: "MultiPolygon"; readonly coordinates: Polygon[] };

/** A boat of a formation (编组). No owner and no crew: no personal data enters the hub. */
export interface FormationMember {
  readonly mmsi: number;
  readonly name: string;
  /** free text of the registry, e.g. `lead`, `catcher`, `carrier`; "" where not given */
  readonly role: string;
  /** trawl, gillnet, carrier ...: closed areas ask for it; absent = unknown */
  readonly gear?: string;
  /** member from (included) and to (excluded), ms UTC; absent = always */
  readonly from?: number;
  readonly to?: number;
}

/** One cell of the tree, as imported: checked, closed rings, WGS84. */
export interface Grid {
  readonly id: string;
  readonly name: string;
  readonly level: GridLevel;
  readonly category: GridCategory;
  readonly parent: string | null;
  /**
   * Codes of other systems, e.g. `cj349`, `stat`: kept and handed on. Two are words of ours: `site` (see GridSet.siteOf) and
   * `use`, what a cell at sea is for (fishing, aquaculture, transport, harbour ...).
   */
  readonly codes: Readonly<Record<string, string>>;
  /** invented for demonstration: shown as such */
  readonly synthetic: boolean;
  /** null for a formation, which moves */
  readonly geometry: GridGeometry | null;
  readonly members: readonly FormationMember[];
  /** what it says about itself at sea: rule of its border, thresholds; absent = nothing */
  readonly sea?: SeaAttributes;
}

/** The polygons of a grid, whatever its geometry's type. */
export function polygonsOf(grid: Grid): readonly Polygon[] {
  if (grid.geometry === null) return [];
  return grid.geometry.type === "Polygon" ? [grid.geometry.coordinates] : grid.geometry.coordinates;
}

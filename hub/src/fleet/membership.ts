import type { SeaAttributes } from "../sea.ts";

/** [longitude, latitude] rings of a polygon, the outer one first; closed. */
export type AreaPolygon = readonly (readonly (readonly [number, number])[])[];

/** A grid at sea with a border that means something, or ports without one. */
export interface SeaArea {
  readonly id: string;
  readonly name: string;
  readonly rule: NonNullable<SeaAttributes["rule"]>;
  readonly polygons: readonly AreaPolygon[];
  readonly sea: SeaAttributes;
}

/** Which vessel fishes in which formation, and what the grids say: the registry's side. Implemented by the grid set. */
export interface FormationMembership {
  /** id of the formation grid, null for vessels of none */
  formationOf(mmsi: number): string | null;
  members(gridId: string): readonly number[];
  /** ids of all formation grids */
  formations(): readonly string[];
  /** the grids above, nearest first */
  above?(gridId: string): readonly string[];
  /** what a grid says about itself at sea */
  seaOf?(gridId: string): SeaAttributes | null;
  /** gear of a registered vessel (trawl, gillnet, carrier ...); "" where unknown */
  gearOf?(mmsi: number): string;
  areas?(): readonly SeaArea[];
  /** name of the area of the sea at a position, whether its border means something or not; null = none. degrees */
  areaAt?(lon: number, lat: number): string | null;
  /** the membership of another moment: those whose validity begins or has ended. @param now ms UTC */
  at?(now: number): FormationMembership;
  /** this membership is right until then, ms UTC */
  readonly until?: number;
}

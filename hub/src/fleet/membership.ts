/** Which vessel fishes in which formation: the registry's side of a formation grid. Implemented by the grid set. */
export interface FormationMembership {
  /** id of the formation grid, null for vessels of none */
  formationOf(mmsi: number): string | null;
  members(gridId: string): readonly number[];
  /** ids of all formation grids */
  formations(): readonly string[];
}

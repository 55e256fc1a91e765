import type { SeaAttributes } from "../sea.ts";
import type { ThresholdName } from "../sea-thresholds.ts";
import type { FormationMembership } from "./membership.ts";
import { type FleetOptions, type FleetSettings, fleetSettings, withThresholds } from "./options.ts";

/** The settings of every grid: the hub's, changed by what the grids above it say and then by itself. Made once a grid. */
export class Thresholds {
  readonly hub: FleetSettings;
  readonly #options: FleetOptions;
  readonly #made = new Map<string, FleetSettings>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.hub = fleetSettings(options);
  }

  /** The grids have changed. */
  forget(): void {
    this.#made.clear();
  }

  of(gridId: string | null, membership: FormationMembership): FleetSettings {
    if (gridId === null) return this.hub;
    const known = this.#made.get(gridId);
    if (known !== undefined) return known;
    const line = [gridId, ...(membership.above?.(gridId) ?? [])].reverse();
    const layers = line
      .map((id) => membership.seaOf?.(id)?.thresholds)
      .filter((layer): layer is NonNullable<SeaAttributes["thresholds"]> => layer !== undefined);
    const made = layers.length === 0 ? this.hub : withThresholds(this.#options, layers as Partial<Record<ThresholdName, number>>[]); // prettier-ignore
    this.#made.set(gridId, made);
    return made;
  }
}

import type { Device, Edge } from "../device.ts";
import type { GridSet } from "../grids/grid-set.ts";

/** The town that something belongs to; null = none. */
export class TownOf {
  readonly #grids: () => GridSet;
  #of: GridSet | null = null;
  #bySite = new Map<string, string>();
  #byGrid = new Map<string, string | null>();

  constructor(grids: () => GridSet) {
    this.#grids = grids;
  }

  /** Ids of all towns, in the order of the import. */
  towns(): string[] {
    return [...this.#grids().grids()].filter(({ level }) => level === "town").map(({ id }) => id);
  }

  grid(gridId: string | null): string | null {
    if (gridId === null) return null;
    this.#renew();
    let town = this.#byGrid.get(gridId);
    if (town === undefined) {
      town = this.#of?.path(gridId).findLast(({ level }) => level === "town")?.id ?? null;
      this.#byGrid.set(gridId, town);
    }
    return town;
  }

  /** Devices by their grid, else by their site. */
  device({ gridId, site }: Pick<Device, "gridId" | "site">): string | null {
    return this.grid(gridId) ?? this.site(site);
  }

  edge({ site }: Pick<Edge, "site">): string | null {
    return this.site(site);
  }

  site(site: string): string | null {
    this.#renew();
    return this.#bySite.get(site) ?? null;
  }

  #renew(): void {
    const set = this.#grids();
    if (set === this.#of) return;
    this.#of = set;
    this.#byGrid = new Map();
    this.#bySite = new Map();
    for (const town of this.towns()) this.#bySite.set(set.siteOf(town) ?? town, town);
  }
}

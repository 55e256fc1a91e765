import type { Device } from "../device.ts";
import type { GridSet } from "../grids/grid-set.ts";
import type { Registry } from "../registry/registry.ts";

/** Which grids an account sees: everything, or the subtrees of its roots. What lies on no grid is seen by nobody scoped. */
export class Scope {
  /** equal for equal rights on the same grids: what is computed for one account serves the next */
  readonly key: string;
  /** ids of grids; null = everything */
  readonly grids: ReadonlySet<string> | null;
  readonly #set: GridSet;

  constructor(roots: readonly string[], set: GridSet) {
    this.#set = set;
    this.key = roots.length === 0 ? "" : [...roots].sort().join("\n");
    this.grids = roots.length === 0 ? null : new Set(roots.flatMap((root) => [...set.subtree(root)]));
  }

  get everything(): boolean {
    return this.grids === null;
  }

  has(gridId: string | null): boolean {
    return this.grids === null || (gridId !== null && this.grids.has(gridId));
  }

  hasDevice(device: Device): boolean {
    return this.has(device.gridId);
  }

  /** An edge is seen with any of its devices. */
  hasEdge(key: string, registry: Registry): boolean {
    if (this.grids === null) return true;
    for (const device of registry.devicesOf(key).values()) if (this.hasDevice(device)) return true;
    return false;
  }

  /** A vessel is seen by its formation, or where it sails. @param formationId of the moment, where the fleet was asked */
  hasVessel(mmsi: number, lon: number, lat: number, formationId = this.#set.formationOf(mmsi)): boolean {
    if (this.grids === null) return true;
    return this.has(formationId) || this.has(this.#set.locateArea(lon, lat).gridId);
  }

  /** The visible part of a grid's subtree; without a grid all that is visible; null = no limit at all. */
  within(gridId: string | undefined): ReadonlySet<string> | null {
    if (gridId === undefined) return this.grids;
    const subtree = this.#set.subtree(gridId);
    return this.grids === null ? subtree : new Set([...subtree].filter((id) => this.has(id)));
  }

  /** Sites whose edges an account may create; null = any. */
  sites(): ReadonlySet<string> | null {
    if (this.grids === null) return null;
    const sites = new Set<string>();
    for (const id of this.grids) {
      const site = this.#set.siteOf(id);
      if (site !== null) sites.add(site);
    }
    return sites;
  }
}

/** Scopes by roots, made once for each version of the grids. */
export class Scopes {
  readonly #grids: () => GridSet;
  #made = new Map<string, Scope>();
  #of: GridSet | null = null;

  constructor(grids: () => GridSet) {
    this.#grids = grids;
  }

  of(roots: readonly string[]): Scope {
    const set = this.#grids();
    if (set !== this.#of || this.#made.size > 1000) {
      this.#made = new Map();
      this.#of = set;
    }
    const key = roots.join("\n");
    let scope = this.#made.get(key);
    if (scope === undefined) this.#made.set(key, (scope = new Scope(roots, set)));
    return scope;
  }
}

/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { GridInfo } from "../../../src/api/schema.ts";
import type { Api, Coast } from "../api.ts";
import { Loading } from "./loading.svelte.ts";

/** The grid tree and the coast under it; both change rarely. */
export class Grids {
  readonly loading = new Loading();
  items = $state.raw<GridInfo[]>([]);
  /** in force */
  version = $state(0);
  coast = $state.raw<Coast | null>(null);
  readonly byId = $derived(new Map(this.items.map((g) => [g.id, g])));
  readonly towns = $derived(this.items.filter((g) => g.level === "town"));
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      const [grids, coast] = await Promise.all([this.#api.grids(), this.#api.coast()]);
      this.items = grids.items;
      this.version = grids.version;
      this.coast = coast;
    });
  }

  /** Whether a grid lies in the subtree of `root`. */
  within(gridId: string | null, root: string): boolean {
    for (let id = gridId, depth = 0; id !== null && depth < 12; depth++) {
      if (id === root) return true;
      id = this.byId.get(id)?.parent ?? null;
    }
    return false;
  }

  townOf(gridId: string | null): GridInfo | null {
    for (let id = gridId, depth = 0; id !== null && depth < 12; depth++) {
      const grid = this.byId.get(id);
      if (grid?.level === "town") return grid;
      id = grid?.parent ?? null;
    }
    return null;
  }
}

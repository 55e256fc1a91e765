/* eslint-disable svelte/prefer-svelte-reactivity -- plain on purpose: what is published is $state.raw */
import type { FleetRollUp, FormationInfo, VesselInfo } from "../../../src/api/schema.ts";
import type { Api } from "../api.ts";
import type { Positions } from "../live.svelte.ts";
import { Loading } from "./loading.svelte.ts";

const TRAIL = 24;

/**
 * Vessels and formations. Positions are changed in place, once a second; what draws them watches `version`. Copying a thousand
 * objects a second for reactivity would cost more than drawing them.
 */
export class Vessels {
  readonly loading = new Loading();
  version = $state(0);
  formations = $state.raw<FormationInfo[]>([]);
  /** the formations below each grid, added up */
  areas = $state.raw<FleetRollUp[]>([]);
  readonly byMmsi = new Map<number, VesselInfo>();
  /** recent positions since the page was opened, oldest first: [lon, lat, lon, lat, ...] */
  readonly trails = new Map<number, number[]>();
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  load(): Promise<boolean> {
    return this.loading.run(async () => {
      const [vessels, formations] = await Promise.all([this.#api.vessels(), this.#api.formations()]);
      this.byMmsi.clear();
      this.trails.clear();
      // who has not told its name yet is known by its number
      for (const v of vessels.items) this.byMmsi.set(v.mmsi, v.name === "" ? { ...v, name: String(v.mmsi) } : v);
      this.#take(formations);
      this.version++;
    });
  }

  async loadFormations(): Promise<void> {
    this.#take(await this.#api.formations());
  }

  #take({ items, areas }: { items: FormationInfo[]; areas: FleetRollUp[] }): void {
    this.formations = items;
    this.areas = areas;
  }

  move(p: Positions): void {
    for (const [mmsi, lon, lat, cog, sog] of p.v) {
      const v = this.byMmsi.get(mmsi);
      if (v === undefined) continue;
      const trail = this.trails.get(mmsi) ?? [];
      trail.push(v.lon, v.lat);
      if (trail.length > TRAIL * 2) trail.splice(0, 2);
      this.trails.set(mmsi, trail);
      Object.assign(v, { lon, lat, cog, sog, ts: p.ts, freshness: "fresh" });
    }
    this.version++;
  }
}

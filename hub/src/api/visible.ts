import type { VesselView } from "../fleet/fleet.ts";
import type { Registry } from "../registry/registry.ts";
import type { ApiContext } from "./context.ts";
import type { Scope } from "./scope.ts";

/** Keys of the edges that an account sees. */
export function visibleEdges(scope: Scope, registry: Registry): string[] {
  const keys: string[] = [];
  for (const { key } of registry.edges()) if (scope.hasEdge(key, registry)) keys.push(key);
  return keys;
}

export function visibleVessels(scope: Scope, { fleet }: Pick<ApiContext, "fleet">, now: number): VesselView[] {
  const vessels: VesselView[] = [];
  for (const vessel of fleet.vessels(now)) {
    if (scope.everything || scope.hasVessel(vessel.mmsi, vessel.lon, vessel.lat)) vessels.push(vessel);
  }
  return vessels;
}

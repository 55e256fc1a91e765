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

/** A device that speaks the contract itself is an edge with one device of its own name: it is counted as a device, not as a gateway. */
export function carriesOthers(key: string, registry: Registry): boolean {
  const devices = registry.devicesOf(key);
  return devices.size !== 1 || !devices.has(key.slice(key.indexOf("/") + 1));
}

export function visibleVessels(scope: Scope, { fleet }: Pick<ApiContext, "fleet">, now: number): VesselView[] {
  const vessels: VesselView[] = [];
  for (const vessel of fleet.vessels(now)) {
    if (scope.everything || scope.hasVessel(vessel.mmsi, vessel.lon, vessel.lat, vessel.formationId))
      vessels.push(vessel);
  }
  return vessels;
}

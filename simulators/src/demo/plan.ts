import { createRandom } from "../random.ts";
import type { World } from "../world.ts";
import { ringsOf, round6, type GridFeature } from "../world/feature.ts";
import { shortName } from "../world/land.ts";
import { area, innerPoint } from "../world/polygon.ts";

export type DeviceKind = "hydrant" | "flood_gauge" | "camera" | "ais_receiver";

export interface Placement {
  /** `<site>/<name>` */
  readonly uid: string;
  readonly site: string;
  readonly name: string;
  readonly kind: DeviceKind;
  /** `maker/model`; the hub takes the newest that it has */
  readonly profile: string;
  readonly title: string;
  readonly lon: number;
  readonly lat: number;
  /** the micro-grid that it stands in */
  readonly gridId: string;
  /** `<site>/<edge>` of the agent that it hangs on; null = it speaks MQTT itself */
  readonly agent: string | null;
}

export interface AgentPlan {
  /** `<site>/<edge>` */
  readonly key: string;
  readonly site: string;
  readonly edge: string;
  readonly title: string;
}

export interface Plan {
  readonly agents: readonly AgentPlan[];
  readonly devices: readonly Placement[];
}

export const ONVIF_CAMERA = "onvif/camera";

/** Town, devices behind an agent, devices that speak for themselves. */
const TOWNS: readonly {
  code: string;
  agent?: string;
  hydrants: number;
  gauges: number;
  cameras?: number;
  ais?: true;
}[] = [
  { code: "330922100", agent: "room", hydrants: 8, gauges: 3, cameras: 2 },
  { code: "330922202", agent: "pier", hydrants: 4, gauges: 2 },
  { code: "330922101", agent: "coast-station", hydrants: 0, gauges: 0, ais: true },
  { code: "330922200", hydrants: 4, gauges: 1 },
  { code: "330922201", hydrants: 3, gauges: 1 },
  { code: "330922102", hydrants: 5, gauges: 2 },
  { code: "330922203", hydrants: 2, gauges: 1 },
];

/** Which devices stand where, and who carries their words. Every device stands inside a micro-grid of its town. */
export function planDevices(world: World, vision: boolean): Plan {
  const agents: AgentPlan[] = [];
  const devices: Placement[] = [];
  for (const town of TOWNS) {
    const place = world.towns.find((t) => t.code === town.code);
    if (place === undefined) continue;
    const label = shortName(place);
    const key = town.agent === undefined ? null : `${town.code}/${town.agent}`;
    if (town.agent !== undefined && key !== null)
      agents.push({ key, site: town.code, edge: town.agent, title: `${label} 边缘节点` });
    const spots = microGrids(world, town.code);
    const add = (kind: DeviceKind, prefix: string, title: string, count: number): void => {
      for (let i = 1; i <= count; i++) {
        const grid = spots.shift();
        if (grid === undefined) return;
        const [lon, lat] = innerPoint(largestRing(grid));
        const name = `${prefix}-${String(i).padStart(2, "0")}`;
        devices.push({
          uid: `${town.code}/${name}`,
          site: town.code,
          name,
          kind,
          profile: profileOf(kind, i),
          title: `${label} ${title} ${i} 号`,
          lon: round6(lon),
          lat: round6(lat),
          gridId: grid.id,
          agent: key,
        });
      }
    };
    add("hydrant", "hyd", "消火栓", town.hydrants);
    add("flood_gauge", "flood", "水位计", town.gauges);
    add("camera", "cam", "摄像机", vision ? (town.cameras ?? 0) : 0);
    if (town.ais) add("ais_receiver", "ais", "AIS 岸站", 1);
  }
  return { agents, devices };
}

/** Profiles of the devices that scenarios act on. The first camera of a town is found by ONVIF, the others by their address. */
function profileOf(kind: DeviceKind, serial: number): string {
  if (kind === "camera") return serial === 1 ? ONVIF_CAMERA : "generic/camera-snapshot";
  return {
    hydrant: "generic/hydrant-nb",
    flood_gauge: "generic/flood-gauge-json",
    ais_receiver: "generic/ais-receiver",
  }[kind];
}

/** Micro-grids of a town in a seeded order. */
function microGrids(world: World, town: string): GridFeature[] {
  const random = createRandom(`${world.seed}/devices/${town}`);
  const own = world.features.filter((f) => f.properties.level === "micro_grid" && f.id.startsWith(`${town}-`));
  return own
    .map((f) => ({ f, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ f }) => f);
}

function largestRing(feature: GridFeature): ReturnType<typeof ringsOf>[number] {
  return ringsOf(feature.geometry).reduce((best, ring) => (area(ring) > area(best) ? ring : best));
}

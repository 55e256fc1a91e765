import type { World } from "../world.ts";
import { round6 } from "../world/feature.ts";
import { shortName } from "../world/land.ts";
import { innerPoint } from "../world/polygon.ts";
import { largestRing, microGrids, villageOf } from "./places.ts";
import { planTownship } from "./township.ts";

export type DeviceKind = "hydrant" | "flood_gauge" | "pressure_sensor" | "camera" | "ais_receiver";

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
  /** `<site>/<edge>` of the agent that it hangs on; null = no agent */
  readonly agent: string | null;
  /** `<site>/<edge>` of its village gateway; null with no agent either = it speaks MQTT itself */
  readonly gateway: string | null;
  /** time between two reports, ms */
  readonly everyMs: number;
  /** what is wrong with it from the start, see troubles.ts; no incident is played there */
  readonly trouble: "late" | "flapping" | "fault" | null;
}

export interface EdgePlan {
  /** `<site>/<edge>` */
  readonly key: string;
  readonly site: string;
  readonly edge: string;
  readonly title: string;
}

export interface Plan {
  /** edge agents, each a process */
  readonly agents: readonly EdgePlan[];
  /** gateways that speak the contract themselves and carry many devices each */
  readonly gateways: readonly EdgePlan[];
  readonly devices: readonly Placement[];
}

export const ONVIF_CAMERA = "onvif/camera";
/** One report a device in this time where incidents are judged: short, so that a hold of seconds sees several. */
const REPORT_EVERY_MS = 2000;

/** Town, devices behind an agent, devices that speak for themselves; and how many devices there are in all. */
const TOWNS: readonly {
  code: string;
  agent?: string;
  hydrants: number;
  gauges: number;
  cameras?: number;
  ais?: true;
  total: number;
}[] = [
  { code: "330922100", agent: "room", hydrants: 8, gauges: 3, cameras: 2, total: 260 },
  { code: "330922202", agent: "pier", hydrants: 4, gauges: 2, total: 39 },
  { code: "330922101", agent: "coast-station", hydrants: 0, gauges: 0, ais: true, total: 88 },
  { code: "330922200", hydrants: 4, gauges: 1, total: 50 },
  { code: "330922201", hydrants: 3, gauges: 1, total: 41 },
  { code: "330922102", hydrants: 5, gauges: 2, total: 103 },
  { code: "330922203", hydrants: 2, gauges: 1, total: 19 },
];

/** Which devices stand where, and who carries their words. Every device stands inside a micro-grid of its town. */
export function planDevices(world: World, vision: boolean): Plan {
  const agents: EdgePlan[] = [];
  const gateways: EdgePlan[] = [];
  const judged: Placement[] = [];
  const crowd: Placement[] = [];
  for (const town of TOWNS) {
    const place = world.towns.find((t) => t.code === town.code);
    if (place === undefined) continue;
    const key = town.agent === undefined ? null : `${town.code}/${town.agent}`;
    if (town.agent !== undefined && key !== null)
      agents.push({ key, site: town.code, edge: town.agent, title: `${shortName(place)} 边缘节点` });
    const spots = microGrids(world, town.code);
    const own: Placement[] = [];
    const add = (kind: DeviceKind, prefix: string, title: string, count: number): void => {
      for (let i = 1; i <= count; i++) {
        const grid = spots.shift();
        if (grid === undefined) return;
        const [lon, lat] = innerPoint(largestRing(grid));
        const name = `${prefix}-${String(i).padStart(2, "0")}`;
        own.push({
          uid: `${town.code}/${name}`,
          site: town.code,
          name,
          kind,
          profile: profileOf(kind, i),
          title: `${villageOf(world, grid)} ${title} ${i} 号`,
          lon: round6(lon),
          lat: round6(lat),
          gridId: grid.id,
          agent: key,
          gateway: null,
          everyMs: REPORT_EVERY_MS,
          trouble: null,
        });
      }
    };
    add("hydrant", "hyd", "消火栓", town.hydrants);
    add("flood_gauge", "flood", "水位计", town.gauges);
    add("camera", "cam", "摄像机", vision ? (town.cameras ?? 0) : 0);
    if (town.ais) add("ais_receiver", "ais", "AIS 岸站", 1);
    judged.push(...own);
    const township = planTownship(world, place, own, town.total - own.length);
    gateways.push(...township.gateways);
    crowd.push(...township.devices);
  }
  return { agents, gateways, devices: [...judged, ...crowd] };
}

/** Profiles of the devices that scenarios act on. The first camera of a town is found by ONVIF, the others by their address. */
function profileOf(kind: DeviceKind, serial: number): string {
  switch (kind) {
    case "hydrant":
      return "generic/hydrant-nb";
    case "flood_gauge":
      return "generic/flood-gauge-json";
    case "pressure_sensor":
      return "ellenex/pts2-l";
    case "camera":
      return serial === 1 ? ONVIF_CAMERA : "generic/camera-snapshot";
    case "ais_receiver":
      return "generic/ais-receiver";
  }
}

import { createRandom } from "../random.ts";
import type { World } from "../world.ts";
import type { Town } from "../world/coast.ts";
import { round6, type GridFeature } from "../world/feature.ts";
import { shareOut, shortName } from "../world/land.ts";
import { Places, villageOf } from "./places.ts";
import type { DeviceKind, EdgePlan, Placement } from "./plan.ts";

/** A device type of the field around the judged devices: how common, and how often it reports at a fortieth of its expectation. */
interface Type {
  readonly profile: string;
  readonly kind: DeviceKind;
  readonly prefix: string;
  readonly title: string;
  /** of a hundred devices */
  readonly share: number;
  readonly everyMs: number;
}

/** Expectation of the profile / 40, and a little more often where the profile is impatient. */
const TYPES: readonly Type[] = [
  { profile: "generic/hydrant-nb", kind: "hydrant", prefix: "hn", title: "消火栓", share: 46, everyMs: 540_000 },
  { profile: "generic/hydrant-json", kind: "hydrant", prefix: "hj", title: "智能消火栓", share: 14, everyMs: 90_000 },
  { profile: "milesight/em500-swl", kind: "flood_gauge", prefix: "lp", title: "积水探头", share: 14, everyMs: 30_000 },
  { profile: "ellenex/pts2-l", kind: "pressure_sensor", prefix: "pt", title: "管网压力", share: 11, everyMs: 90_000 },
  { profile: "generic/flood-gauge-json", kind: "flood_gauge", prefix: "fg", title: "水位计", share: 8, everyMs: 6000 },
  { profile: "decentlab/dl-ctd10", kind: "flood_gauge", prefix: "ct", title: "水质水位计", share: 7, everyMs: 15_000 },
];
/** An NB-IoT hydrant that speaks MQTT itself; the ones with a bad radio are of this kind. */
const ALONE: Type = { ...TYPES[0], prefix: "nb" };

const DEVICES_OF_A_GATEWAY = 32;
/** Everything in a town beside the judged devices: gateways with many devices, and a few that are in trouble from the start. */
export function planTownship(
  world: World,
  town: Town,
  judged: readonly Placement[],
  count: number,
): { gateways: EdgePlan[]; devices: Placement[] } {
  const random = createRandom(`${world.seed}/township/${town.code}`);
  const place = new Places(world, town.code, judged, random);
  const lonely = Math.round(count / 45); // 13 of 600
  const counts = shareOut(
    TYPES.map((type) => type.share),
    count - lonely,
  );
  const gridOf = new Map<Placement, GridFeature>();
  const make = (type: Type, serial: number, trouble: Placement["trouble"]): Placement => {
    const { grid, at } = place.next();
    const name = `${type.prefix}-${String(serial).padStart(3, "0")}`;
    const { kind, profile, everyMs } = type;
    const placement: Placement = {
      uid: `${town.code}/${name}`,
      site: town.code,
      name,
      kind,
      profile,
      title: `${villageOf(world, grid)} ${type.title} ${String(serial).padStart(3, "0")}`,
      lon: round6(at[0]),
      lat: round6(at[1]),
      gridId: grid.id,
      agent: null,
      gateway: null,
      everyMs,
      trouble,
    };
    gridOf.set(placement, grid);
    return placement;
  };
  const alone = Array.from({ length: lonely }, (_, i) => make(ALONE, i + 1, i === 1 ? "flapping" : "late"));
  const carried = TYPES.flatMap((type, k) => Array.from({ length: counts[k] }, (_, i) => make(type, i + 1, null)));
  // A gateway serves neighbours: devices in the order of their grids, cut into equal parts.
  carried.sort((a, b) => (a.gridId < b.gridId ? -1 : a.gridId > b.gridId ? 1 : 0));
  const parts = Math.ceil(carried.length / DEVICES_OF_A_GATEWAY);
  const gateways: EdgePlan[] = [];
  const devices = carried.map((placement, i): Placement => {
    const part = Math.floor((i * parts) / carried.length);
    if (gateways.length === part) {
      const edge = `gw-${part + 1}`;
      const title = `${villageOf(world, gridOf.get(placement) as GridFeature)} 网关 ${shortName(town)} ${part + 1} 号`;
      gateways.push({ key: `${town.code}/${edge}`, site: town.code, edge, title });
    }
    return { ...placement, gateway: gateways[part].key };
  });
  const broken = count < 40 ? null : random.pick(devices.filter((d) => d.profile === ALONE.profile));
  return {
    gateways,
    devices: [...alone, ...devices.map((d) => (d === broken ? { ...d, trouble: "fault" as const } : d))],
  };
}

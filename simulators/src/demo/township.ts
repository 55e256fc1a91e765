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
/** One hydrant in this many devices speaks MQTT itself; the ones with a bad radio are of this kind. */
const ALONE_OF = 45;

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
  const counts = shareOut(
    TYPES.map((type) => type.share),
    count,
  );
  const gridOf = new Map<Placement, GridFeature>();
  const make = (type: Type, serial: number): Placement => {
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
      trouble: null,
    };
    gridOf.set(placement, grid);
    return placement;
  };
  const made = TYPES.flatMap((type, k) => Array.from({ length: counts[k] }, (_, i) => make(type, i + 1)));
  // Spread over the hydrants, so that what is wrong is not all in one place of a list.
  const hydrants = made.slice(0, counts[0]);
  const lonely = Math.round(count / ALONE_OF); // 12 of 600
  const alone = hydrants.filter((_, i) => (i * lonely + (hydrants.length >> 1)) % hydrants.length < lonely);
  const carried = made.filter((d) => !alone.includes(d));
  // A gateway serves neighbours: devices in the order of their grids, cut into equal parts.
  carried.sort((a, b) => (a.gridId < b.gridId ? -1 : a.gridId > b.gridId ? 1 : 0));
  const parts = Math.ceil(carried.length / DEVICES_OF_A_GATEWAY);
  const gateways: EdgePlan[] = [];
  const devices = carried.map((placement, i): Placement => {
    const part = Math.floor((i * parts) / carried.length);
    if (gateways.length === part) {
      const edge = `gw-${part + 1}`;
      const village = villageOf(world, gridOf.get(placement) as GridFeature);
      const title = `${shortName(town)} 网关 ${part + 1} 号 · ${village}`;
      gateways.push({ key: `${town.code}/${edge}`, site: town.code, edge, title });
    }
    return { ...placement, gateway: gateways[part].key };
  });
  const broken = count < 40 ? null : random.pick(devices.filter((d) => d.profile === TYPES[0].profile));
  return {
    gateways,
    devices: [
      ...alone.map((d, i): Placement => ({ ...d, trouble: i === 1 ? "flapping" : "late" })),
      ...devices.map((d): Placement => (d === broken ? { ...d, trouble: "fault" } : d)),
    ],
  };
}

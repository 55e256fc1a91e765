import type { Random } from "../random.ts";
import type { Town } from "./coast.ts";
import type { GridFeature, Member } from "./feature.ts";
import { shareOut, shortName } from "./land.ts";
import { contains, distanceToEdge, innerPoint, planeAt, type Point } from "./polygon.ts";
import type { WorkArea } from "./sea.ts";

export const FISHING_VESSELS = 1132;
export const FORMATIONS = 213;
export const CARRIERS = 36;

export type Gear = "trawl" | "stow_net" | "gill_net" | "trap" | "light_seine" | "line";
const GEAR_NAMES: Readonly<Record<Gear, string>> = {
  trawl: "拖网",
  stow_net: "帆张网",
  gill_net: "流刺网",
  trap: "蟹笼",
  light_seine: "灯光围网",
  line: "钓业",
};

export interface Vessel {
  readonly mmsi: number;
  /** as the registry writes it, e.g. `浙嵊渔 05213` */
  readonly name: string;
  /** as AIS carries it: six-bit letters, at most 20 */
  readonly aisName: string;
  readonly callsign: string;
  /** AIS class; small boats carry class B */
  readonly cls: "A" | "B";
  /** ITU-R M.1371 ship type: 30 fishing, 70 cargo */
  readonly shipType: number;
  /** metres */
  readonly length: number;
  readonly beam: number;
  readonly town: string;
  /** formation grid id; null for carriers */
  readonly formation: string | null;
}

export interface Formation {
  readonly id: string;
  readonly name: string;
  readonly gear: Gear;
  readonly area: WorkArea;
  /** middle of its working ground, degrees */
  readonly ground: Point;
  readonly vessels: readonly Vessel[];
}

/** The registered fleet: every fishing vessel is in one formation, every formation works in one area. */
export function buildFleet(
  areas: readonly WorkArea[],
  carrierTowns: readonly Town[],
  random: Random,
): { formations: Formation[]; carriers: Vessel[] } {
  const draw = random.fork("fleet");
  const registry = new Registry(draw);
  const perArea = shareOut(
    areas.map(() => draw.between(0.8, 1.2)),
    FORMATIONS,
  );
  const sizes = shareOut(
    Array.from({ length: FORMATIONS }, () => draw.between(0.75, 1.3)),
    FISHING_VESSELS,
  );
  const formations: Formation[] = [];
  const serials = new Map<string, number>();
  areas.forEach((area, i) => {
    for (const ground of grounds(area, perArea[i], random.fork(area.id))) {
      const gear = draw.pick([
        "trawl",
        "trawl",
        "trawl",
        "stow_net",
        "gill_net",
        "gill_net",
        "trap",
        "light_seine",
        "line",
      ] as const);
      const key = area.town.code + gear;
      const serial = (serials.get(key) ?? 0) + 1;
      serials.set(key, serial);
      const id = `m-form-${formations.length + 1}`;
      const name = `${shortName(area.town)} ${GEAR_NAMES[gear]} ${String(serial).padStart(2, "0")} 编组`;
      const vessels = Array.from({ length: sizes[formations.length] }, () => registry.fishing(area.town.code, id));
      formations.push({ id, name, gear, area, ground, vessels });
    }
  });
  const carriers = Array.from({ length: CARRIERS }, (_, i) =>
    registry.carrier(carrierTowns[i % carrierTowns.length].code),
  );
  return { formations, carriers };
}

/** A formation is a grid without a border: its members make it, its fishing area is its parent. */
export function formationFeature({ id, name, gear, area, vessels }: Formation): GridFeature {
  const members = vessels.map(({ mmsi, name }, i): Member => ({ mmsi, name, role: i === 0 ? "lead" : "member", gear }));
  const properties = {
    id,
    name,
    level: "formation",
    category: "maritime",
    parent: area.id,
    synthetic: true,
    members,
  } as const;
  return { type: "Feature", id, properties, geometry: null };
}

/** Well separated points inside an area: the best of many draws. */
function grounds(area: WorkArea, count: number, random: Random): Point[] {
  const plane = planeAt(area.ring[0][0], area.ring[0][1]);
  const ring = area.ring.map((p) => plane.toMetres(p));
  const xs = ring.map((p) => p[0]);
  const ys = ring.map((p) => p[1]);
  const chosen: Point[] = count === 1 ? [innerPoint(ring)] : [];
  while (chosen.length < count) {
    let best: { metres: number; at: Point } | null = null;
    for (let i = 0; i < 200; i++) {
      const at: Point = [
        random.between(Math.min(...xs), Math.max(...xs)),
        random.between(Math.min(...ys), Math.max(...ys)),
      ];
      if (!contains(ring, at)) continue;
      // Far from the other grounds and, counted double, from the border: the neighbour's boats are behind it.
      const metres = Math.min(
        ...chosen.map((p) => Math.hypot(p[0] - at[0], p[1] - at[1])),
        2 * distanceToEdge(ring, at),
      );
      if (best === null || metres > best.metres) best = { metres, at };
    }
    chosen.push(best?.at ?? innerPoint(ring));
  }
  return chosen.map((p) => plane.toDegrees(p));
}

/** Hands out numbers that are used once. MMSIs begin with 412 or 413 (China). */
class Registry {
  private readonly random: Random;
  private readonly mmsis = new Set<number>();
  private readonly hulls = new Set<number>();

  constructor(random: Random) {
    this.random = random;
  }

  fishing(town: string, formation: string): Vessel {
    const hull = this.unused(this.hulls, 2000, 9899);
    const number = String(hull).padStart(5, "0");
    const large = this.random.chance(0.2);
    return {
      mmsi: this.mmsi(412),
      name: `浙嵊渔 ${number}`,
      aisName: `ZHESHENGYU${number}`,
      callsign: `BP${number.slice(1)}`,
      cls: large ? "A" : "B",
      shipType: 30,
      length: large ? this.random.int(34, 52) : this.random.int(16, 34),
      beam: large ? this.random.int(6, 9) : this.random.int(4, 6),
      town,
      formation,
    };
  }

  carrier(town: string): Vessel {
    const number = String(this.unused(this.hulls, 9900, 9999)).padStart(5, "0");
    return {
      mmsi: this.mmsi(413),
      name: `浙嵊渔运 ${number}`,
      aisName: `ZHESHENGYUYUN${number}`,
      callsign: `BT${number.slice(1)}`,
      cls: "A",
      shipType: 70,
      length: this.random.int(45, 96),
      beam: this.random.int(8, 15),
      town,
      formation: null,
    };
  }

  private mmsi(country: number): number {
    return this.unused(this.mmsis, country * 1e6 + 200_000, country * 1e6 + 499_999);
  }

  private unused(taken: Set<number>, from: number, to: number): number {
    for (;;) {
      const n = this.random.int(from, to);
      if (taken.has(n)) continue;
      taken.add(n);
      return n;
    }
  }
}

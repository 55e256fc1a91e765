import type { DeviceInfo, EdgeInfo, FleetRollUp, FormationInfo, GridInfo, VesselInfo } from "../../src/api/schema.ts";
import { cell, type Island, islands, type Point, randomInside } from "./coast.ts";
import { pick, seeded } from "./random.ts";

// The development world: invented devices, grids and vessels on the real outline of the islands.

export const COUNTY = "330922";
export const TOWNS: readonly [code: string, name: string, site: string, grids: number, devices: number][] = [
  ["330922100", "菜园镇", "caiyuan", 26, 246],
  ["330922101", "嵊山镇", "shengshan", 10, 92],
  ["330922102", "洋山镇", "yangshan", 14, 108],
  ["330922200", "五龙乡", "wulong", 9, 56],
  ["330922201", "黄龙乡", "huanglong", 8, 44],
  ["330922202", "枸杞乡", "gouqi", 7, 40],
  ["330922203", "花鸟乡", "huaniao", 3, 22],
];
export const KINDS: readonly [kind: string, title: string, profile: string, weight: number][] = [
  ["hydrant", "消火栓", "generic/hydrant-nb@1.2.0", 46],
  ["camera", "摄像头", "onvif/camera@1.0.0", 28],
  ["flood_gauge", "水位计", "sl651/level-rain@1.1.0", 14],
  ["smoke_detector", "烟感", "generic/smoke-lora@1.0.0", 9],
  ["ais_receiver", "AIS 接收站", "generic/ais-receiver@1.0.0", 3],
];
const PLACES = [
  "沙河路口",
  "海滨路",
  "中心渔港",
  "东海社区",
  "菜圃",
  "高场湾",
  "黄沙村",
  "金平",
  "关岙",
  "田岙",
  "码头",
  "老街",
];
const HOUR = 3_600_000;

export interface MockVessel extends VesselInfo {
  course: number;
  speed: number;
}
export interface World {
  readonly coast: { type: "FeatureCollection"; attribution: string; features: unknown[] };
  readonly grids: GridInfo[];
  readonly devices: DeviceInfo[];
  readonly edges: EdgeInfo[];
  readonly vessels: MockVessel[];
  formations(): FormationInfo[];
  /** the formations below each town, added up */
  rollUp(): FleetRollUp[];
}

export function makeWorld(seed: number, now: number): World {
  const random = seeded(seed);
  const land = islands();
  const grids: GridInfo[] = [gridOf(COUNTY, "嵊泗县", "county", null, null)];
  for (const [code, name] of TOWNS) grids.push(gridOf(code, name, "town", COUNTY, null));
  for (const [code, name, , count] of TOWNS) grids.push(...cellsOf(code, name, count, land.items, random));
  const { vessels, formations } = fleet(random, now, grids);
  const { devices, edges } = fieldDevices(random, now, grids);
  return {
    coast: {
      type: "FeatureCollection",
      attribution: land.attribution,
      features: land.items.map((i) => ({
        type: "Feature",
        properties: { name: i.name, town: i.town },
        geometry: { type: "Polygon", coordinates: [i.ring] },
      })),
    },
    grids,
    devices,
    edges,
    vessels,
    formations: () => formations.map((f) => measure(f, vessels)),
    rollUp: () =>
      rollUp(
        formations.map((f) => measure(f, vessels)),
        grids,
      ),
  };
}

function gridOf(
  id: string,
  name: string,
  level: string,
  parent: string | null,
  ring: Point[] | null,
  category = "integrated",
  members = 0,
): GridInfo {
  const geometry = ring === null ? null : { type: "Polygon", coordinates: [ring] };
  return { id, name, level, category, parent, members, geometry };
}

/** The islands of a town; the largest island is shared by two towns, split here by longitude for display only. */
function cellsOf(code: string, name: string, count: number, all: Island[], random: () => number): GridInfo[] {
  const own =
    code === "330922200"
      ? all.filter((i) => i.name === "泗礁山" || i.name === "甲岛")
      : all.filter((i) => i.town === code);
  const area = (i: Island) => {
    const xs = i.ring.map((p) => p[0]);
    const ys = i.ring.map((p) => p[1]);
    return (Math.max(...xs) - Math.min(...xs)) * (Math.max(...ys) - Math.min(...ys));
  };
  const sorted = [...own].sort((a, b) => area(b) - area(a)).slice(0, count);
  const sum = sorted.reduce((s, i) => s + area(i), 0);
  const out: GridInfo[] = [];
  for (const island of sorted) {
    const n = Math.max(1, Math.round((count * area(island)) / sum));
    const seeds: Point[] = [];
    const total = ["泗礁山", "甲岛"].includes(island.name) ? 26 : n;
    const grow = seeded(island.ring.length * 7919 + 3);
    for (let i = 0; i < total; i++) {
      const tries = Array.from({ length: 12 }, () => randomInside(island.ring, grow));
      const gap = (p: Point) => Math.min(9, ...seeds.map((s) => (s[0] - p[0]) ** 2 + (s[1] - p[1]) ** 2));
      seeds.push(tries.reduce((best, p) => (gap(p) > gap(best) ? p : best)));
    }
    seeds.forEach((s, i) => {
      const east = s[0] > 122.487;
      if (total !== n || island.town === "330922100") if (total === 26 && east !== (code === "330922200")) return;
      const ring = cell(island.ring, seeds, i);
      const serial = String(out.length + 1).padStart(2, "0");
      if (ring.length > 3)
        out.push(gridOf(`${code}${serial}`, `${name.slice(0, 2)} ${serial} 网格`, "grid", code, ring));
    });
  }
  void random;
  return out;
}

function fieldDevices(
  random: () => number,
  now: number,
  grids: GridInfo[],
): { devices: DeviceInfo[]; edges: EdgeInfo[] } {
  const devices: DeviceInfo[] = [];
  const edges: EdgeInfo[] = [];
  for (const [code, town, site, , count] of TOWNS) {
    const cells = grids.filter((g) => g.parent === code && g.level === "grid");
    const edgeCount = Math.max(2, Math.round(count / 28));
    for (let e = 1; e <= edgeCount; e++) {
      const key = `${site}/edge-${String(e).padStart(2, "0")}`;
      const down = site === "wulong" && e === 2;
      edges.push({
        key,
        title: `网关 E-${String(e).padStart(2, "0")} · ${pick(random, PLACES)}`,
        health: down ? "offline" : "online",
        healthReason: down ? "lwt" : "",
        healthSince: now - (down ? 44 * 60_000 : 9 * 24 * HOUR),
        devices: 0,
        agent: random() < 0.8 ? "0.1.0" : "0.0.9",
        queue: down ? 3182 : Math.floor(random() ** 6 * 400),
        oldest: down ? now - 44 * 60_000 : now - Math.floor(random() * 4000),
        solo: false,
        lostRecords: random() < 0.06 ? Math.floor(random() * 40) : 0,
      });
    }
    for (let i = 1; i <= count; i++) {
      let roll = random() * 100;
      const kind = KINDS.find((k) => (roll -= k[3]) < 0) ?? KINDS[0]!;
      const grid = pick(random, cells);
      const ring = (grid.geometry as { coordinates: Point[][] }).coordinates[0]!;
      const [lon, lat] = randomInside(ring, random);
      const edge = edges[edges.length - 1 - Math.floor(random() * edgeCount)]!;
      edge.devices++;
      const luck = random();
      const lost = edge.health === "offline";
      const health = lost
        ? "unknown"
        : luck < 0.018
          ? "offline"
          : luck < 0.042
            ? "late"
            : luck < 0.049
              ? "flapping"
              : "online";
      const reason = {
        online: "",
        unknown: "edge_offline",
        offline: kind[0] === "camera" ? "source_auth" : "expected",
        late: "expected",
        flapping: "flapping",
      }[health];
      devices.push({
        uid: `${site}/${kind[0]}-${String(i).padStart(4, "0")}`,
        title: `${kind[1]} ${pick(random, PLACES)} ${String(i).padStart(4, "0")}`,
        kind: kind[0],
        profile: kind[2],
        site,
        edge: edge.key,
        gridId: grid.id,
        gridPath: ["嵊泗县", town, grid.name],
        lon,
        lat,
        health,
        healthReason: reason,
        healthSince: now - Math.floor(health === "online" ? random() * 20 * 24 * HOUR : (0.1 + random() * 6) * HOUR),
        lastSeen: now - Math.floor(health === "online" ? random() * 5 * 60_000 : (0.2 + random() * 7) * HOUR),
      });
    }
  }
  return { devices, edges };
}

function fleet(
  random: () => number,
  now: number,
  grids: GridInfo[],
): { vessels: MockVessel[]; formations: FormationInfo[] } {
  const gear = ["蟹笼", "拖网", "流刺", "张网", "钓船"];
  const vessels: MockVessel[] = [];
  const formations: FormationInfo[] = [];
  for (let f = 0; f < 213; f++) {
    const town = TOWNS[f % 7]!;
    const id = `m-${String(f + 1).padStart(3, "0")}`;
    const name = `${town[1].slice(0, 2)} · ${gear[f % 5]} ${String(Math.floor(f / 7) + 1).padStart(2, "0")} 编组`;
    const members = f < 103 ? 6 : 5;
    const centre: Point = [121.98 + random() * 1.15, 30.44 + random() * 0.58];
    const course = random() * 360;
    const speed = random() < 0.15 ? 0.1 : 2.5 + random() * 5;
    grids.push(gridOf(id, name, "formation", town[0], null, "maritime", members));
    formations.push({
      gridId: id,
      name,
      parentName: town[1],
      members,
      fresh: 0,
      lon: null,
      lat: null,
      spreadNm: null,
      farthestNm: null,
      stragglers: [],
      split: false,
      outage: false,
      dark: [],
      inHarbour: 0,
    });
    for (let m = 0; m < members; m++) {
      const far = f % 29 === 4 && m === 0 ? 0.06 : f === 7 && m < 2 ? 0.07 : 0;
      const luck = random();
      const freshness = luck < 0.95 ? "fresh" : luck < 0.97 ? "late" : luck < 0.985 ? "stale" : "lost";
      const dark = freshness === "lost" && m % 3 === 0;
      vessels.push({
        mmsi: 412_400_000 + f * 10 + m,
        name: `浙嵊渔 ${String(5000 + f * 10 + m).padStart(5, "0")}`,
        formationId: id,
        lon: centre[0] + (random() - 0.5) * 0.024 + far,
        lat: centre[1] + (random() - 0.5) * 0.02 - far * 0.6,
        sog: speed,
        cog: course,
        heading: course,
        ts: now - Math.floor(random() * 40_000) - (dark ? 52 * 60_000 : 0),
        freshness,
        state: dark ? "dark" : freshness,
        inHarbour: speed < 0.5 && f % 3 === 0 ? "h-1" : null,
        areas: [],
        flags: [],
        course: (course + (random() - 0.5) * 24 + 360) % 360,
        speed,
      });
    }
  }
  for (let k = 0; k < 2; k++) {
    vessels.push({
      mmsi: 413_900_000 + k,
      name: `浙嵊运 ${String(36 + k)}`,
      formationId: null,
      lon: 122.3 + k * 0.1,
      lat: 30.6,
      sog: 9,
      cog: 80,
      heading: 80,
      ts: now,
      freshness: "fresh",
      state: "fresh",
      inHarbour: null,
      areas: [],
      flags: [],
      course: 80,
      speed: 9,
    });
  }
  for (const [id, name, lon, lat] of [
    ["a-1", "枸杞贻贝养殖 A3", 122.71, 30.735],
    ["a-2", "嵊山网箱 B1", 122.84, 30.685],
  ] as const) {
    const ring: Point[] = [
      [lon, lat],
      [lon + 0.035, lat],
      [lon + 0.035, lat - 0.026],
      [lon, lat - 0.026],
      [lon, lat],
    ];
    grids.push(gridOf(id, name, "area", "330922202", ring, "maritime"));
  }
  return { vessels, formations };
}

function rollUp(formations: readonly FormationInfo[], grids: readonly GridInfo[]): FleetRollUp[] {
  return TOWNS.map(([gridId, name]) => {
    const own = formations.filter((f) => grids.some((g) => g.id === f.gridId && g.parent === gridId));
    const sum = (of: (f: FormationInfo) => number) => own.reduce((n, f) => n + of(f), 0);
    return {
      gridId,
      name,
      formations: own.length,
      members: sum((f) => f.members),
      fresh: sum((f) => f.fresh),
      inHarbour: sum((f) => f.inHarbour),
      stragglers: sum((f) => f.stragglers.length),
      dark: sum((f) => f.dark.length),
      splits: sum((f) => Number(f.split)),
      outages: sum((f) => Number(f.outage)),
    };
  });
}

function measure(f: FormationInfo, vessels: MockVessel[]): FormationInfo {
  const own = vessels.filter((v) => v.formationId === f.gridId && v.freshness === "fresh");
  const median = (xs: number[]) => xs.sort((a, b) => a - b)[xs.length >> 1] ?? null;
  const lon = median(own.map((v) => v.lon));
  const lat = median(own.map((v) => v.lat));
  if (lon === null || lat === null) return f;
  const nm = (v: VesselInfo) => Math.hypot((v.lon - lon) * Math.cos((lat * Math.PI) / 180), v.lat - lat) * 60;
  const all = own.map(nm);
  return {
    ...f,
    fresh: own.length,
    lon,
    lat,
    spreadNm: median([...all]),
    farthestNm: Math.max(...all),
    dark: vessels.filter((v) => v.formationId === f.gridId && v.state === "dark").map((v) => v.mmsi),
    // the eighth broke in two, the twelfth's link is out
    stragglers: f.gridId === "m-008" ? [] : own.filter((v) => nm(v) > 2).map((v) => v.mmsi),
    split: f.gridId === "m-008",
    outage: f.gridId === "m-012",
    inHarbour: vessels.filter((v) => v.formationId === f.gridId && v.inHarbour !== null).length,
  };
}

/** Moves every vessel by `seconds`; returns those that moved. */
export function sail(vessels: MockVessel[], seconds: number, now: number): MockVessel[] {
  const moved: MockVessel[] = [];
  for (const v of vessels) {
    if (v.freshness !== "fresh" || v.speed < 0.5) continue;
    const nm = (v.speed * seconds) / 3600;
    v.lat += (nm / 60) * Math.cos((v.course * Math.PI) / 180);
    v.lon += ((nm / 60) * Math.sin((v.course * Math.PI) / 180)) / Math.cos((v.lat * Math.PI) / 180);
    v.cog = v.course;
    v.ts = now;
    moved.push(v);
  }
  return moved;
}

import type {
  AvailabilityInfo,
  AvailabilityReport,
  BatteryReport,
  EventReport,
  EventStatistics,
  Nearby,
  NearThing,
} from "../../src/api/reports-schema.ts";
import type { DeviceInfo, EventDetail, EventInfo } from "../../src/api/schema.ts";
import { seeded } from "./random.ts";
import type { World } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ZONE = "Asia/Shanghai";

/** Reports with figures that are invented, but of the size that they have. */
export function reportAnswer(world: World, events: readonly EventInfo[], what: string, q: URLSearchParams): object {
  const to = Number(q.get("to")) || Date.now();
  const from = Number(q.get("from")) || to - 30 * DAY;
  const by = q.get("by") ?? "device";
  if (what === "availability") return availability(world, by, from, to, q);
  if (what === "events") return statistics(events, by, from, to);
  return batteries(world);
}

function availability(world: World, by: string, from: number, to: number, q: URLSearchParams): AvailabilityReport {
  const named = new Map(world.grids.map((g) => [g.id, g.name]));
  const key = (d: DeviceInfo) => {
    if (by === "device") return [d.uid, d.title, d.gridPath.slice(1).join(" / ")];
    if (by === "grid") return [d.gridId ?? "", named.get(d.gridId ?? "") ?? "", d.gridPath.slice(1, -1).join(" / ")];
    if (by === "town") return [d.gridPath[1] ?? "", d.gridPath[1] ?? "", ""];
    if (by === "kind") return [d.kind, d.kind, ""];
    if (by === "edge") return [d.edge, d.edge, d.site];
    if (by === "profile") return [d.profile, d.profile, ""];
    return by === "maker" ? [d.profile.split("/")[0], d.profile.split("/")[0], ""] : [d.site, d.site, ""];
  };
  const groups = new Map<string, AvailabilityInfo>();
  const total = row("", "", "");
  const random = seeded(7);
  for (const device of world.devices) {
    const [id, title, place] = key(device);
    const group = groups.get(id) ?? row(id, title, place);
    groups.set(id, group);
    if (by === "device") group.health = device.health;
    const outages = device.health === "offline" ? 1 + Math.floor(random() * 5) : random() < 0.1 ? 1 : 0;
    const down = outages * (0.5 + 9 * random()) * HOUR;
    for (const each of [group, total]) {
      each.subjects++;
      if (device.health === "unknown") continue;
      each.judged++;
      each.upMs += to - from - down;
      each.downMs += down;
      each.edgeMs += random() < 0.2 ? 2 * HOUR : 0;
      each.outages += outages;
      each.flaps += device.health === "flapping" ? 3 : 0;
      each.longestMs = Math.max(each.longestMs, outages === 0 ? 0 : down / outages);
    }
  }
  const all = [...groups.values(), total].map((each) => {
    const judged = each.judged > 0;
    each.availability = judged ? each.upMs / (each.upMs + each.downMs) : null;
    each.reach = judged ? each.upMs / (each.upMs + each.downMs + each.edgeMs) : null;
    each.mtbfMs = each.outages > 0 ? each.upMs / each.outages : null;
    each.mttrMs = each.outages > 0 ? each.downMs / each.outages : null;
    return each;
  });
  const text = q.get("q") ?? "";
  const items = all.slice(0, -1).filter((each) => `${each.title}${each.place}`.includes(text));
  items.sort((a, b) => (a.availability ?? 2) - (b.availability ?? 2));
  return { from, to, timeZone: ZONE, total, items: items.slice(0, 200), next: null, count: items.length };
}

function row(key: string, title: string, place: string): AvailabilityInfo {
  const sums = { subjects: 0, judged: 0, upMs: 0, downMs: 0, edgeMs: 0, flappingMs: 0, outages: 0, flaps: 0, longestMs: 0 }; // prettier-ignore
  return { key, title, place, ...sums, availability: null, reach: null, mtbfMs: null, mttrMs: null, health: null };
}

function statistics(events: readonly EventInfo[], by: string, from: number, to: number): EventReport {
  const groups = new Map<string, EventStatistics>();
  const empty = (key: string, zh: string, en: string): EventStatistics => ({
    ...{ key, titleZh: zh, titleEn: en, opened: 0, active: 0, ended: 0, falseAlarms: 0, falseShare: null },
    ...{ severity: [0, 0, 0, 0], closeP50Ms: null, closeP90Ms: null, repeats: 0 },
  });
  const total = empty("", "", "");
  for (const e of events) {
    const town = e.gridPath[1] ?? "";
    const [key, zh, en] =
      by === "kind" ? [e.kind, e.titleZh, e.titleEn] : by === "severity" ? [`${e.severity}`, `${e.severity}`, `${e.severity}`] : [town, town, town]; // prettier-ignore
    const group = groups.get(key) ?? empty(key, zh, en);
    groups.set(key, group);
    for (const each of [group, total]) {
      each.opened += 3;
      each.severity[e.severity - 1] += 3;
      if (e.sensing === "active") each.active++;
      each.ended += 2;
      if (e.kind.startsWith("vision.")) each.falseAlarms++;
      each.falseShare = each.falseAlarms / each.ended;
      each.closeP50Ms = 0.6 * HOUR * (1 + e.severity);
      each.closeP90Ms = 4 * HOUR * (1 + e.severity);
    }
  }
  const items = [...groups.values()].sort((a, b) => b.opened - a.opened);
  return { from, to, timeZone: ZONE, total, items, next: null, count: items.length };
}

function batteries(world: World): BatteryReport {
  const items = world.devices
    .filter((d) => d.kind === "hydrant" || d.kind === "smoke_detector")
    .slice(0, 60)
    .map((d, i) => {
      const daysLeft = i < 4 ? i * 4 : i < 12 ? 10 + i * 4 : i < 50 ? i * 30 : null;
      const state = i < 4 ? "replace" : i < 12 ? "soon" : i < 50 ? "fine" : "unknown";
      const perDay = daysLeft === null ? null : -0.2 / Math.max(1, daysLeft);
      const place = d.gridPath.slice(1).join(" / ");
      return { uid: d.uid, title: d.title, place, metric: "battery", unit: "V", value: 2.7 + i / 60, ts: Date.now(), perDay, empty: 2.7, daysLeft, state }; // prettier-ignore
    });
  return { now: Date.now(), items, next: null, count: items.length };
}

/** What is near an event of the mock: its own list, and a camera or two. */
export function nearbyAnswer(world: World, { event, nearby }: EventDetail, radius: number): Nearby {
  const thing = (what: string, key: string, title: string, metres: number): NearThing => ({
    ...{ what, key, title, kind: what, metres, bearing: 270, lon: event.lon, lat: event.lat },
    ...{ health: what === "camera" || what === "device" ? "online" : null, severity: null },
  });
  const things = nearby.map((d) => ({ ...thing(d.kind === "camera" ? "camera" : "device", d.uid, d.title, d.metres), health: d.health })); // prettier-ignore
  const near = things.filter((each) => each.metres <= radius);
  const grid = world.grids.find((g) => g.id === event.gridId);
  return {
    ...{ lon: event.lon, lat: event.lat, radius },
    devices: near.filter((each) => each.what === "device"),
    cameras: near.filter((each) => each.what === "camera"),
    vessels: world.vessels.slice(0, 2).map((v, i) => thing("vessel", String(v.mmsi), v.name, 300 + i * 200)),
    events: [],
    grids: grid === undefined ? [] : [{ ...thing("grid", grid.id, grid.name, 0), bearing: null }],
  };
}

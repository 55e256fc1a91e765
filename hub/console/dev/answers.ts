import type { DeadLetterInfo, DeviceDetail, DeviceInfo, EventInfo, Overview, Series } from "../../src/api/schema.ts";
import { pick, seeded } from "./random.ts";
import type { World } from "./world.ts";

const HOUR = 3_600_000;
const METRICS: Record<string, readonly [metric: string, title: string, unit: string, base: number, swing: number][]> = {
  hydrant: [
    ["pressure", "水压", "MPa", 0.27, 0.03],
    ["tilt", "倾角", "deg", 2, 1],
    ["battery", "电池电压", "V", 3.4, 0.02],
    ["rssi", "信号强度", "dBm", -94, 6],
  ],
  flood_gauge: [
    ["level", "水位", "m", 2.9, 0.7],
    ["rain", "雨量", "mm", 0.4, 0.4],
    ["battery", "电池电压", "V", 12.4, 0.1],
  ],
  camera: [
    ["fps", "帧率", "1/s", 1, 0.1],
    ["bitrate", "码率", "kbit/s", 1800, 300],
  ],
  smoke_detector: [
    ["smoke", "烟雾浓度", "%", 0.4, 0.3],
    ["temperature", "温度", "Cel", 19, 4],
    ["battery", "电池电压", "V", 3.5, 0.02],
  ],
  ais_receiver: [["messages", "消息量", "1/min", 840, 120]],
};

export function seriesOf(
  device: DeviceInfo,
  metric: string,
  from: number,
  to: number,
  points: number,
  jump: { at: number; to: number } | null = null,
): Series {
  const [, , unit, base, swing] = METRICS[device.kind]?.find((m) => m[0] === metric) ?? ["", "", "", 1, 0.1];
  const stepMs = Math.max(1000, Math.round((to - from) / points / 1000) * 1000);
  const random = seeded(device.uid.length * 31 + metric.length);
  const rows: (number | null)[][] = [];
  for (let t = Math.floor(from / stepMs) * stepMs; t <= Math.min(to, Date.now()); t += stepMs) {
    const gap = device.health === "offline" && t > device.healthSince;
    const wave = Math.sin(t / 7e6) * swing * 0.6 + (random() - 0.5) * swing * 0.6;
    const mean = jump !== null && t >= jump.at - 60_000 ? jump.to + wave * 0.1 : base + wave;
    if (!gap) rows.push([t, mean, mean - swing * 0.2, mean + swing * 0.2, 12]);
  }
  return { metric, unit, stepMs, rows };
}

export function deviceDetail(device: DeviceInfo, now: number): DeviceDetail {
  const random = seeded(device.uid.length * 131 + (device.lastSeen ?? 7));
  const history: DeviceDetail["history"] = [];
  if (device.health !== "online")
    history.push({
      ts: device.healthSince,
      from: device.health === "offline" ? "late" : "online",
      to: device.health,
      reason: device.healthReason,
    });
  if (device.health === "offline")
    history.push({ ts: device.healthSince - 0.3 * HOUR, from: "online", to: "late", reason: "expected" });
  history.push(
    { ts: now - 15 * HOUR, from: "late", to: "online", reason: "" },
    { ts: now - 15.4 * HOUR, from: "online", to: "late", reason: "expected" },
  );
  return {
    device,
    attributes: {
      firmware: pick(random, ["2.4.1", "2.4.0", "2.3.7"]),
      installed: "2026-03-18",
      note: "development data",
    },
    latest: (METRICS[device.kind] ?? []).map(([metric, title, unit, base, swing]) => ({
      metric,
      title,
      unit,
      value: Number((base + (random() - 0.5) * swing).toFixed(unit === "MPa" || unit === "V" ? 2 : 1)),
      ts: device.lastSeen ?? now,
      quality: 0,
    })),
    history: history.sort((a, b) => b.ts - a.ts),
  };
}

export function overviewOf(
  world: World,
  events: EventInfo[],
  dead: DeadLetterInfo[],
  rate: number,
  now: number,
): Overview {
  const health: Record<string, number> = {};
  for (const d of world.devices) health[d.health] = (health[d.health] ?? 0) + 1;
  const active: Record<string, number> = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const e of events) if (e.sensing === "active") active[e.severity] = (active[e.severity] ?? 0) + 1;
  const midnight = Math.floor((now + 8 * HOUR) / (24 * HOUR)) * 24 * HOUR - 8 * HOUR;
  return {
    now,
    health,
    active,
    rate,
    devices: world.devices.length,
    edges: { online: world.edges.filter((e) => e.health === "online").length, total: world.edges.length },
    today: {
      opened: events.filter((e) => e.openedAt >= midnight).length,
      closed: events.filter((e) => e.handling === "closed" && e.updatedAt >= midnight).length,
    },
    vessels: world.vessels.length,
    deadLetters: dead.filter((d) => !d.replayed).length,
    county: "嵊泗县",
  };
}

export function deadLetters(world: World, now: number): DeadLetterInfo[] {
  const kinds: [string, string, string][] = [
    [
      "device_unknown",
      "device `hydrant-9{n}` is not registered",
      '{"v":1,"b":57,"q":12{n},"r":[{"ts":1763776800123,"m":{"pressure":0.28}}]}',
    ],
    ["json_invalid", "unexpected end of input at 96", '{"v":1,"b":3,"q":88{n},"r":[{"ts":17637768'],
    [
      "envelope_invalid",
      "r[0].m.pressure: expected number",
      '{"v":1,"b":12,"q":7{n},"r":[{"ts":1763776800123,"m":{"pressure":"low"}}]}',
    ],
    [
      "frame_check",
      "SL 651 frame: CRC A1F3, computed 09{n}",
      "7e7e01 33092200{n} 1234 32 002b 02 0011 251122110436 f1f1 33092200{n} 48 f0f0 2511221100 3923 00010490 03 a1f3",
    ],
  ];
  return Array.from({ length: 37 }, (_, i) => {
    const [reason, detail, preview] = kinds[i % 7 === 0 ? 3 : i % 3]!;
    const edge = world.edges[(i * 5) % world.edges.length]!;
    const fill = (s: string) => s.replaceAll("{n}", String(10 + i));
    return {
      id: 900 - i,
      rx: now - (i + 1) * 17 * 60_000,
      topic: `gridhub/v1/${edge.key}/d/hydrant-9${10 + i}/t`,
      edge: edge.key,
      reason,
      detail: fill(detail),
      bytes: 80 + i * 3,
      preview: fill(preview),
      replayed: false,
    };
  });
}

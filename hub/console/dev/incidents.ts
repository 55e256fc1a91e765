import type { DeviceInfo, EventDetail, EventInfo } from "../../src/api/schema.ts";
import { type Picture, smoke, stall } from "./evidence.ts";
import { pick, seeded } from "./random.ts";
import type { World } from "./world.ts";

type Severity = EventInfo["severity"];
interface Kind {
  readonly kind: string;
  readonly zh: string;
  readonly en: string;
  readonly code: string;
  readonly severity: Severity;
  readonly device: string;
  readonly evidence: Record<string, unknown>;
}
const KINDS: readonly Kind[] = [
  {
    kind: "vision.fire",
    zh: "疑似明火",
    en: "Suspected fire",
    code: "突发事件",
    severity: 1,
    device: "camera",
    evidence: {},
  },
  {
    kind: "hydrant.impact",
    zh: "消火栓被撞倒",
    en: "Hydrant knocked over",
    code: "公用设施/消防设施 (provisional)",
    severity: 2,
    device: "hydrant",
    evidence: { metric: "tilt", value: 62, limit: 20, op: ">" },
  },
  {
    kind: "vision.stall",
    zh: "疑似占道摊贩",
    en: "Suspected stall",
    code: "街面秩序",
    severity: 3,
    device: "camera",
    evidence: {},
  },
  {
    kind: "flood.warning_level",
    zh: "水位超警戒",
    en: "Above warning level",
    code: "突发事件",
    severity: 3,
    device: "flood_gauge",
    evidence: { metric: "level", value: 3.62, limit: 3.5, op: ">" },
  },
  {
    kind: "hydrant.low_pressure",
    zh: "消火栓水压低",
    en: "Hydrant pressure low",
    code: "公用设施/消防设施 (provisional)",
    severity: 3,
    device: "hydrant",
    evidence: { metric: "pressure", value: 0.08, limit: 0.14, op: "<" },
  },
  {
    kind: "device.offline",
    zh: "设备离线",
    en: "Device offline",
    code: "设备运维",
    severity: 4,
    device: "camera",
    evidence: { state: "offline", reason: "source_auth", code: "auth" },
  },
  {
    kind: "device.battery_low",
    zh: "电池电量低",
    en: "Battery low",
    code: "设备运维",
    severity: 4,
    device: "hydrant",
    evidence: { metric: "battery", value: 3.05, limit: 3.1, op: "<" },
  },
];

export interface Incidents {
  readonly details: Map<string, EventDetail>;
  readonly media: Map<string, string>;
  open(now: number): EventDetail;
  callForHelp(now: number): EventDetail;
}

export function makeIncidents(world: World, seed: number, now: number): Incidents {
  const random = seeded(seed + 99);
  const details = new Map<string, EventDetail>();
  const media = new Map<string, string>();
  let serial = 0;

  function frame(hash: string, picture: Picture, ts: number) {
    media.set(hash, picture.svg);
    return { hash, w: picture.w, h: picture.h, ts, boxes: picture.boxes };
  }
  function evidenceOf(kind: Kind, id: string, ts: number): Record<string, unknown> {
    if (kind.kind === "vision.fire")
      return {
        model: "fire-smoke@1.0.0",
        located: "camera",
        dwellMs: 8000,
        trace: {
          recipe: "fire",
          votes: "7 of 9",
          dwellNeededMs: 0,
          zone: "whole frame",
          hours: "always",
          roles: [{ role: "fire", label: "fire", score: 0.83, stayMs: 8000 }],
        },
        frames: [
          frame(`${id}-2`, smoke(3), ts + 8000),
          frame(`${id}-1`, smoke(1), ts + 3000),
          frame(`${id}-0`, smoke(0), ts),
        ],
      };
    if (kind.kind === "vision.stall")
      return {
        model: "general-coco@1.0.0",
        located: "camera",
        dwellMs: 720_000,
        trace: {
          recipe: "stall",
          votes: "5 of 5",
          dwellNeededMs: 180_000,
          zone: "0.03,0.35 0.97,0.35 0.97,1 0.03,1",
          hours: "06:00-20:00",
          roles: [
            { role: "vendor", label: "person", score: 0.93, stayMs: 720_000 },
            { role: "goods", label: "umbrella", score: 0.88, stayMs: 720_000 },
          ],
        },
        frames: [frame(`${id}-0`, stall(), ts)],
      };
    return kind.evidence;
  }
  function make(
    kind: Kind,
    device: DeviceInfo,
    ts: number,
    age: EventInfo["handling"],
    sensing: EventInfo["sensing"],
  ): EventDetail {
    const id = `0193${String(++serial).padStart(4, "0")}-7a11-7000-8000-${String(1000 + serial).padStart(12, "0")}`;
    const event: EventInfo = {
      id,
      kind: kind.kind,
      titleZh: kind.zh,
      titleEn: kind.en,
      codeName: kind.code,
      subject: `device:${device.uid}`,
      subjectTitle: device.title,
      gridId: device.gridId,
      gridPath: device.gridPath,
      gridMatch: "inside",
      severity: kind.severity,
      sensing,
      handling: age,
      deviceUid: device.uid,
      lon: device.lon,
      lat: device.lat,
      source: kind.kind.startsWith("vision")
        ? `vision:${kind.kind.slice(7)}`
        : kind.kind.startsWith("device")
          ? "health"
          : `rule:${device.profile}#${kind.kind}`,
      openedAt: ts,
      updatedAt: ts + 83_000,
      clearedAt: sensing === "cleared" ? ts + 1_500_000 : null,
      createdAt: ts + 400,
      occurrences: 1 + Math.floor(random() * 9),
      late: false,
      revision: 3,
      ...PLAIN,
    };
    const line = (at: number, what: string, who: string, note = "", severity: Severity = kind.severity) => ({
      ts: at,
      what,
      who,
      severity,
      note,
    });
    const lower = Math.min(4, kind.severity + 1) as Severity;
    const timeline = [
      line(ts, "open", "hub", "", lower),
      line(ts + 12_000, "escalate", "hub", kind.kind === "vision.fire" ? "10 秒内 7/9 帧确认" : ""),
    ];
    if (age !== "new") timeline.push(line(ts + 130_000, "acknowledge", "operator"));
    if (age === "handed_off" || age === "closed")
      timeline.push(line(ts + 180_000, "hand_off", "operator"), line(ts + 181_000, "delivered", "hub", "四平台"));
    if (sensing === "cleared") timeline.push(line(ts + 1_500_000, "clear", "hub"));
    if (age === "closed") timeline.push(line(ts + 2_400_000, "close", "operator", "现场已处置"));
    if (age === "false_alarm") timeline.push(line(ts + 600_000, "false_alarm", "operator", "焊接作业"));
    const detail: EventDetail = {
      event,
      life: kind.kind === "vision.fire" && sensing === "active" ? joined(event) : lifeOf(event),
      evidence: kind.kind.startsWith("vision.")
        ? { ...evidenceOf(kind, id, ts), camera: device.uid, clip: { from: ts - 10_000, to: ts + 20_000 } }
        : evidenceOf(kind, id, ts),
      timeline,
      deliveries:
        age === "handed_off" || age === "closed"
          ? [{ target: "四平台 webhook", state: "delivered", attempts: 1, lastError: "", ts: ts + 181_000 }]
          : [],
      nearby: nearby(world, device),
    };
    details.set(id, detail);
    return detail;
  }
  function deviceOf(kind: string, town: string): DeviceInfo {
    const own = world.devices.filter((d) => d.kind === kind && d.site === town && d.health === "online");
    return pick(random, own.length > 0 ? own : world.devices);
  }
  const sites = ["caiyuan", "caiyuan", "caiyuan", "shengshan", "wulong", "gouqi", "yangshan", "huanglong"];
  const handlings: EventInfo["handling"][] = [
    "new",
    "handed_off",
    "acknowledged",
    "acknowledged",
    "new",
    "new",
    "handed_off",
  ];
  KINDS.forEach((kind, i) =>
    make(kind, deviceOf(kind.device, sites[i]!), now - (2 + i * i * 4) * 60_000, handlings[i]!, "active"),
  );
  stragglers(world, now, details, () => ++serial);
  for (let i = 0; i < 140; i++) {
    const kind = pick(random, KINDS);
    make(
      kind,
      deviceOf(kind.device, pick(random, sites)),
      now - (2 + i * 1.7) * 3_600_000,
      random() < 0.85 ? "closed" : "false_alarm",
      "cleared",
    );
  }
  return {
    details,
    media,
    callForHelp: (ts) => {
      const call = distress(world, ts, ++serial);
      details.set(call.event.id, call);
      return call;
    },
    open: (ts) => {
      const kind = pick(random, KINDS.slice(2));
      return make(kind, deviceOf(kind.device, pick(random, sites)), ts, "new", "active");
    },
  };
}

function stragglers(world: World, now: number, details: Map<string, EventDetail>, next: () => number): void {
  for (const formation of world
    .formations()
    .filter((f) => f.stragglers.length > 0)
    .slice(0, 2)) {
    const vessel = world.vessels.find((v) => v.mmsi === formation.stragglers[0]);
    if (vessel === undefined) continue;
    const { lon, lat } = vessel;
    const what = {
      kind: "vessel.straggler",
      titleZh: "渔船离开编组",
      titleEn: "Vessel left its formation",
      severity: 3,
    } as const;
    const detail = atSea(world, next(), now - 14 * 60_000, {
      ...what,
      ...{ subject: `mmsi:${vessel.mmsi}`, subjectTitle: vessel.name, gridId: formation.gridId, lon, lat },
    });
    detail.evidence = { distanceNm: Number(formation.farthestNm?.toFixed(1)), thresholdNm: 2, heldMs: 840_000 };
    details.set(detail.event.id, detail);
  }
}

/** A search-and-rescue transmitter, which is no vessel that anybody knows. */
function distress(world: World, ts: number, serial: number): EventDetail {
  const near = world.vessels[30]!;
  const detail = atSea(world, serial, ts, {
    ...{ kind: "vessel.sos", titleZh: "遇险求救", titleEn: "Distress", severity: 1 },
    ...{ subject: "mmsi:970012345", subjectTitle: "SART 970012345", gridId: null, lon: near.lon + 0.02, lat: near.lat },
  });
  const nearby = world.vessels.slice(30, 33).map(({ mmsi, name }, i) => ({ mmsi, name, distanceNm: 1.1 + i * 0.6 }));
  detail.evidence = { mmsi: 970_012_345, why: "beacon", messages: 8, text: null, since: ts, nearby };
  return detail;
}

type SeaEvent = Pick<
  EventInfo,
  "kind" | "titleZh" | "titleEn" | "severity" | "subject" | "subjectTitle" | "gridId" | "lon" | "lat"
>;
function atSea(world: World, serial: number, ts: number, what: SeaEvent): EventDetail {
  const grid = world.grids.find(({ id }) => id === what.gridId);
  const town = world.grids.find(({ id }) => id === grid?.parent);
  const event: EventInfo = {
    id: `0193${String(serial).padStart(4, "0")}-7a11-7000-8000-000000000777`,
    codeName: "海上 · 编组",
    gridPath: ["嵊泗县", ...(town === undefined ? [] : [town.name]), ...(grid === undefined ? [] : [grid.name])],
    gridMatch: grid === undefined ? "unmatched" : "formation",
    sensing: "active",
    handling: "new",
    deviceUid: null,
    source: `fleet:${what.kind.slice(7)}`,
    openedAt: ts,
    updatedAt: ts + 60_000,
    clearedAt: null,
    createdAt: ts,
    occurrences: 3,
    late: false,
    revision: 2,
    ...PLAIN,
    ...what,
  };
  const timeline = [{ ts, what: "open", who: "hub", severity: what.severity, note: "" }];
  return { event, life: lifeOf(event), evidence: {}, timeline, deliveries: [], nearby: [] };
}

/** What most events have: nothing of it. */
const PLAIN = { muted: null, unsent: null, flaps: 0, parts: 1, held: 0, verdict: null } as const;

function lifeOf(event: EventInfo): EventDetail["life"] {
  const waits = event.sensing === "active" && (event.handling === "new" || event.handling === "handed_off");
  return {
    contributors: [],
    held: [],
    ladder: waits
      ? { level: "grid", since: event.openedAt, dueAt: Math.max(Date.now(), event.openedAt) + 240_000 }
      : null,
    until: null,
    whyActive:
      event.sensing === "active"
        ? { code: "finding", detail: [`${event.kind} ${event.subject} (${event.source})`] }
        : null,
  };
}

/** One fire that a camera and a smoke detector see. */
function joined(event: EventInfo): EventDetail["life"] {
  event.parts = 2;
  event.flaps = 1;
  const part = (titles: { kind: string; titleZh: string; titleEn: string }, subjectTitle: string, active: boolean) => ({
    ...titles,
    subject: event.subject,
    subjectTitle,
    deviceUid: null,
    severity: event.severity,
    active,
    since: event.openedAt,
    last: event.updatedAt,
    count: 3,
    source: event.source,
  });
  const { kind, titleZh, titleEn } = event;
  return {
    ...lifeOf(event),
    contributors: [
      part({ kind, titleZh, titleEn }, event.subjectTitle, true),
      part({ kind: "smoke.alarm", titleZh: "烟雾报警", titleEn: "Smoke alarm" }, "渔港路 12 号烟感", false),
    ],
    whyActive: { code: "parts", detail: [`${kind} ${event.subject} (${event.source})`] },
  };
}

function nearby(world: World, device: DeviceInfo): EventDetail["nearby"] {
  if (device.lon === null || device.lat === null) return [];
  const [lon, lat] = [device.lon, device.lat];
  return world.devices
    .filter((d) => d.uid !== device.uid && d.lon !== null && d.lat !== null)
    .map((d) => ({
      uid: d.uid,
      title: d.title,
      kind: d.kind,
      health: d.health,
      metres: Math.round(Math.hypot(((d.lon ?? 0) - lon) * 95_700, ((d.lat ?? 0) - lat) * 111_200)),
    }))
    .filter((d) => d.metres < 2000)
    .sort((a, b) => a.metres - b.metres)
    .slice(0, 24);
}

import type { BatteryInfo, DeviceHealthReport, FirmwareReport } from "../../src/api/reports-schema.ts";
import type { DeviceInfo, EventDetail, User } from "../../src/api/schema.ts";
import type { NewTicket } from "../../src/api/ticket-schema.ts";
import { kindInfo } from "../../src/events/kinds.ts";
import { seeded } from "./random.ts";
import type { World } from "./world.ts";

type Answer = [status: number, body: unknown];
const DAY = 86_400_000;
const VERSIONS = ["2.4.1", "2.4.1", "2.4.1", "2.4.1", "2.4.0", "2.3.7"] as const;

const firmwareOf = ({ uid }: DeviceInfo) =>
  VERSIONS[(uid.length * 7 + uid.charCodeAt(uid.length - 1)) % VERSIONS.length]!;

export function firmwareAnswer(world: World): FirmwareReport {
  const profiles = new Map<string, Map<string, string[]>>();
  for (const device of world.devices) {
    if (device.kind === "camera") continue;
    const versions = profiles.get(device.profile) ?? new Map<string, string[]>();
    // receivers were all brought to one version
    const version = device.kind === "ais_receiver" ? "7.0" : firmwareOf(device);
    versions.set(version, [...(versions.get(version) ?? []), device.uid]);
    profiles.set(device.profile, versions);
  }
  const items = [...profiles].map(([profile, versions]) => ({
    profile,
    versions: [...versions]
      .map(([version, uids]) => ({ version, devices: uids.length, uids: uids.slice(0, 100) }))
      .sort((a, b) => b.devices - a.devices),
  }));
  return { items };
}

/** A device's week, of the size that such figures have. */
export function healthAnswer(device: DeviceInfo, now: number): DeviceHealthReport {
  const random = seeded(device.uid.length * 17 + device.uid.charCodeAt(device.uid.length - 1));
  const sick = device.health !== "online";
  const powered = device.kind === "camera" || device.kind === "ais_receiver";
  const period = { from: now - 7 * DAY, to: now, timeZone: "Asia/Shanghai" };
  const downMs = sick ? 0.6 * DAY : 0;
  const battery: BatteryInfo = {
    ...{ uid: device.uid, title: device.title, place: "", metric: "battery", unit: "V", value: 3.31, ts: now },
    ...{ perDay: sick ? -0.021 : -0.0016, empty: 3.1, daysLeft: sick ? 10 : 131, state: sick ? "replace" : "fine" },
  };
  return {
    ...period,
    availability: {
      ...{ key: device.uid, title: device.title, place: "", subjects: 1, judged: 1, upMs: 7 * DAY - downMs, downMs },
      ...{ availability: 1 - downMs / (7 * DAY), reach: 0.95, edgeMs: 0, flappingMs: 0, outages: sick ? 4 : 0 },
      ...{ flaps: device.health === "flapping" ? 6 : 0, mtbfMs: null, mttrMs: null, longestMs: downMs / 2 },
      health: device.health,
    },
    metrics: [
      {
        metric: "pressure",
        readings: 672,
        outOfRange: 0,
        invalid: sick ? 2 : 0,
        jumps: sick ? 7 : 0,
        stuck: 0,
        last: now,
      },
      { metric: "tilt", readings: 672, outOfRange: 0, invalid: 0, jumps: 0, stuck: 0, last: now },
    ],
    battery: powered ? null : battery,
    radio: powered
      ? []
      : Array.from({ length: 7 }, (_, i) => [
          now - (6 - i) * DAY,
          -94 - random() * 6 - (sick ? i * 2 : 0),
          8 - random() * 3,
        ]),
    frames: powered ? null : { received: 660, lost: sick ? 41 : 3, resets: sick ? 1 : 0, share: sick ? 0.058 : 0.0045 },
    expected: powered ? null : { samples: sick ? 588 : 669, expected: 672, share: sick ? 0.875 : 0.9955 },
    clock: { lagMs: 1200, behindMs: null, ahead: 0, late: sick ? 14 : 1 },
    duplicates: sick ? 3 : 0,
    firmware: powered
      ? []
      : [
          { version: "2.3.7", since: now - 200 * DAY },
          { version: firmwareOf(device), since: now - 40 * DAY },
        ],
    firmwareDrift: powered || firmwareOf(device) === "2.4.1" ? null : "2.4.1",
  };
}

/** Tickets of the mock: an event each, once for each key. */
export function makeTickets(details: Map<string, EventDetail>, told: (detail: EventDetail) => void) {
  const keys = new Map<string, EventDetail>();
  return (device: DeviceInfo, ticket: NewTicket, user: User): Answer => {
    if (user.role === "viewer") return [403, { code: "FORBIDDEN", message: "operators only" }];
    const known = keys.get(`${device.uid}#${ticket.key}`);
    if (known !== undefined) return [200, { event: known.event, made: false }];
    const now = Date.now();
    const { kind, severity, text, key } = ticket;
    const { titleZh, titleEn, codeName } = kindInfo(kind);
    const id = `0194${String(keys.size).padStart(4, "0")}-7a11-7000-8000-000000000999`;
    const detail: EventDetail = {
      event: {
        ...{ id, kind, titleZh, titleEn, codeName: `${codeName} (provisional)`, severity },
        ...{ subject: `device:${device.uid}#${key}`, subjectTitle: device.title, deviceUid: device.uid },
        ...{ gridId: device.gridId, gridPath: device.gridPath, gridMatch: "bound", lon: device.lon, lat: device.lat },
        ...{ sensing: "active", handling: "new", source: `person:${user.username}`, late: false, revision: 1 },
        ...{ openedAt: now, updatedAt: now, clearedAt: null, createdAt: now, occurrences: 1 },
        ...{ muted: null, unsent: null, flaps: 0, parts: 1, held: 0, verdict: null },
      },
      life: { contributors: [], held: [], ladder: null, until: null, whyActive: { code: "report", detail: [] } },
      evidence: { said: text, who: user.username },
      timeline: [{ ts: now, what: "open", who: user.username, severity, note: text }],
      deliveries: [],
      nearby: [],
    };
    keys.set(`${device.uid}#${key}`, detail);
    details.set(id, detail);
    told(detail);
    return [201, { event: detail.event, made: true }];
  };
}

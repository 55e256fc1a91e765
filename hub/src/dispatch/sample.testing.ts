import type { EventTransition, GridEvent } from "../event.ts";
import type { OutboxItem } from "./outbox.ts";
import { type OutboxLookup, planOutbox } from "./plan-outbox.ts";

/** 2025-11-22T10:00:00+08:00 */
export const NOW = Date.UTC(2025, 10, 22, 2);

export const EVENT: GridEvent = {
  id: "019aa8f0-0000-7000-8000-000000000001",
  kind: "flood.guarantee",
  subject: "device:town/e1/g1",
  gridId: "330922100-07-3",
  gridMatch: "inside",
  gridVersion: 4,
  severity: 1,
  sensing: "active",
  handling: "handed_off",
  deviceId: 7,
  lon: 122.4561234,
  lat: 30.7298765,
  source: "rule:generic/flood-gauge-json#guarantee",
  openedAt: NOW - 90_000,
  updatedAt: NOW,
  clearedAt: null,
  createdAt: NOW - 89_000,
  occurrences: 3,
  evidence: { water_level: 3.42, frames: [{ hash: "0123456789abcdef" }] },
  late: false,
  revision: 3,
  life: {},
};

export const LOOKUP: OutboxLookup = {
  source: "/gridhub",
  path: (): ReturnType<OutboxLookup["path"]> => [
    { id: "330922", name: "嵊泗县", level: "county", codes: {} },
    { id: "330922100", name: "菜园镇", level: "town", codes: { site: "caiyuan", gb: "330922100000" } },
    { id: "330922100-07", name: "基湖村", level: "village", codes: {} },
    { id: "330922100-07-3", name: "第三网格", level: "grid", codes: { cjt349: "33092210000000070301" } },
  ],
  kind: () => ({
    titleZh: "水位超过保证水位",
    titleEn: "Water above the guarantee level",
    codeName: "突发事件/道路积水",
    code: "04",
    provisional: true,
    group: "flood",
  }),
  device: () => ({ uid: "town/e1/g1", title: "基湖 [水位](http://x) 一号" }),
};

/** A row of the outbox as the real planner writes it. */
export function sampleItem(
  change: Partial<GridEvent> = {},
  line: Partial<EventTransition> = {},
  item: Partial<OutboxItem> = {},
): OutboxItem {
  const event = { ...EVENT, ...change };
  const transition: EventTransition = {
    eventId: event.id,
    revision: event.revision,
    ts: NOW,
    what: "hand_off",
    who: "operator",
    severity: event.severity,
    note: "请速处置",
    evidence: null,
    ...line,
  };
  const target = { name: "t", url: "http://127.0.0.1/", secret: "0123456789abcdef" };
  const [row] = planOutbox([target], event, transition, LOOKUP);
  return { id: 1, attempts: 1, ageMs: 0, ...row, ...item };
}

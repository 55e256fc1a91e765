import { describe, expect, it } from "vitest";
import type { EventTransition, GridEvent } from "../event.ts";
import { type OutboxLookup, planOutbox } from "./plan-outbox.ts";
import type { WebhookTarget } from "./target.ts";

const T = 1_763_776_800_123;
const HASH = "0123456789abcdef0123456789abcdef";
const lookup: OutboxLookup = {
  source: "/gridhub/330922",
  path: (id): ReturnType<OutboxLookup["path"]> => [
    { id: "330922", name: "嵊泗县", level: "county", codes: { stat: "330922" } },
    { id, name: "菜园 1", level: "grid", codes: {} },
  ],
  kind: (kind) => ({
    titleZh: "消火栓水压过低",
    titleEn: "Hydrant pressure low",
    codeName: "公用设施/消防设施",
    code: "部件",
    provisional: true,
    group: kind.split(".")[0],
  }),
  device: (id) => (id === 9 ? { uid: "town/h1", title: "Hydrant 1" } : null),
};
const event: GridEvent = {
  id: "019ab123-4567-7000-8000-000000000001",
  kind: "hydrant.low_pressure",
  subject: "device:town/h1",
  gridId: "g1",
  gridMatch: "bound",
  gridVersion: 3,
  severity: 3,
  sensing: "active",
  handling: "new",
  deviceId: 9,
  lon: 122.4,
  lat: 30.7,
  source: "rule:acme/h#low",
  openedAt: T,
  updatedAt: T + 1,
  clearedAt: null,
  createdAt: T + 50,
  occurrences: 2,
  evidence: { pressure: 0.1, frames: [{ hash: HASH }, { hash: "../../etc/passwd" }, null] },
  late: false,
  revision: 2,
  life: {},
};
const line = (what = "open", more: Partial<EventTransition> = {}): EventTransition => ({
  eventId: event.id,
  revision: 2,
  ts: T,
  what,
  who: "hub",
  severity: 3,
  note: "",
  evidence: null,
  ...more,
});
const target = (more: Partial<WebhookTarget> = {}): WebhookTarget => ({
  name: "t",
  url: "http://127.0.0.1/",
  secret: "0123456789abcdef",
  ...more,
});
const sent = (t: Partial<WebhookTarget>, e: Partial<GridEvent> = {}, what = "open", before?: GridEvent["handling"]) =>
  planOutbox([target(t)], { ...event, ...e }, line(what), lookup, before).length === 1;

describe("planOutbox", () => {
  it("writes one CloudEvents 1.0 body, the same for all targets", () => {
    const rows = planOutbox([target(), target({ name: "u" })], event, line(), lookup);
    expect(rows.map((r) => r.target)).toEqual(["t", "u"]);
    expect(rows[1].body).toBe(rows[0].body);
    expect(rows[0]).toMatchObject({ eventId: event.id, revision: 2, type: "gridhub.event.opened" });
    expect(rows[0].body).toEqual({
      specversion: "1.0",
      id: `${event.id}:2`,
      source: "/gridhub/330922",
      type: "gridhub.event.opened",
      subject: "g1",
      time: "2025-11-22T02:00:00.123Z",
      datacontenttype: "application/json",
      data: {
        event: event.id,
        revision: 2,
        kind: "hydrant.low_pressure",
        title: { zh: "消火栓水压过低", en: "Hydrant pressure low" },
        code: { class: "部件", name: "公用设施/消防设施", provisional: true },
        group: "hydrant",
        severity: 3,
        sensing: "active",
        handling: "new",
        late: false,
        about: "device:town/h1",
        device: { uid: "town/h1", title: "Hydrant 1" },
        grid: { id: "g1", match: "bound", version: 3, path: lookup.path("g1") },
        position: { lon: 122.4, lat: 30.7, datum: "wgs84" },
        opened: "2025-11-22T02:00:00.123Z",
        updated: "2025-11-22T02:00:00.124Z",
        cleared: null,
        occurrences: 2,
        source: "rule:acme/h#low",
        transition: { what: "open", who: "hub", note: "" },
        evidence: event.evidence,
        media: [`/api/media/${HASH}`],
      },
    });
  });

  it.each([
    ["open", "opened"],
    ["update", "updated"],
    ["escalate", "escalated"],
    ["deescalate", "deescalated"],
    ["clear", "cleared"],
    ["reopen", "reopened"],
    ["acknowledge", "acknowledged"],
    ["hand_off", "handed_off"],
    ["close", "closed"],
    ["false_alarm", "false_alarm"],
  ])("calls %s %s", (what, type) => {
    expect(planOutbox([target()], event, line(what), lookup)[0].type).toBe(`gridhub.event.${type}`);
  });

  it.each(["comment", "delivered", "delivery_failed", "constructor"])("keeps %s to itself", (what) => {
    expect(sent({}, {}, what)).toBe(false);
  });

  it("leaves out what is unknown, and evidence that is too large", () => {
    const bare = {
      gridId: null,
      deviceId: 5,
      lon: null,
      evidence: { chart: "x".repeat(20_000), frames: [{ hash: HASH }] },
    };
    const [{ body }] = planOutbox([target()], { ...event, ...bare }, line(), lookup);
    expect(body).not.toHaveProperty("subject");
    expect(body).toMatchObject({
      data: {
        device: null,
        position: null,
        evidence: null,
        media: [`/api/media/${HASH}`],
        grid: { id: null, path: [] },
      },
    });
  });

  it("chooses by kind, grid and severity", () => {
    expect(sent({ kinds: ["hydrant.*"] })).toBe(true);
    expect(sent({ kinds: ["hydrant.low_pressure"] })).toBe(true);
    expect(sent({ kinds: ["hydrant"] })).toBe(false);
    expect(sent({ grids: ["330922"] })).toBe(true);
    expect(sent({ grids: ["g2"] })).toBe(false);
    expect(sent({ grids: ["g1"] }, { gridId: null })).toBe(false);
    expect(sent({ minSeverity: 3 })).toBe(true);
    expect(sent({ minSeverity: 2 })).toBe(false);
    // The receiver of what was severity 2 must learn that it ended.
    expect(sent({ minSeverity: 2 }, {}, "clear")).toBe(true);
    expect(sent({ minSeverity: 2 }, {}, "deescalate")).toBe(true);
  });

  it("waits for the hand-off where a target asks for it", () => {
    const t = { deliver: "handed_off" as const };
    expect(sent(t)).toBe(false);
    expect(sent(t, { handling: "handed_off" }, "hand_off", "new")).toBe(true);
    expect(sent(t, { handling: "handed_off" }, "clear")).toBe(true);
    expect(sent(t, { handling: "closed" }, "close", "handed_off")).toBe(true);
    expect(sent(t, { handling: "closed" }, "close", "new")).toBe(false);
  });

  it("sends what history found only when a person hands it off", () => {
    expect(sent({}, { late: true })).toBe(false);
    expect(sent({}, { late: true }, "clear")).toBe(false);
    expect(sent({}, { late: true, handling: "handed_off" }, "hand_off", "new")).toBe(true);
  });

  it("does not tell a dead target that it is dead", () => {
    const down = { kind: "dispatch.target_down", subject: "target:t", gridId: null };
    expect(sent({ name: "t" }, down)).toBe(false);
    expect(sent({ name: "u" }, down)).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { EventTransition, GridEvent } from "../event.ts";
import type { Finding } from "../finding.ts";
import { emptyBatch } from "../store/batch.ts";
import { EventBook } from "./event-book.ts";
import type { EventOptions } from "./event-options.ts";
import type { Locator } from "./place.ts";

const T = 1_763_776_800_000;
const MINUTE = 60_000;
/** One grid a degree of longitude; 200 and beyond is nowhere. Formations are called f... */
const grids: Locator = {
  version: 3,
  locate: (lon) =>
    lon < 180 ? { gridId: `g${Math.floor(lon)}`, match: "inside" } : { gridId: null, match: "unmatched" },
  path: (id) => [{ level: "county" }, { level: id.startsWith("f") ? "formation" : "grid" }],
};
const options: EventOptions = { durationScale: 1, reopenWindowMs: 10 * MINUTE };

const finding = (phase: Finding["phase"], ts: number, more: Partial<Finding> = {}): Finding => ({
  kind: "hydrant.low_pressure",
  phase,
  severity: 3,
  ts,
  subject: "device:town/h1",
  device: null,
  gridId: null,
  lon: 122.5,
  lat: 30.5,
  source: "rule:acme/h#low",
  evidence: { pressure: 0.1 },
  late: false,
  ...more,
});
const device = (gridId: string | null): Device =>
  ({ id: 9, uid: "town/h1", gridId, lon: 121.5, lat: 30, edge: { key: "town/e1" } }) as Device;

let book: EventBook;
let planned: string[];
const start = (more: Partial<EventOptions> = {}) => {
  planned = [];
  book = new EventBook({ ...options, ...more }, grids, (event, transition, before) => {
    planned.push(`${transition.what} ${before}>${event.handling}`);
    const { id: eventId } = event;
    return [{ eventId, revision: transition.revision, type: transition.what, target: "t", body: {} }];
  });
};
beforeEach(() => start());

const all = new Map<string, GridEvent>();
const lines: EventTransition[] = [];
function drain(): GridEvent[] {
  const batch = emptyBatch(1);
  const seen = book.drain(batch);
  expect(batch.events).toEqual(seen);
  expect(batch.outbox).toHaveLength(batch.transitions.filter((t) => !t.what.startsWith("deliver")).length);
  for (const event of batch.events) all.set(event.id, event);
  lines.push(...batch.transitions);
  return [...seen];
}
beforeEach(() => {
  all.clear();
  lines.length = 0;
});
const whats = () => lines.map((l) => l.what);

describe("EventBook", () => {
  it("opens, updates, escalates, clears: one event, one timeline", () => {
    book.fold([finding("raise", T)], T + 50);
    book.fold([finding("update", T + 1000, { evidence: { pressure: 0.08 } })], T + 1050);
    book.fold([finding("update", T + 2000, { severity: 1 })], T + 2050);
    book.fold([finding("update", T + 3000, { severity: 2 })], T + 3050);
    book.fold([finding("clear", T + 4000, { evidence: { pressure: 0.3 } })], T + 4050);
    const [event] = drain();
    expect(event).toMatchObject({
      gridId: "g122",
      gridMatch: "inside",
      gridVersion: 3,
      severity: 2,
      sensing: "cleared",
      handling: "new",
      openedAt: T,
      updatedAt: T + 4000,
      clearedAt: T + 4000,
      createdAt: T + 50,
      occurrences: 4,
      revision: 5,
      evidence: { pressure: 0.3 },
    });
    expect(whats()).toEqual(["open", "escalate", "deescalate", "clear"]);
    expect(lines.map((l) => l.revision)).toEqual([1, 3, 4, 5]);
    expect(drain()).toEqual([]);
  });

  it("hands out copies: later folds do not change what is being committed", () => {
    book.fold([finding("raise", T)], T);
    const [event] = drain();
    book.fold([finding("update", T + 1, { severity: 1 })], T + 1);
    expect(event.severity).toBe(3);
    expect(drain()[0].severity).toBe(1);
  });

  it("writes an update line once in a while only", () => {
    book.fold([finding("raise", T)], T);
    for (let s = 1; s <= 1500; s++) book.fold([finding("update", T + s * 1000)], T + s * 1000);
    drain();
    expect(whats()).toEqual(["open", "update", "update"]);
  });

  it("reopens within the window, opens anew after it", () => {
    book.fold([finding("raise", T), finding("clear", T + MINUTE), finding("raise", T + 11 * MINUTE)], T);
    expect(drain()).toMatchObject([{ sensing: "active", clearedAt: null, occurrences: 2 }]);
    book.fold([finding("clear", T + 12 * MINUTE), finding("raise", T + 23 * MINUTE)], T);
    drain();
    expect(all.size).toBe(2);
    expect(whats()).toEqual(["open", "clear", "reopen", "clear", "open"]);
  });

  it("scales its windows", () => {
    start({ durationScale: 0.01 });
    book.fold([finding("raise", T), finding("clear", T + 1000), finding("raise", T + 8000)], T);
    drain();
    expect(all.size).toBe(2);
  });

  it("does not reopen what a person has settled", () => {
    book.fold([finding("raise", T)], T);
    const [{ id }] = drain();
    book.act(id, "false_alarm", "ma", "a hose test", T);
    book.fold([finding("update", T + 1), finding("clear", T + 2)], T + 2);
    expect(book.get(id)).toMatchObject({ sensing: "cleared", handling: "false_alarm" });
    book.fold([finding("raise", T + 3)], T + 3);
    drain();
    expect(all.size).toBe(2);
  });

  it("keeps one event when the subject moves or the grids change, but one a formation", () => {
    const sos = { kind: "vessel.sos", subject: "mmsi:1" };
    book.fold([finding("raise", T, sos), finding("raise", T, { ...sos, lon: 123.5 })], T);
    book.setGrids({ ...grids, version: 4, locate: () => ({ gridId: "other", match: "inside" }) });
    book.fold([finding("clear", T + 1, sos)], T);
    expect(drain()).toMatchObject([{ gridId: "g122", gridVersion: 3, sensing: "cleared" }]);
    const lost = { kind: "formation.link_outage", subject: "device:r/1" };
    book.fold([finding("raise", T, { ...lost, gridId: "f1" }), finding("raise", T, { ...lost, gridId: "f2" })], T);
    book.fold(
      [finding("clear", T + 1, { ...lost, gridId: "f1" }), finding("clear", T + 1, { ...lost, gridId: "f9" })],
      T,
    );
    expect(drain()).toMatchObject([
      { gridId: "f1", gridMatch: "formation", sensing: "cleared" },
      { gridId: "f2", gridMatch: "formation", sensing: "active" },
    ]);
    expect(book.ignored).toBe(1);
  });

  it.each<[string, Partial<Finding>, string | null, string]>([
    ["a named grid", { gridId: "park", device: device("g1") }, "park", "bound"],
    ["the bound grid of its device", { device: device("g1") }, "g1", "bound"],
    ["the position of its device", { device: device(null), lon: null, lat: null }, "g121", "inside"],
    ["the edge it is about", { device: device("g1"), subject: "edge:town/e1" }, "g1", "bound"],
    ["where the vessel is, not its receiver", { device: device("g1"), subject: "mmsi:5" }, "g122", "inside"],
    [
      "nothing for a vessel without position",
      { device: device("g1"), subject: "mmsi:5", lon: null },
      null,
      "unmatched",
    ],
    [
      "the camera's grid, seen from the camera",
      { device: device("g1"), subject: "place:p", lon: 121.5, lat: 30 },
      "g1",
      "bound",
    ],
    ["the place, where its position is known", { device: device("g1"), subject: "place:p" }, "g122", "inside"],
    [
      "the camera, for a place without position",
      { device: device("g1"), subject: "place:p", lon: null },
      "g1",
      "bound",
    ],
    ["nowhere, kept", { lon: 200 }, null, "unmatched"],
  ])("is put on %s", (_name, more, gridId, gridMatch) => {
    book.fold([finding("raise", T, more)], T);
    expect(drain()).toMatchObject([{ gridId, gridMatch }]);
  });

  it("loads what the database holds and goes on from there", () => {
    book.fold([finding("raise", T)], T);
    const stored = drain();
    book.fold([finding("raise", T, { subject: "device:town/h2" })], T);
    book.load(stored);
    expect(drain()).toEqual([]);
    expect(book.size).toBe(1);
    book.fold([finding("clear", T + 5)], T + 5);
    expect(drain()).toMatchObject([{ id: stored[0].id, sensing: "cleared", revision: 2 }]);
    expect(stored[0].sensing).toBe("active");
  });
});

describe("late findings", () => {
  const late = { late: true };
  it("open marked events that are not live and not handed off", () => {
    start({ autoHandOff: true });
    book.fold([finding("raise", T, { ...late, kind: "vessel.sos", severity: 1 })], T);
    expect(drain()).toMatchObject([{ late: true, handling: "new" }]);
    expect([...book.active()]).toEqual([]);
    book.fold([finding("clear", T + 9, { ...late, kind: "vessel.sos" })], T);
    expect(drain()).toMatchObject([{ sensing: "cleared" }]);
  });

  it("leave a live event alone", () => {
    book.fold([finding("raise", T)], T);
    const before = drain();
    book.fold([finding("raise", T - 9, late), finding("update", T - 8, late), finding("clear", T - 7, late)], T);
    expect(drain()).toEqual([]);
    expect([...book.active()]).toEqual(before);
    expect(book.ignored).toBe(3);
  });

  it("are followed by a live event of its own when it goes on", () => {
    book.fold([finding("raise", T, late)], T);
    book.fold([finding("raise", T + 1)], T + 1);
    expect(drain()).toMatchObject([
      { late: true, sensing: "cleared" },
      { late: false, sensing: "active" },
    ]);
  });

  it("stand beside a live event of another grid without doubling it", () => {
    book.fold([finding("raise", T), finding("raise", T, { ...late, gridId: "g1" }), finding("raise", T + 1)], T + 1);
    expect(drain()).toMatchObject([
      { late: false, occurrences: 2 },
      { late: true, sensing: "active" },
    ]);
  });

  it("end when history brings no all-clear", () => {
    book.fold([finding("raise", T, late)], T);
    book.fold([], T + 11 * MINUTE);
    expect(drain()).toMatchObject([{ sensing: "cleared", clearedAt: T }]);
  });
});

describe("handling", () => {
  const opened = (kind = "hydrant.low_pressure", more: Partial<Finding> = {}) => {
    book.fold([finding("raise", T, { kind, ...more })], T);
    return drain()[0].id;
  };

  it("writes who did what and refuses what is not legal", () => {
    const id = opened();
    expect(book.act(id, "acknowledge", "li", "on it", T + 5)).toMatchObject({ handling: "acknowledged" });
    expect(book.act(id, "comment", "li", "valve closed", T + 6)).toMatchObject({ handling: "acknowledged" });
    expect(book.act(id, "acknowledge", "wang", "", T + 7)).toMatchObject({ code: "illegal_transition" });
    expect(book.act(id, "hand_off", "li", "", T + 8)).toMatchObject({ handling: "handed_off", revision: 4 });
    expect(book.act("nobody", "close", "li", "", T + 9)).toMatchObject({ code: "not_found" });
    drain();
    expect(lines.slice(1)).toMatchObject([
      { what: "acknowledge", who: "li", note: "on it", ts: T + 5, revision: 2 },
      { what: "comment", who: "li", note: "valve closed", revision: 3 },
      { what: "hand_off", revision: 4 },
    ]);
    expect(planned).toEqual([
      "open new>new",
      "acknowledge new>acknowledged",
      "comment acknowledged>acknowledged",
      "hand_off acknowledged>handed_off",
    ]);
  });

  it("notes deliveries without telling anybody of them again", () => {
    const id = opened();
    expect(book.delivered(id, "platform", true, "", T + 5)).toBe(true);
    expect(book.delivered(id, "platform", false, "400", T + 6)).toBe(true);
    expect(book.delivered("gone", "platform", true, "", T)).toBe(false);
    drain();
    expect(lines.slice(1)).toMatchObject([
      { what: "delivered", note: "platform" },
      { what: "delivery_failed", note: "platform: 400" },
    ]);
  });

  it("hands off by policy where that is switched on", () => {
    start({ autoHandOff: true });
    const id = opened("vessel.sos", { severity: 1 });
    expect(book.get(id)?.handling).toBe("handed_off");
    expect(whats()).toEqual(["open", "hand_off"]);
    const minor = opened("flood.guarantee", { severity: 2 });
    expect(book.get(minor)?.handling).toBe("new");
    book.fold([finding("update", T + 1, { kind: "flood.guarantee", severity: 1 })], T + 1);
    expect(book.get(minor)?.handling).toBe("handed_off");
  });
});

describe("memory", () => {
  it("lets settled events go after the window and keeps the others", () => {
    book.fold(
      [
        finding("raise", T),
        finding("clear", T),
        finding("raise", T, { subject: "b" }),
        finding("clear", T, { subject: "b" }),
      ],
      T,
    );
    const [a, b] = drain();
    book.act(a.id, "close", "li", "", T);
    const [closed] = drain();
    book.fold([], T + 9 * MINUTE);
    expect(book.size).toBe(2);
    book.fold([], T + 12 * MINUTE);
    expect(book.size).toBe(1);
    expect(book.get(b.id)).toBeDefined();
    expect(book.act(a.id, "false_alarm", "li", "", T)).toMatchObject({ code: "not_found" });
    book.adopt(closed, T + 12 * MINUTE);
    expect(book.act(a.id, "false_alarm", "li", "", T)).toMatchObject({ handling: "false_alarm", revision: 4 });
  });

  it("holds a bounded number of cleared events", () => {
    start({ maxHeld: 3 });
    for (let i = 0; i < 10; i++) {
      const subject = `s${i}`;
      book.fold([finding("raise", T, { subject }), finding("clear", T, { subject })], T + i);
    }
    book.fold([finding("raise", T, { subject: "active" })], T + 5);
    const gone = drain()[0].id;
    book.fold([], T + 20 * MINUTE);
    expect(book.size).toBe(4);
    expect(book.get(gone)).toBeUndefined();
  });
});

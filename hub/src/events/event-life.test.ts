import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { EventTransition, GridEvent } from "../event.ts";
import type { Finding } from "../finding.ts";
import type { OutboxRow } from "../store/batch.ts";
import { emptyBatch } from "../store/batch.ts";
import type { PlatformCallback } from "./callback.ts";
import { catalogueRows } from "./code-book.ts";
import { EventBook } from "./event-book.ts";
import { DEFAULT_SETTINGS, EventPolicy, NO_POLICY, type PolicyData } from "./event-policy.ts";
import type { Locator } from "./place.ts";
import type { QuietRule } from "./quiet.ts";

const T = Date.UTC(2026, 0, 5, 2, 0); // a Monday, 10:00 in Shanghai
const MINUTE = 60_000;
const grids: Locator = {
  version: 1,
  locate: () => ({ gridId: "g1", match: "inside" }),
  path: (id) => [
    { level: "county", id: "c" },
    { level: "town", id: "t1" },
    { level: "village", id: "v1" },
    { level: "grid", id },
  ],
};
const device = (name: string, id = 1): Device =>
  ({ id, uid: `t/${name}`, gridId: "g1", lon: 122, lat: 30, edge: { key: "t/e1" } }) as Device;
const finding = (kind: string, subject: string, phase: Finding["phase"], ts: number, more: Partial<Finding> = {}) =>
  ({ kind, subject, phase, ts, severity: 2, device: null, gridId: null, lon: 122, lat: 30, source: "test", evidence: {}, late: false, ...more }) satisfies Finding; // prettier-ignore
const quiet = (more: Partial<QuietRule>): QuietRule =>
  ({ id: 7, type: "mute", gridId: null, kind: null, subject: null, from: T, to: T + 30 * MINUTE, weekly: null, reason: "works", who: "li", ...more }); // prettier-ignore

let book: EventBook;
let lines: EventTransition[];
let outbox: OutboxRow[];
let stored: Map<string, GridEvent>;
const policyOf = (data: Partial<PolicyData>) => new EventPolicy({ ...NO_POLICY, ...data });
function start(data: Partial<PolicyData> = {}, autoHandOff = false): void {
  book = new EventBook({ durationScale: 1, reopenWindowMs: 10 * MINUTE, autoHandOff }, grids, (e, t) => [
    { eventId: e.id, revision: t.revision, type: t.what, target: "t", body: {} },
  ]);
  book.setPolicy(policyOf(data));
}
/** What was not drained is lost; the rest comes from the database. */
function restart(data: Partial<PolicyData>): void {
  start(data);
  book.load([...stored.values()]);
}
function drain(): GridEvent[] {
  const batch = emptyBatch(1);
  book.drain(batch);
  for (const event of batch.events) stored.set(event.id, event);
  lines.push(...batch.transitions);
  outbox.push(...batch.outbox);
  return batch.events;
}
const whats = () => lines.map((line) => line.what);
const sent = () => outbox.map((row) => row.type);
beforeEach(() => {
  lines = [];
  outbox = [];
  stored = new Map();
  start();
});

describe("fusion", () => {
  const { fusion } = DEFAULT_SETTINGS;
  it("makes one event of one fire that a camera and two detectors see; severity goes up and down, returns are counted", () => {
    start({ fusion });
    book.fold([finding("vision.smoke", "place:t/cam", "raise", T, { severity: 3 })], T);
    book.fold([finding("smoke.alarm", "device:t/s1", "raise", T + 5000, { severity: 1, device: device("s1", 4) })], T);
    book.fold([finding("smoke.alarm", "device:t/s2", "raise", T + 6000, { lon: 122.0005 })], T);
    drain();
    expect(stored.size).toBe(1);
    const [{ id }] = stored.values();
    expect(book.get(id)).toMatchObject({ kind: "vision.smoke", severity: 1, occurrences: 3 });
    expect(book.get(id)?.life.parts).toMatchObject([
      { kind: "vision.smoke" },
      { deviceId: 4 },
      { subject: "device:t/s2" },
    ]);
    book.fold([finding("smoke.alarm", "device:t/s1", "clear", T + 9000)], T);
    expect(book.get(id)).toMatchObject({ sensing: "active", severity: 2 });
    book.fold([finding("smoke.alarm", "device:t/s1", "raise", T + 9500, { severity: 1 })], T);
    expect(book.get(id)).toMatchObject({ severity: 1, life: { flaps: 1 } });
    drain();
    restart({ fusion });
    for (const s of ["device:t/s1", "device:t/s2"]) book.fold([finding("smoke.alarm", s, "clear", T + 10_000)], T);
    book.fold([finding("vision.smoke", "place:t/cam", "clear", T + 20_000)], T);
    drain();
    expect(book.get(id)).toMatchObject({ sensing: "cleared" });
    expect(whats()).toEqual(["open", "join", "escalate", "join", "leave", "deescalate", "join", "escalate", "leave", "deescalate", "leave", "deescalate", "clear"]); // prettier-ignore
  });

  it("makes one event of one vehicle that stands on a fire lane and before a hydrant", () => {
    start({ fusion });
    book.fold([finding("vision.fire_lane", "place:t/cam", "raise", T)], T);
    book.fold([finding("vision.hydrant_blocked", "place:t/cam#h", "raise", T + 20_000)], T + 20_000);
    drain();
    expect(stored.size).toBe(1);
    const [{ id }] = stored.values();
    expect(book.get(id)?.life.parts).toMatchObject([{ kind: "vision.fire_lane" }, { kind: "vision.hydrant_blocked" }]);
  });

  it.each<[string, Partial<Finding>, number]>([
    ["too far away", { lon: 122.01 }, 5000],
    ["too late", {}, 11 * MINUTE],
    ["without a position", { lon: null }, 5000],
    ["on another grid", { gridId: "g2" }, 5000],
    ["of the past", { late: true }, 5000],
  ])("leaves apart what is %s", (_name, more, after) => {
    start({ fusion });
    book.fold([finding("vision.fire", "place:t/cam", "raise", T)], T);
    book.fold([finding("fire.alarm", "device:t/f", "raise", T + after, more)], T + after);
    drain();
    expect(stored.size).toBe(2);
  });
});

describe("parents", () => {
  const { parents } = DEFAULT_SETTINGS;
  const silent = (i: number, phase: Finding["phase"], ts: number) =>
    finding("device.silent", `device:t/d${i}`, phase, ts, { device: device(`d${i}`, i + 1), severity: 3 });
  const gateway = (phase: Finding["phase"], ts: number) => finding("edge.offline", "edge:t/e1", phase, ts);

  it("a gateway with 200 devices dies and returns: one event", () => {
    start({ parents });
    book.fold([gateway("raise", T)], T);
    for (let i = 0; i < 200; i++) book.fold([silent(i, "raise", T + i)], T + 1000);
    drain();
    book.fold([gateway("clear", T + MINUTE)], T + MINUTE);
    drain();
    restart({ parents });
    for (let i = 0; i < 200; i++) book.fold([silent(i, "clear", T + 2 * MINUTE)], T + 2 * MINUTE);
    book.fold([], T + 60 * MINUTE);
    drain();
    expect(stored.size).toBe(1);
    expect(whats()).toEqual(["open", "hold", "clear"]);
    expect([...stored.values()][0].life.held).toBeUndefined();
  });

  it("what outlives the gateway's outage becomes an event of its own, also over a restart", () => {
    start({ parents });
    book.fold([gateway("raise", T), silent(1, "raise", T + 1), silent(2, "raise", T + 2)], T);
    book.fold([gateway("clear", T + MINUTE), silent(2, "clear", T + MINUTE)], T + MINUTE);
    drain();
    restart({ parents });
    book.fold([], T + 5 * MINUTE);
    expect([...book.active()]).toEqual([]);
    book.fold([], T + 6 * MINUTE + 1);
    drain();
    expect([...book.active()]).toMatchObject([{ subject: "device:t/d1", gridId: "g1", deviceId: 2, openedAt: T + 1 }]);
    expect(whats()).toEqual(["open", "hold", "clear", "release", "open"]);
  });
});

describe("ladder", () => {
  const ladder = [{ kind: "*", severity: 2, village_s: 300, town_s: 600 }] as const;
  const open = () => {
    book.fold([finding("flood.warning", "device:t/f", "raise", T)], T);
    return drain()[0].id;
  };

  it("tells village and town without a message, also over a restart, and names their grids", () => {
    start({ ladder });
    open();
    restart({ ladder });
    book.fold([], T + 5 * MINUTE - 1);
    expect(drain()).toEqual([]);
    book.fold([], T + 5 * MINUTE);
    drain();
    restart({ ladder });
    book.fold([], T + 15 * MINUTE);
    book.fold([], T + 300 * MINUTE);
    expect(drain()).toMatchObject([{ life: { ladder: { level: "town", dueAt: null } } }]);
    expect(lines.slice(1)).toMatchObject([
      { what: "ladder", note: "grid -> village", evidence: { level: "village", grid: "v1" } },
      { what: "ladder", note: "village -> town", evidence: { grid: "t1" } },
    ]);
    expect(sent()).toEqual(["open", "ladder", "ladder"]);
  });

  it("stops when somebody takes it on, begins again when it comes back, and follows the town's posture", () => {
    start({ ladder });
    book.posture = (town) => ({ escalationFactor: town === "t1" ? 0.5 : 1, reopenFactor: 1 });
    const id = open();
    expect(book.get(id)?.life.ladder?.dueAt).toBe(T + 2.5 * MINUTE);
    book.act(id, "hand_off", "li", "", T + MINUTE);
    book.callback(id, { id: "1", platform: "p", kind: "accepted", ts: T, who: "", note: "" }, T + 2 * MINUTE);
    expect(book.get(id)?.life.ladder?.dueAt).toBeNull();
    book.act(id, "reject", "li", "not ours", T + 3 * MINUTE);
    book.act(id, "return", "li", "not theirs", T + 4 * MINUTE);
    expect(book.get(id)).toMatchObject({ handling: "new", life: { ladder: { dueAt: T + 6.5 * MINUTE } } });
    book.fold([finding("flood.warning", "device:t/f", "clear", T + 5 * MINUTE)], T + 5 * MINUTE);
    book.fold([], T + 60 * MINUTE);
    drain();
    expect(whats()).not.toContain("ladder");
  });

  it("takes the most exact rule, and skips a level that the grid has not", () => {
    const exact = { kind: "flood.*", severity: 2, village_s: 60, town_s: 0 } as const;
    start({ ladder: [...ladder, exact] });
    expect(book.get(open())?.life.ladder?.dueAt).toBe(T + MINUTE);
    start({ ladder });
    book.setGrids({
      ...grids,
      path: () => [
        { level: "town", id: "t1" },
        { level: "grid", id: "g1" },
      ],
    });
    expect(book.get(open())?.life.ladder?.dueAt).toBe(T + 10 * MINUTE);
  });
});

describe("quiet", () => {
  it("records what is muted, tells nobody, and tells it when the mute is over by itself", () => {
    start({ quiet: [quiet({ subject: "device:t/f" })] }, true);
    book.fold([finding("flood.guarantee", "device:t/f", "raise", T, { severity: 1 })], T);
    expect(drain()).toMatchObject([{ handling: "new", life: { muted: "mute:7" } }]);
    expect(sent()).toEqual([]);
    book.fold([], T + 30 * MINUTE);
    expect(drain()).toMatchObject([{ handling: "handed_off", life: {} }]);
    expect(sent()).toEqual(["unmute", "hand_off"]);
    expect(whats()).toEqual(["open", "mute", "unmute", "hand_off"]);
  });

  it("goes on telling whom it had told, and lets a person insist", () => {
    book.fold([finding("flood.warning", "a", "raise", T), finding("flood.warning", "b", "raise", T)], T);
    const [a, b] = drain();
    book.setPolicy(policyOf({ quiet: [quiet({ gridId: "t1" })] }));
    book.fold([finding("flood.warning", "a", "clear", T + 1), finding("flood.warning", "c", "raise", T + 1)], T + 1);
    const c = drain().find((event) => event.subject === "c")!;
    expect(outbox.map(({ eventId, type }) => [eventId, type])).toEqual([[a.id, "open"], [b.id, "open"], [a.id, "clear"]]); // prettier-ignore
    book.act(c.id, "whistle", "li", "now", T + 2, { departments: ["水利", "应急"] });
    drain();
    expect(outbox.at(-1)).toMatchObject({ eventId: c.id, type: "whistle" });
    expect(lines.at(-1)).toMatchObject({ note: "水利、应急: now", evidence: { departments: ["水利", "应急"] } });
  });

  it.each<[string, Partial<QuietRule>, number, boolean]>([
    ["a window in its hours", { weekly: { days: [1], from: "09:30", minutes: 60 } }, T, true],
    ["a window before its hours", { weekly: { days: [1], from: "10:30", minutes: 60 } }, T, false],
    ["a window on another day", { weekly: { days: [2, 3], from: "09:30", minutes: 60 } }, T, false],
    ["a window over midnight", { weekly: { days: [7], from: "23:00", minutes: 720 } }, T, true],
    ["a window that is over", { to: T - 1, from: T - 2 }, T, false],
    ["a mute of another kind", { kind: "fire.*" }, T, false],
    ["a mute of the camera that sees the place", { subject: "device:t/cam" }, T, true],
  ])("%s", (_name, more, now, muted) => {
    const rule = quiet({ gridId: "g1", to: T + 1e9, from: T - 1e9, ...more });
    const { quiet: rules } = policyOf({ quiet: [rule] });
    expect(rules.of("vision.stall", "place:t/cam#2", ["c", "t1", "v1", "g1"], now) !== null).toBe(muted);
  });
});

describe("codes", () => {
  const rows = (towns: readonly string[] | null) =>
    catalogueRows().map((row) => (row.kind === "bin.full" ? { ...row, towns } : row));

  it("stores what the town's platform does not admit, says why, and sends it when it is admitted", () => {
    start({ codes: rows(["t2"]) });
    book.fold([finding("bin.full", "device:t/b", "raise", T)], T);
    const [{ id }] = drain();
    book.act(id, "hand_off", "li", "", T + 1);
    drain();
    expect(lines).toMatchObject([{ what: "open" }, { what: "not_sent", note: "code 01 is not admitted in t1" }, { what: "hand_off" }]); // prettier-ignore
    expect(sent()).toEqual([]);
    book.setPolicy(policyOf({ codes: rows(null) }));
    book.fold([], T + 2);
    drain();
    expect(sent()).toEqual(["unmute"]);
  });
});

describe("callbacks", () => {
  const callback = fc.record({
    id: fc.string({ minLength: 1, maxLength: 2 }),
    kind: fc.constantFrom<PlatformCallback["kind"]>("accepted", "responded", "done", "rejected", "evaluated"),
    ts: fc.nat(4),
    verdict: fc.constantFrom<"confirmed" | "false_alarm">("confirmed", "false_alarm"),
  });

  it("end the same in whatever order and however often they come", () => {
    fc.assert(
      fc.property(
        fc
          .uniqueArray(callback, { selector: (c) => c.id, maxLength: 8 })
          .chain((said) =>
            fc.tuple(fc.constant(said), fc.shuffledSubarray([...said, ...said], { minLength: said.length * 2 })),
          ),
        ([inOrder, shuffled]) => {
          const end = (said: typeof inOrder) => {
            start();
            book.fold([finding("flood.warning", "a", "raise", T)], T);
            const [event] = book.active();
            for (const each of said) book.callback(event.id, { ...each, platform: "p", who: "", note: "" }, T);
            return {
              handling: book.get(event.id)?.handling,
              label: book.get(event.id)?.life.verdict === "false_alarm",
            };
          };
          expect(end(shuffled)).toEqual(end(inOrder));
        },
      ),
    );
  });

  it("keep the term, note what comes too late, and do not touch what people have closed", () => {
    book.fold([finding("flood.warning", "a", "raise", T)], T);
    const [{ id }] = drain();
    const say = (more: Partial<PlatformCallback>) =>
      book.callback(id, { id: "1", platform: "p", kind: "accepted", ts: T, who: "city", note: "", ...more }, T + 9);
    expect(say({ kind: "responded", until: T + 99, ts: T + 5 })).toMatchObject({ outcome: "applied" });
    expect(book.get(id)).toMatchObject({ handling: "accepted", life: { platform: { until: T + 99 } } });
    expect(say({ id: "0", kind: "rejected", ts: T + 1 })).toMatchObject({ outcome: "noted" });
    expect(say({ id: "2", kind: "done", ts: T + 6 })).toMatchObject({ event: { handling: "done" } });
    book.act(id, "close", "li", "", T + 9);
    expect(say({ id: "3", kind: "rejected", ts: T + 9 })).toMatchObject({
      outcome: "noted",
      event: { handling: "closed" },
    });
    expect(say({ id: "4", kind: "evaluated" })).toMatchObject({ event: { life: { verdict: "confirmed" } } });
    expect(book.callback("nobody", { id: "1", kind: "done", ts: T, who: "p", note: "" }, T)).toMatchObject({ code: "not_found" }); // prettier-ignore
    drain();
    expect(whats()).toEqual(["open", "respond", "callback", "done", "close", "callback", "confirm"]);
  });
});

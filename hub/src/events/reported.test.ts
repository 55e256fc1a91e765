import { beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import type { EventTransition, GridEvent } from "../event.ts";
import type { Finding } from "../finding.ts";
import { emptyBatch } from "../store/batch.ts";
import { EventBook } from "./event-book.ts";
import { EventPolicy, NO_POLICY } from "./event-policy.ts";
import { NO_GRIDS } from "./place.ts";
import { reportedBy } from "./reported.ts";
import { whyActive } from "./why-active.ts";

const T = Date.UTC(2026, 10, 22, 2);
const device = { id: 1, uid: "t/h1", gridId: "g1", lon: 122, lat: 30, edge: { key: "t/e1" } } as Device;
const raise = (kind: string, subject: string, source: string): Finding =>
  ({ kind, subject, source, phase: "raise", ts: T, severity: 3, device, gridId: "g1", lon: 122, lat: 30, evidence: {}, late: false }); // prettier-ignore
const ticket = (key: string) => raise("device.repair", `device:t/h1#${key}`, reportedBy("li"));

let book: EventBook;
let lines: EventTransition[];
let stored: Map<string, GridEvent>;
function drain(): void {
  const batch = emptyBatch(1);
  book.drain(batch);
  for (const event of batch.events) stored.set(event.id, event);
  lines.push(...batch.transitions);
}
beforeEach(() => {
  lines = [];
  stored = new Map();
  book = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, NO_GRIDS, () => []);
  // as greedy as settings can be: everything is one family, and a dead edge holds all of the devices back
  const fusion = [{ family: "all", kinds: ["*"], radius_m: 5000, window_s: 3600 }];
  const parents = [{ parent: "edge.offline", children: ["device.*"], scope: "edge" as const }];
  book.setPolicy(new EventPolicy({ ...NO_POLICY, fusion, parents }));
});

describe("what people report", () => {
  it("is an event of its own whatever fuses or holds findings, once for each subject, in the person's name", () => {
    book.fold([raise("edge.offline", "edge:t/e1", "health"), raise("device.silent", "device:t/h1", "health")], T);
    const { event, made } = book.report(ticket("a"), "li", "阀杆锈死", T);
    expect(made).toBe(true);
    expect(event).toMatchObject({ kind: "device.repair", gridId: "g1", gridMatch: "bound", deviceId: 1 });
    expect(book.report(ticket("a"), "li", "阀杆锈死", T + 1)).toMatchObject({ made: false, event: { id: event.id } });
    expect(book.report(ticket("b"), "li", "漆掉了", T + 2).made).toBe(true);
    drain();
    expect(stored.size).toBe(3);
    expect(lines.filter(({ eventId }) => eventId === event.id)).toMatchObject([{ what: "open", who: "li", note: "阀杆锈死" }]); // prettier-ignore
    expect(whyActive(event)?.code).toBe("report");
  });

  it("goes on until it is dealt with, over a restart, and again when the platform takes it back", () => {
    const { id } = book.report(ticket("a"), "li", "", T).event;
    drain();
    book.load([...stored.values()]);
    book.fold([], T + 30 * 86_400_000);
    expect(book.get(id)?.sensing).toBe("active");
    book.act(id, "hand_off", "li", "", T + 1);
    const said = (callback: string, kind: "accepted" | "done", ts: number) =>
      book.callback(id, { platform: "p", id: callback, kind, ts, who: "", note: "" }, ts);
    said("1", "done", T + 2);
    expect(book.get(id)).toMatchObject({ sensing: "cleared", clearedAt: T + 2 });
    said("2", "accepted", T + 3);
    expect(book.get(id)).toMatchObject({ sensing: "active", clearedAt: null, handling: "accepted" });
    book.act(id, "close", "li", "已修复", T + 4);
    expect(book.get(id)).toMatchObject({ sensing: "cleared", handling: "closed" });
    drain();
    expect(lines.map(({ what }) => what)).toEqual(["open", "hand_off", "done", "clear", "accept", "reopen", "close", "clear"]); // prettier-ignore
  });

  it("leaves what sources reported to their all-clear", () => {
    book.fold([raise("device.fault", "device:t/h1", "health")], T);
    const [event] = [...book.active()];
    book.act(event.id, "close", "li", "", T + 1);
    expect(book.get(event.id)).toMatchObject({ sensing: "active", handling: "closed" });
  });
});

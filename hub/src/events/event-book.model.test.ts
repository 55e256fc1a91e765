import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventTransition, GridEvent, Handling } from "../event.ts";
import type { Finding, Severity } from "../finding.ts";
import { emptyBatch } from "../store/batch.ts";
import type { PlatformCallback } from "./callback.ts";
import { EventBook } from "./event-book.ts";
import { EventPolicy, NO_POLICY } from "./event-policy.ts";
import type { EventAction } from "./handling.ts";
import { NO_GRIDS } from "./place.ts";
import { whyActive } from "./why-active.ts";

const START = 1_763_776_800_000;

/** What the table of the README says, written a second time. */
const TABLE: Readonly<Record<string, string>> = {
  new: "acknowledge:acknowledged hand_off:handed_off whistle:handed_off accept:accepted respond:accepted done:done reject:rejected close:closed false_alarm:false_alarm confirm:new",
  acknowledged:
    "hand_off:handed_off whistle:handed_off accept:accepted respond:accepted done:done reject:rejected close:closed false_alarm:false_alarm confirm:acknowledged",
  handed_off:
    "whistle:handed_off accept:accepted respond:accepted done:done reject:rejected close:closed false_alarm:false_alarm confirm:handed_off",
  accepted:
    "whistle:accepted respond:accepted done:done reject:rejected close:closed false_alarm:false_alarm confirm:accepted",
  done: "accept:accepted respond:accepted reject:rejected close:closed false_alarm:false_alarm confirm:done",
  rejected:
    "return:new acknowledge:acknowledged hand_off:handed_off whistle:handed_off accept:accepted respond:accepted done:done close:closed false_alarm:false_alarm confirm:rejected",
  closed: "false_alarm:false_alarm confirm:closed",
  false_alarm: "",
};
const LEGAL = new Set(
  Object.entries(TABLE).flatMap(([from, steps]) =>
    steps
      .split(" ")
      .filter((step) => step !== "")
      .map((step) => `${from} ${step.replace(":", " ")}`),
  ),
);
const SENSED = new Set([
  "open",
  "update",
  "escalate",
  "deescalate",
  "join",
  "leave",
  "hold",
  "release",
  "clear",
  "reopen",
]);
const NEUTRAL = new Set(["comment", "callback", "delivered", "ladder", "mute", "unmute", "not_sent"]);
const ACTIONS: readonly EventAction[] = [
  "acknowledge",
  "hand_off",
  "whistle",
  "accept",
  "done",
  "reject",
  "return",
  "close",
  "false_alarm",
  "confirm",
  "comment",
];
const POLICY = new EventPolicy({
  ...NO_POLICY,
  fusion: [{ family: "fire", kinds: ["fire.alarm", "smoke.alarm"], radius_m: 500_000, window_s: 600 }],
  parents: [{ parent: "edge.offline", children: ["device.silent"], scope: "grid" }],
  ladder: ([1, 2, 3] as const).map((severity) => ({ kind: "*", severity, village_s: 60 * severity, town_s: 300 })),
  quiet: [
    {
      id: 1,
      type: "mute",
      gridId: null,
      kind: "smoke.*",
      subject: "b",
      from: START + 300_000,
      to: START + 2_000_000,
      weekly: null,
      reason: "",
      who: "",
    },
  ],
});

type Step =
  | { readonly do: "find"; readonly f: Partial<Finding> & { ago: number } }
  | { readonly do: "act"; readonly pick: number; readonly action: EventAction }
  | ({ readonly do: "callback"; readonly pick: number; readonly id: number; readonly ago: number } & Pick<
      PlatformCallback,
      "kind" | "verdict"
    >)
  | { readonly do: "deliver"; readonly pick: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "drain" }
  | { readonly do: "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("find" as const),
      f: fc.record({
        kind: fc.constantFrom("vessel.sos", "fire.alarm", "smoke.alarm", "edge.offline", "device.silent"),
        subject: fc.constantFrom("a", "b"),
        phase: fc.constantFrom("raise" as const, "update" as const, "clear" as const),
        severity: fc.constantFrom<Severity>(1, 2, 3, 4),
        gridId: fc.constantFrom(null, "g1", "g2"),
        lon: fc.constantFrom(null, 1, 2),
        late: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
        ago: fc.nat(100_000),
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("act" as const),
      pick: fc.nat(),
      action: fc.constantFrom<EventAction>(...ACTIONS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("callback" as const),
      pick: fc.nat(),
      id: fc.nat(6),
      kind: fc.constantFrom<PlatformCallback["kind"]>("accepted", "responded", "done", "rejected", "evaluated"),
      verdict: fc.constantFrom<"confirmed" | "false_alarm">("confirmed", "false_alarm"),
      ago: fc.nat(10),
    }),
  },
  fc.record({ do: fc.constant("deliver" as const), pick: fc.nat() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(900_000) }) },
  { weight: 2, arbitrary: fc.constant({ do: "drain" as const }) },
  fc.constant({ do: "restart" as const }),
);

/** A database of what was drained, which checks every row against the ones before it. */
class Ledger {
  readonly events = new Map<string, GridEvent>();
  readonly lines = new Map<string, EventTransition[]>();

  take(book: EventBook): void {
    const batch = emptyBatch(1);
    book.drain(batch);
    for (const line of batch.transitions) {
      const before = this.lines.get(line.eventId) ?? [];
      expect(line.revision).toBeGreaterThan(before.at(-1)?.revision ?? 0);
      expect(before.length === 0).toBe(line.what === "open");
      this.lines.set(line.eventId, [...before, line]);
    }
    for (const event of batch.events) {
      const before = this.events.get(event.id);
      if (before !== undefined) {
        expect(event.revision).toBeGreaterThan(before.revision);
        for (const field of ["kind", "subject", "gridId", "openedAt", "createdAt", "late"] as const)
          expect(event[field]).toBe(before[field]);
      }
      expect(event.clearedAt === null).toBe(event.sensing === "active");
      this.events.set(event.id, event);
    }
    for (const row of batch.outbox) expect(this.events.has(row.eventId)).toBe(true);
    this.#replay();
    this.#oneActive();
  }

  /** Both states of every event follow from its timeline by legal steps only. */
  #replay(): void {
    for (const [id, lines] of this.lines) {
      let handling: Handling = "new";
      let sensing = "";
      for (const { what, severity } of lines) {
        expect(severity).toBeGreaterThanOrEqual(1);
        if (what === "open" || what === "reopen") {
          expect(sensing).toBe(what === "open" ? "" : "cleared");
          expect(["closed", "done", "false_alarm"]).not.toContain(handling);
          sensing = "active";
        } else if (what === "clear") {
          expect(sensing).toBe("active");
          sensing = "cleared";
        } else if (SENSED.has(what)) {
          // what is held is let go after the end
          if (what !== "release") expect(sensing).toBe("active");
        } else if (!NEUTRAL.has(what)) {
          const to: Handling = [...LEGAL].find((l) => l.startsWith(`${handling} ${what} `))?.split(" ")[2] as Handling;
          // a platform that names another term has still accepted, one that is told off stays where it was
          expect(to, `${what} while ${handling}`).toBeDefined();
          handling = to;
        }
      }
      expect(this.events.get(id)).toMatchObject({ handling, sensing, severity: expect.any(Number) as number });
    }
  }

  #oneActive(): void {
    const active = [...this.events.values()].filter((e) => e.sensing === "active");
    for (const event of active) expect(whyActive(event)?.detail.length, event.id).toBeGreaterThan(0);
    for (const event of this.events.values()) if (!active.includes(event)) expect(whyActive(event)).toBeNull();
    const keys = active.flatMap((e) =>
      (e.life.parts?.filter((part) => part.active) ?? [e]).map((of) => `${of.kind} ${of.subject} ${e.gridId}`),
    );
    expect(new Set(keys).size).toBe(keys.length);
  }
}

describe("EventBook, any history", () => {
  it("never has two active events of one identity and takes legal steps only", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, autoHandOff) => {
        const grids = {
          ...NO_GRIDS,
          locate: (lon: number) => ({ gridId: `g${lon}`, match: "inside" as const }),
          path: (id: string) => [
            { level: "town", id: "t" },
            { level: "village", id: "v" },
            { level: "grid", id },
          ],
        };
        const create = () => {
          const made = new EventBook(
            { durationScale: 1, reopenWindowMs: 600_000, autoHandOff, maxHeld: 4 },
            grids,
            (e, t) => [{ eventId: e.id, revision: t.revision, type: t.what, target: "t", body: null }],
          );
          made.setPolicy(POLICY);
          return made;
        };
        let book = create();
        let now = START;
        const ledger = new Ledger();
        for (const s of steps) {
          now += 1000;
          const ids = [...ledger.events.keys()];
          if (s.do === "find") {
            const { ago, ...f } = s.f;
            const rest = { device: null, lat: 30, source: "model", evidence: {} };
            book.fold([{ ...rest, ...f, ts: now - ago } as Finding], now);
          } else if (s.do === "act" && ids.length > 0) {
            const id = ids[s.pick % ids.length];
            // As the API does: an event that has left memory comes back from the database.
            if (book.get(id) === undefined) book.adopt(ledger.events.get(id)!, now);
            const before = book.get(id)!.handling;
            const result = book.act(id, s.action, "li", "", now);
            const legal = s.action === "comment" || [...LEGAL].some((l) => l.startsWith(`${before} ${s.action} `));
            expect("code" in result).toBe(!legal);
          } else if (s.do === "callback" && ids.length > 0) {
            const id = ids[s.pick % ids.length];
            if (book.get(id) === undefined) book.adopt(ledger.events.get(id)!, now);
            const { kind, verdict, ago } = s;
            const said = { id: `c${s.id}`, platform: "p", kind, verdict, ts: START + ago, who: "", note: "" };
            expect("outcome" in book.callback(id, said, now)).toBe(true);
            const once = book.get(id)!.revision;
            expect(book.callback(id, said, now)).toMatchObject({ outcome: "repeated" });
            expect(book.get(id)!.revision).toBe(once);
          } else if (s.do === "deliver" && ids.length > 0) {
            book.delivered(ids[s.pick % ids.length], "t", true, "", now);
          } else if (s.do === "wait") {
            now += s.ms;
            book.fold([], now);
          } else if (s.do === "restart") {
            // What was not drained is lost, as after a failed commit.
            book = create();
            book.load(
              [...ledger.events.values()].filter(
                (e) => e.clearedAt === null || now - e.clearedAt < 600_000 || e.life.held !== undefined,
              ),
            );
          } else {
            ledger.take(book);
          }
        }
        ledger.take(book);
        for (const event of book.active()) expect(ledger.events.get(event.id)).toEqual(event);
        expect([...book.active()].length).toBe(
          [...ledger.events.values()].filter((e) => e.sensing === "active" && !e.late).length,
        );
      }),
      { numRuns: 400 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GridEvent } from "../event.ts";
import type { Finding, Severity } from "../finding.ts";
import { emptyBatch } from "../store/batch.ts";
import { EventBook } from "./event-book.ts";
import { EventPolicy, NO_POLICY } from "./event-policy.ts";
import { NO_GRIDS } from "./place.ts";
import { whyActive } from "./why-active.ts";

const START = 1_763_776_800_000;
const grids = { ...NO_GRIDS, locate: () => ({ gridId: "g", match: "inside" as const }), path: () => [{ level: "grid", id: "g" }] }; // prettier-ignore
const policy = new EventPolicy({
  ...NO_POLICY,
  fusion: [{ family: "fire", kinds: ["fire.alarm", "smoke.alarm"], radius_m: 100, window_s: 600 }],
  parents: [{ parent: "edge.offline", children: ["device.silent"], scope: "grid" }],
});

type Step =
  | {
      readonly do: "find";
      readonly kind: string;
      readonly subject: string;
      readonly on: boolean;
      readonly severity: Severity;
    }
  | { readonly do: "close"; readonly pick: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "restart" };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("find" as const),
      kind: fc.constantFrom("fire.alarm", "smoke.alarm", "edge.offline", "device.silent", "vessel.sos"),
      subject: fc.constantFrom("a", "b", "c"),
      on: fc.boolean(),
      severity: fc.constantFrom<Severity>(1, 2, 3),
    }),
  },
  fc.record({ do: fc.constant("close" as const), pick: fc.nat() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(700_000) }) },
  fc.constant({ do: "restart" as const }),
);

/** What goes on, by a model that knows nothing of events: what was raised and not cleared. */
describe("events that never ended", () => {
  it("are active for what is raised and for nothing else, and nothing that is raised is without an event for long", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const create = () => {
          const made = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, grids, () => []);
          made.setPolicy(policy);
          return made;
        };
        let book = create();
        let now = START;
        const raised = new Map<string, Severity>();
        const stored = new Map<string, GridEvent>();
        for (const s of steps) {
          now += 1000;
          if (s.do === "find") {
            const { kind, subject, severity } = s;
            const rest = { device: null, gridId: null, lon: 122, lat: 30, source: "m", evidence: {}, late: false };
            book.fold([{ ...rest, kind, subject, severity, phase: s.on ? "raise" : "clear", ts: now } as Finding], now);
            if (s.on) raised.set(`${kind} ${subject}`, severity);
            else raised.delete(`${kind} ${subject}`);
          } else if (s.do === "wait") book.fold([], (now += s.ms));
          else if (s.do === "restart") {
            book = create();
            book.load([...stored.values()].filter((e) => e.clearedAt === null || now - e.clearedAt < 600_000 || e.life.held !== undefined)); // prettier-ignore
          } else if (stored.size > 0) {
            const event = [...stored.values()][s.pick % stored.size];
            book.adopt(event, now);
            book.act(event.id, "close", "li", "", now);
          }
          const batch = emptyBatch(1);
          book.drain(batch);
          for (const event of batch.events) stored.set(event.id, event);

          const active = [...book.active()];
          const on = active.flatMap((e) => (e.life.parts?.filter((part) => part.active) ?? [e]).map((of) => `${of.kind} ${of.subject}`)); // prettier-ignore
          const held = [...stored.values()].flatMap((e) => (e.life.held ?? []).map((of) => `${of.kind} ${of.subject}`));
          expect([...on, ...held].sort()).toEqual([...raised.keys()].sort());
          for (const event of active) {
            expect(whyActive(event)?.detail.length).toBeGreaterThan(0);
            const parts = event.life.parts?.filter((part) => part.active) ?? [event];
            expect(event.severity).toBe(Math.min(...parts.map((of) => raised.get(`${of.kind} ${of.subject}`) ?? 9)));
          }
          // what is held is held by something that goes on, or has ended a moment ago
          for (const { life, sensing } of stored.values())
            if (life.held !== undefined && sensing === "cleared")
              expect(life.releaseAt).toBeGreaterThanOrEqual(now - 1000);
        }
        // all-clear of everything: after the time of a release nothing is left
        for (const key of raised.keys()) {
          const [kind, subject] = key.split(" ");
          const rest = { device: null, gridId: null, lon: 122, lat: 30, source: "m", evidence: {}, late: false };
          book.fold([{ ...rest, kind, subject, severity: 3, phase: "clear", ts: now } as Finding], now);
        }
        book.fold([], now + 400_000);
        expect([...book.active()]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

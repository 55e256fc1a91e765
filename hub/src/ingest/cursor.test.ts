import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cursors } from "./cursor.ts";

const wide = { maxRanges: 1000, maxBoots: 8 };

describe("cursors", () => {
  it("counts in order with one number", () => {
    const cursors = new Cursors(wide);
    for (let q = 1; q <= 1000; q++) expect(cursors.admit(1, 7, q)).toBe("new");
    expect(cursors.drain()).toEqual([{ edgeId: 1, boot: 7, upto: 1000, above: [] }]);
    expect(cursors.drain()).toEqual([]);
  });

  it("takes the first message of an unknown boot as its beginning", () => {
    const cursors = new Cursors(wide);
    expect(cursors.admit(1, 7, 120_345)).toBe("new");
    expect(cursors.drain()).toEqual([{ edgeId: 1, boot: 7, upto: 120_345, above: [] }]);
  });

  it("knows from `state` that older records are still to come", () => {
    const cursors = new Cursors(wide);
    cursors.base(1, 7, 1);
    expect(cursors.admit(1, 7, 5)).toBe("new");
    expect(cursors.admit(1, 7, 1)).toBe("new");
    expect(cursors.drain()).toEqual([{ edgeId: 1, boot: 7, upto: 1, above: [[5, 5]] }]);
  });

  it("closes a gap that the sender declares lost", () => {
    const cursors = new Cursors(wide);
    cursors.base(1, 7, 1);
    for (const q of [1, 2, 9, 12]) cursors.admit(1, 7, q);
    expect(cursors.gap(1, 7, 3, 11)).toBe(8);
    expect(cursors.drain()).toEqual([{ edgeId: 1, boot: 7, upto: 12, above: [] }]);
    expect(cursors.admit(1, 7, 4)).toBe("duplicate");
  });

  it("refuses to track more ranges than its bound, without forgetting any", () => {
    const cursors = new Cursors({ maxRanges: 3, maxBoots: 8 });
    cursors.base(1, 1, 1);
    for (const q of [10, 20, 30]) expect(cursors.admit(1, 1, q)).toBe("new");
    expect(cursors.admit(1, 1, 40)).toBe("holes");
    expect(cursors.admit(1, 1, 20)).toBe("duplicate");
    expect(cursors.admit(1, 1, 31)).toBe("new");
  });

  it("keeps boots apart and continues after load", () => {
    const cursors = new Cursors(wide);
    cursors.admit(1, 1, 1);
    cursors.admit(1, 2, 1);
    const again = new Cursors(wide);
    again.load(cursors.drain());
    expect(again.admit(1, 1, 1)).toBe("duplicate");
    expect(again.admit(1, 2, 2)).toBe("new");
  });

  it("admits every number exactly once, whatever the order, gaps and reloads (model)", () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant("admit" as const), q: fc.integer({ min: 1, max: 60 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("gap" as const),
          q: fc.integer({ min: 1, max: 60 }),
          size: fc.nat(10),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("base" as const), q: fc.integer({ min: 1, max: 60 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("reload" as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let cursors = new Cursors(wide);
        cursors.base(1, 1, 1);
        const saved = new Map<number, ReturnType<Cursors["drain"]>[number]>();
        const model = new Set<number>();
        for (const s of steps) {
          if (s.kind === "admit") {
            expect(cursors.admit(1, 1, s.q)).toBe(model.has(s.q) ? "duplicate" : "new");
            model.add(s.q);
          } else if (s.kind === "gap") {
            const before = model.size;
            for (let q = s.q; q <= s.q + s.size; q++) model.add(q);
            expect(cursors.gap(1, 1, s.q, s.q + s.size)).toBe(model.size - before);
          } else if (s.kind === "base") {
            cursors.base(1, 1, s.q);
            for (let q = 1; q < s.q; q++) model.add(q);
          }
          for (const row of cursors.drain()) saved.set(row.boot, row);
          if (s.kind === "reload") {
            cursors = new Cursors(wide);
            cursors.load([...saved.values()]);
          }
        }
        const row = saved.get(1) ?? { upto: 0, above: [] };
        const stored = new Set<number>();
        for (let q = 1; q <= row.upto; q++) stored.add(q);
        for (const [from, to] of row.above) for (let q = from; q <= to; q++) stored.add(q);
        expect([...stored].sort((a, b) => a - b)).toEqual([...model].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});

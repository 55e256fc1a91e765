import fc from "fast-check";
import { expect, it } from "vitest";
import { type Due, DueQueue } from "./due-queue.ts";

type Item = Due & { readonly id: number };

it("takes exactly what is due, in order, whatever was set, postponed, moved or removed before", () => {
  const step = fc.record({
    id: fc.integer({ min: 0, max: 9 }),
    what: fc.constantFrom("set", "postpone", "remove", "take", "shift"),
    by: fc.integer({ min: 0, max: 50 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new DueQueue<Item>();
      const items = Array.from({ length: 10 }, (_, id): Item => ({ id, due: Infinity, slot: -1 }));
      const model = new Map<number, number>();
      let now = 0;
      for (const { id, what, by } of steps) {
        const item = items[id];
        if (what === "set" && item.slot >= 0 && now + by > item.due) continue;
        if (what === "set") {
          queue.set(item, now + by);
          model.set(id, now + by);
        } else if (what === "postpone" && item.slot >= 0) {
          item.due += by;
          model.set(id, item.due);
        } else if (what === "remove") {
          queue.remove(item);
          model.delete(id);
        } else if (what === "shift") {
          queue.shift(by);
          for (const [key, due] of model) model.set(key, due + by);
        } else if (what === "take") {
          now += by;
          const taken: number[] = [];
          for (let t = queue.take(now); t !== undefined; t = queue.take(now)) taken.push(t.due);
          const due = [...model.values()].filter((d) => d <= now).sort((a, b) => a - b);
          expect(taken).toEqual(due);
          for (const [key, d] of [...model]) if (d <= now) model.delete(key);
        }
        expect(queue.size).toBe(model.size);
      }
    }),
  );
});

it("an infinite deadline takes an item out", () => {
  const queue = new DueQueue<Item>();
  const item: Item = { id: 0, due: Infinity, slot: -1 };
  queue.set(item, 5);
  queue.set(item, Infinity);
  expect(queue.size).toBe(0);
  expect(queue.take(10)).toBeUndefined();
});

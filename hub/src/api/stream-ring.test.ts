import { describe, expect, it } from "vitest";
import { StreamRing } from "./stream-ring.ts";

function filled(count: number, maxMessages: number, maxBytes = 1e9, bytes = 10): StreamRing {
  const ring = new StreamRing(1000, maxMessages, maxBytes);
  for (let i = 0; i < count; i++) {
    ring.push({ id: ring.nextId(), frame: Buffer.alloc(bytes), scoped: () => null });
  }
  return ring;
}
const ids = (ring: StreamRing, after: number) => ring.after(after)?.map((m) => m.id) ?? null;

describe("ring of the stream", () => {
  it("gives what came after an id, in order", () => {
    expect(ids(filled(5, 10), 1003)).toEqual([1004, 1005]);
    expect(ids(filled(5, 10), 1000)).toEqual([1001, 1002, 1003, 1004, 1005]);
    expect(ids(filled(5, 10), 1005)).toEqual([]);
    expect(ids(filled(0, 10), 1000)).toEqual([]);
  });

  it("says so when something is gone", () => {
    const ring = filled(25, 10);
    expect(ring.size).toBe(10);
    expect(ids(ring, 1014)).toBeNull();
    expect(ids(ring, 1015)).toHaveLength(10);
  });

  it("knows ids that were never given: of an earlier run, or of none", () => {
    expect(ids(filled(5, 10), 17)).toBeNull();
    expect(ids(filled(5, 10), 1006)).toBeNull();
    expect(ids(filled(0, 10), 3)).toBeNull();
  });

  it("is bounded by bytes too, but keeps the newest message", () => {
    const ring = filled(50, 100, 95, 10);
    expect(ring.size).toBe(9);
    expect(filled(3, 100, 5, 10).size).toBe(1);
  });

  it("stays bounded over a long time", () => {
    const ring = filled(100_000, 10);
    expect(ring.size).toBe(10);
    expect(ids(ring, 1000 + 99_998)).toEqual([101_000 - 1, 101_000]);
  });
});

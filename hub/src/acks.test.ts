import { describe, expect, it, vi } from "vitest";
import { Acks, backfillRate } from "./acks.ts";
import type { Broker } from "./broker/broker.ts";
import type { Edge } from "./device.ts";

function scene() {
  const sent: { topic: string; body: unknown }[] = [];
  const broker: Broker = {
    address: "",
    start: () => Promise.resolve(),
    publish: (topic, payload) => sent.push({ topic, body: JSON.parse(payload.toString()) }),
    disconnect: () => {},
    stats: () => ({ clients: 0, refused: {} }),
    close: () => Promise.resolve(),
  };
  const edge = (id: number): Edge => ({ id, key: `town/e${id}`, site: "town", name: `e${id}`, title: "" });
  return {
    sent,
    acks: new Acks(
      broker,
      "gridhub/v1",
      (id) => (id < 10 ? edge(id) : undefined),
      () => 500,
      10,
    ),
  };
}

describe("acks", () => {
  it("tells each edge the newest cursor of each boot, once", async () => {
    const { sent, acks } = scene();
    acks.stored([{ edgeId: 1, boot: 7, upto: 3 }]);
    acks.stored([
      { edgeId: 1, boot: 7, upto: 9 },
      { edgeId: 1, boot: 6, upto: 100 },
      { edgeId: 2, boot: 1, upto: 1 },
    ]);
    await vi.waitFor(() => expect(sent).toHaveLength(3));
    expect(sent).toContainEqual({ topic: "gridhub/v1/town/e1/ack", body: { b: 7, upto: 9, rate: 500 } });
    expect(sent).toContainEqual({ topic: "gridhub/v1/town/e1/ack", body: { b: 6, upto: 100, rate: 500 } });
  });

  it("repeats what is stored for an edge that came back, from before the start too", () => {
    const { sent, acks } = scene();
    acks.load([{ edgeId: 1, boot: 5, upto: 50 }]);
    acks.repeat(1);
    acks.repeat(2);
    acks.flush();
    expect(sent).toEqual([{ topic: "gridhub/v1/town/e1/ack", body: { b: 5, upto: 50, rate: 500 } }]);
  });

  it("is silent about edges it does not know", () => {
    const { sent, acks } = scene();
    acks.stored([{ edgeId: 99, boot: 1, upto: 1 }]);
    acks.flush();
    expect(sent).toEqual([]);
  });

  it("asks for less backfill the more waits", () => {
    expect(backfillRate(0)).toBeGreaterThan(backfillRate(2000));
    expect(backfillRate(2000)).toBeGreaterThan(backfillRate(100_000));
    expect(backfillRate(1e9)).toBeGreaterThan(0);
  });
});

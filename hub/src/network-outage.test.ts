import { describe, expect, it } from "vitest";
import type { Finding } from "./finding.ts";
import { EventBook } from "./events/event-book.ts";
import { DEFAULT_SETTINGS, EventPolicy, NO_POLICY } from "./events/event-policy.ts";
import { NO_GRIDS } from "./events/place.ts";
import { OutageScene } from "./health/outage-scene.ts";
import { emptyBatch } from "./store/batch.ts";

/** What the duty room sees of a town whose carrier fails: health's findings as events, by the default policy. */
function duty(s: OutageScene) {
  const book = new EventBook({ durationScale: 1, reopenWindowMs: 600_000 }, NO_GRIDS, () => []);
  book.setPolicy(new EventPolicy({ ...NO_POLICY, ...DEFAULT_SETTINGS }));
  const seen = new Map<string, string>();
  const take = (): string[] => {
    const findings: Finding[] = s.found.splice(0);
    book.fold(findings, s.scene.now);
    for (const e of book.drain(emptyBatch())) seen.set(e.id, `${e.kind} ${e.subject} ${e.sensing}`);
    return [...seen.values()];
  };
  return { take };
}

describe("a town whose carrier fails", () => {
  it("is one event for the duty room, not thirty", () => {
    const s = new OutageScene(30);
    const room = duty(s);
    s.pass(60, (second) => second % 2 === 0 && s.kill([s.edges[second / 2 - 1]]));
    s.pass(3600);
    expect(room.take()).toEqual(["network.outage site:town active"]);
    s.pass(60, (second) => second % 2 === 0 && s.revive([s.edges[second / 2 - 1]]));
    s.pass(600);
    expect(room.take()).toEqual(["network.outage site:town cleared"]);
  });

  it("is one event that comes and goes with it, not twenty", () => {
    const s = new OutageScene(30);
    const room = duty(s);
    for (let i = 0; i < 20; i++) {
      s.kill(s.edges);
      s.pass(90);
      room.take();
      s.revive(s.edges);
      s.pass(90);
      room.take();
    }
    expect(room.take()).toEqual(["network.outage site:town active"]);
    s.pass(3600);
    expect(room.take()).toEqual(["network.outage site:town cleared"]);
  });

  it("closes what began as single gateways, and keeps them closed", () => {
    const s = new OutageScene(30);
    const room = duty(s);
    s.kill(s.edges.slice(0, 2));
    s.pass(40);
    room.take();
    s.kill(s.edges.slice(2));
    s.pass(3600);
    expect(room.take()).toEqual([
      "edge.offline edge:town/g1 cleared",
      "edge.offline edge:town/g2 cleared",
      "network.outage site:town active",
    ]);
  });
});

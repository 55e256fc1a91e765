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

  it("is one event for fifty modems that speak to the hub themselves, not fifty", () => {
    const s = new OutageScene(1, "town", [], 50);
    const room = duty(s);
    s.pass(900);
    s.pass(60, (second) => second <= 50 && s.kill([s.modems[second - 1]]));
    s.pass(3600);
    expect(room.take()).toEqual(["network.outage site:town active"]);
    expect(s.scene.monitor.counts()).toMatchObject({ unknown: 50 + 2, offline: 0, late: 0 });
    s.scene.restart(60);
    s.pass(600);
    s.revive(s.modems.slice(1));
    s.pass(110);
    expect(room.take()).toEqual(["network.outage site:town cleared"]);
    // the one that does not come back speaks by its own silence
    s.pass(900);
    expect(room.take()).toEqual(["network.outage site:town cleared", "device.offline device:town/m1 active"]);
    s.revive(s.modems.slice(0, 1));
    s.pass(60);
    expect(room.take().at(-1)).toBe("device.offline device:town/m1 cleared");
  });

  it("takes back what the first modems had said of themselves", () => {
    const s = new OutageScene(1, "town", [], 10);
    const room = duty(s);
    s.pass(900);
    s.kill(s.modems.slice(0, 2));
    s.pass(100);
    s.kill(s.modems.slice(2));
    s.pass(3600);
    expect(room.take()).toEqual(["network.outage site:town active"]);
    expect(s.scene.told.filter((line) => line.startsWith("false"))).toHaveLength(10);
  });

  it("is none where a few modems of many fail, nor where modems hang up after each report", () => {
    const few = new OutageScene(1, "town", [], 50);
    const room = duty(few);
    few.pass(900);
    few.kill(few.modems.slice(0, 4));
    few.pass(900);
    expect(room.take().sort()).toEqual(["m1", "m2", "m3", "m4"].map((m) => `device.offline device:town/${m} active`));

    const sleepers = new OutageScene(1, "town", [], 50);
    for (let i = 0; i < 5; i++) {
      sleepers.kill(sleepers.modems);
      sleepers.pass(300);
      sleepers.revive(sleepers.modems);
      sleepers.pass(40);
    }
    expect(sleepers.raised("network.outage")).toBe(0);
  });

  it("is one event for gateways and modems of one carrier; modems of another do not weigh against it", () => {
    const s = new OutageScene(4, "town", [], 40);
    const room = duty(s);
    s.pass(900);
    s.kill([...s.edges, ...s.modems.slice(0, 5)]);
    s.pass(3600);
    expect(room.take()).toEqual(["network.outage site:town active"]);
    expect(s.found).toEqual([]);
    s.revive([...s.edges, ...s.modems.slice(0, 5)]);
    s.pass(600);
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

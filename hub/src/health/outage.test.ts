import { describe, expect, it } from "vitest";
import { brief, deviceOf, edgeOf, HealthScene, MINUTE } from "./health-scene.ts";
import { OutageScene } from "./outage-scene.ts";

const OUTAGE = "network.outage site:town";

describe("a network outage", () => {
  it("30 gateways die within a minute and return: one event", () => {
    const s = new OutageScene(30);
    s.pass(60, (second) => second % 2 === 0 && s.kill([s.edges[second / 2 - 1]]));
    s.pass(600);
    expect(s.active()).toEqual([OUTAGE]);
    expect(s.raised("edge.offline")).toBe(0);
    const raise = s.found[0];
    expect(raise).toMatchObject({
      ...{ kind: "network.outage", phase: "raise", severity: 2, subject: "site:town", device: null, gridId: null },
      evidence: { ofEdges: 30 },
      lat: 30,
    });
    const last = s.found.at(-1);
    expect(last).toMatchObject({ phase: "update", evidence: { edges: 30, ofEdges: 30, away: 30, devices: 60 } });
    expect(last?.lon).toBeCloseTo(122 + 30.5 / 10); // the middle of 60 devices
    expect(last?.evidence.names).toHaveLength(20);
    expect(s.scene.monitor.counts()).toMatchObject({ unknown: 60 });

    s.found.length = 0;
    s.pass(60, (second) => second % 2 === 0 && s.revive([s.edges[second / 2 - 1]]));
    s.pass(600);
    expect(s.found.filter((f) => f.phase !== "update").map((f) => `${f.phase} ${f.kind}`)).toEqual([
      "clear network.outage",
    ]);
    expect(s.scene.rows.get("#outage town")).toBeNull();
  });

  it("without a last will it is noticed by silence, and is one event too", () => {
    const s = new OutageScene(30);
    s.kill(s.edges, false);
    s.pass(300);
    expect(s.active()).toEqual([OUTAGE]);
    expect(s.raised("edge.offline")).toBe(0);
  });

  it("a straggling gateway stays dead: the outage is over, the gateway is an event of its own", () => {
    const s = new OutageScene(30);
    s.kill(s.edges);
    s.pass(600);
    s.revive(s.edges.slice(1));
    s.pass(119);
    expect(s.active()).toEqual([]);
    s.pass(60);
    expect(s.active()).toEqual(["edge.offline edge:town/g1"]);
    s.revive(s.edges.slice(0, 1));
    s.pass(60);
    expect(s.active()).toEqual([]);
    expect([s.raised("network.outage"), s.raised("edge.offline")]).toEqual([1, 1]);
  });

  it("a restart gives those that may still return their time anew", () => {
    const s = new OutageScene(30);
    s.kill(s.edges);
    s.pass(600);
    s.revive(s.edges.slice(2));
    s.pass(60);
    s.scene.restart(60);
    s.pass(60);
    s.revive(s.edges.slice(1, 2));
    s.pass(59);
    expect(s.active()).toEqual([]);
    s.pass(2);
    expect(s.active()).toEqual(["edge.offline edge:town/g1"]);
  });

  it("it is over when more than half are back, not with half of them", () => {
    const s = new OutageScene(10);
    s.kill(s.edges);
    s.pass(600);
    s.revive(s.edges.slice(0, 5));
    s.pass(600);
    expect(s.active()).toEqual([OUTAGE]);
    expect(s.found.at(-1)).toMatchObject({ phase: "update", evidence: { edges: 10, away: 5 } });
    s.revive(s.edges.slice(5, 6));
    expect(brief(s.pass(1))).toEqual(["clear network.outage/2"]);
  });

  it("members raised singly just before are absorbed: one event goes on", () => {
    const s = new OutageScene(30);
    s.kill(s.edges.slice(0, 2));
    s.pass(40);
    expect(s.active()).toEqual(["edge.offline edge:town/g1", "edge.offline edge:town/g2"]);
    s.kill(s.edges.slice(2));
    const found = s.pass(60);
    expect(s.active()).toEqual([OUTAGE]);
    expect(brief(found)).toEqual(["raise network.outage/2", "clear edge.offline/3", "clear edge.offline/3"]);
    expect(found[1].evidence).toMatchObject({ absorbed: "site:town" });
    expect(found[0].evidence).toMatchObject({ edges: 30, ofEdges: 30 });
  });

  it("what was away for long is no part of it, and no measure for it", () => {
    const s = new OutageScene(40);
    s.kill(s.edges.slice(0, 1));
    s.pass(60);
    s.kill(s.edges.slice(1, 2));
    s.pass(600);
    for (const edge of s.edges.slice(2, 30)) s.stop(edge); // taken away
    s.pass(3600);
    s.found.length = 0;
    s.kill(s.edges.slice(30, 33));
    s.pass(60);
    expect(s.found[0]).toMatchObject({ kind: "network.outage", evidence: { edges: 3, ofEdges: 10 } });
    expect(s.active()).toEqual([OUTAGE]);
  });

  it("a hub that restarts in the middle goes on with the same outage", () => {
    const s = new OutageScene(30);
    s.kill(s.edges.slice(0, 20));
    s.pass(300);
    s.scene.restart(600);
    expect(s.pass(300)).toEqual([]);
    s.kill(s.edges.slice(20));
    s.pass(200);
    expect(s.found.at(-1)).toMatchObject({ phase: "update", evidence: { edges: 30, ofEdges: 30 } });
    s.scene.restart();
    s.revive(s.edges.slice(1));
    s.pass(200);
    expect(s.active()).toEqual(["edge.offline edge:town/g1"]);
    expect(s.raised("network.outage")).toBe(1);
    s.scene.restart();
    s.pass(200);
    expect(s.active()).toEqual(["edge.offline edge:town/g1"]);
  });

  it("a restart between the first gateways and the rest makes one event of them all", () => {
    const s = new OutageScene(30);
    s.kill(s.edges.slice(0, 2));
    s.pass(40);
    s.scene.restart(20);
    s.kill(s.edges.slice(2));
    s.pass(120);
    expect(s.active()).toEqual([OUTAGE]);
  });

  it("two sites have an outage each", () => {
    const harbour = Array.from({ length: 10 }, (_, i) => edgeOf(`h${i + 1}`, "harbour"));
    const s = new OutageScene(10, "town", harbour);
    s.kill(s.edges);
    s.pass(120);
    expect(s.active()).toEqual(["network.outage site:harbour", OUTAGE]);
    s.revive(harbour);
    s.pass(120);
    expect(s.active()).toEqual([OUTAGE]);
    expect(s.raised("edge.offline")).toBe(0);
  });

  it("two of 30 gateways die: an event each, as soon as ever", () => {
    const s = new OutageScene(30);
    s.kill(s.edges.slice(0, 2));
    expect(brief(s.pass(15))).toEqual(["raise edge.offline/3", "raise edge.offline/3"]);
  });

  it("several, but too few of many: they wait for more, then are an event each", () => {
    const s = new OutageScene(30);
    s.kill(s.edges.slice(0, 4));
    expect(s.pass(40)).toEqual([]);
    expect(brief(s.pass(10))).toEqual(Array(4).fill("raise edge.offline/3"));
    s.revive(s.edges.slice(0, 4));
    s.pass(10);
    expect(s.active()).toEqual([]);
  });

  it("gateways that were stopped are maintenance, however many", () => {
    const s = new OutageScene(10);
    for (const edge of s.edges) s.stop(edge);
    s.pass(600);
    expect(s.raised("network.outage")).toBe(0);
    expect(brief(s.found)).toEqual(Array(10).fill("raise edge.offline/4"));
  });

  it("what was stopped is no part of what failed", () => {
    const s = new OutageScene(10);
    for (const edge of s.edges.slice(0, 5)) s.stop(edge);
    s.kill(s.edges.slice(5, 7));
    s.pass(60);
    expect(s.active()).toEqual(["edge.offline edge:town/g6", "edge.offline edge:town/g7"]);
  });

  it("a gateway that came back and was stopped then leaves the outage", () => {
    const s = new OutageScene(10);
    s.kill(s.edges);
    s.pass(120);
    s.revive(s.edges.slice(0, 1));
    s.pass(120);
    s.stop(s.edges[0]);
    s.pass(400);
    expect(s.active()).toEqual(["edge.offline edge:town/g1", OUTAGE]);
    s.revive(s.edges.slice(1, 6));
    expect(s.pass(1)[0]).toMatchObject({ phase: "clear", evidence: { edges: 9, away: 4 } });
  });

  it("devices that speak MQTT themselves are no gateways: they neither make one nor weigh against it", () => {
    const s = new HealthScene(edgeOf("s1"), []);
    const edges = Array.from({ length: 33 }, (_, i) => edgeOf(i < 3 ? `g${i}` : `s${i}`));
    for (const [i, edge] of edges.entries()) {
      s.monitor.register(deviceOf(edge, i < 3 ? `d${i}` : edge.name, i + 1, MINUTE), s.now);
      s.monitor.edgeState(edge, true, 1, "", s.now, []);
    }
    s.pass(20);
    for (const edge of edges.slice(3)) s.monitor.edgeState(edge, false, 1, "lwt", s.now, []);
    expect(s.pass(30)).toEqual([]);
    for (const edge of edges.slice(0, 3)) s.monitor.edgeState(edge, false, 1, "lwt", s.now, []);
    const [found, ...more] = s.pass(30);
    expect(found).toMatchObject({ kind: "network.outage", evidence: { edges: 3, ofEdges: 3 } });
    expect(more).toEqual([]);
  });

  it("half of them back, half of them gone a moment ago: it goes on, and does not end to begin again", () => {
    const s = new OutageScene(10);
    s.kill(s.edges.slice(0, 6));
    s.pass(100);
    s.kill(s.edges.slice(6));
    s.pass(20);
    s.revive(s.edges.slice(0, 6));
    s.pass(60);
    expect(s.active()).toEqual([OUTAGE]);
    expect(s.raised("network.outage")).toBe(1);
    s.pass(60);
    expect(s.active()).toEqual([]);
  });

  it("a member that comes and goes is counted once", () => {
    const s = new OutageScene(10);
    s.kill(s.edges);
    s.pass(120);
    s.revive(s.edges.slice(0, 1));
    s.pass(5);
    s.kill(s.edges.slice(0, 1));
    expect(s.pass(50)).toEqual([]);
  });

  it("one that nobody is known to be in any more ends", () => {
    const s = new OutageScene(3);
    s.kill(s.edges);
    s.pass(120);
    for (const { key } of s.edges) s.scene.rows.delete(`#edge ${key}`);
    s.scene.restart();
    expect(brief(s.pass(60))).toEqual(["clear network.outage/2"]);
  });

  it("the hub's own pause or restart makes none", () => {
    const s = new OutageScene(30);
    expect(s.scene.jump(3600)).toEqual([]);
    s.kill(s.edges); // the broker in the hub wakes too, and finds every connection dead
    s.pass(5);
    s.revive(s.edges);
    s.pass(120);
    s.kill(s.edges); // and closes them when it stops
    s.pass(3);
    s.scene.restart(7200);
    s.pass(60);
    s.revive(s.edges);
    s.pass(300);
    expect(s.found).toEqual([]);
  });

  it("a network that comes and goes is one outage that ends when it is calm", () => {
    const s = new OutageScene(30);
    for (let i = 0; i < 20; i++) {
      s.kill(s.edges);
      s.pass(90);
      s.revive(s.edges);
      s.pass(90);
    }
    expect(s.raised("edge.offline")).toBe(0);
    expect(s.raised("network.outage")).toBeLessThanOrEqual(2);
    expect(s.active()).toEqual([OUTAGE]);
    s.pass(1800);
    expect(s.active()).toEqual([]);
  });
});

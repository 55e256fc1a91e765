import { describe, expect, it } from "vitest";
import { brief, deviceOf, edgeOf, HealthScene, MINUTE, T0 } from "./health-scene.ts";

/** One device every minute (late after 2, offline after 6 minutes), on an edge that heartbeats. */
function one(expectMs: number | null = MINUTE, noData = false): HealthScene {
  const edge = edgeOf("edge-1");
  return new HealthScene(edge, [deviceOf(edge, "d1", 1, expectMs, noData), deviceOf(edge, "d2", 2, null)]);
}

/** Keeps the edge alive while time passes. */
function alive(s: HealthScene, seconds: number) {
  return s.pass(seconds, () => s.at % 30 === 0 && s.beat());
}

describe("a device", () => {
  it("online, late, offline by its expectation; back with the first record", () => {
    const s = one();
    const [d] = s.devices;
    expect(s.of(d)).toBe("unknown registered");
    s.heard();
    expect(s.of(d)).toBe("online heard");
    alive(s, 119);
    expect(s.of(d)).toBe("online heard");
    expect(alive(s, 1)).toEqual([]);
    expect(s.of(d)).toBe("late expected");
    alive(s, 239);
    expect(s.of(d)).toBe("late expected");
    const found = alive(s, 1);
    expect(s.of(d)).toBe("offline expected");
    expect(found[0]).toMatchObject({ kind: "device.offline", phase: "raise", severity: 4, subject: "device:town/d1" });
    s.heard();
    expect(s.of(d)).toBe("online heard");
    expect(brief(alive(s, 1))).toEqual(["clear device.offline/4"]);
    expect(s.monitor.counts()).toEqual({ unknown: 1, online: 1, late: 0, offline: 0, flapping: 0 });
  });

  it("silent ones with a no_data alarm of their own are left to it", () => {
    const s = one(MINUTE, true);
    s.heard();
    expect(alive(s, 400)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("offline expected");
  });

  it("registered but never heard: late, no more", () => {
    const s = one();
    alive(s, 120);
    expect(s.of(s.devices[0])).toBe("late expected");
    expect(alive(s, 3600)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("late expected");
  });

  it("late packets say nothing about now", () => {
    const s = one();
    s.heard(s.devices[0], true);
    expect(s.of(s.devices[0])).toBe("unknown registered");
    s.heard();
    s.pass(400, () => {
      if (s.at % 30 === 0) s.beat();
      s.heard(s.devices[0], true);
    });
    expect(s.of(s.devices[0])).toBe("offline expected");
    expect(s.monitor.of("device:town/d1")?.lastSeen).toBe(T0);
  });

  it("flapping: four changes in an hour, over after half an hour of calm", () => {
    const s = one();
    const [d] = s.devices;
    s.heard();
    for (let i = 0; i < 2; i++) {
      alive(s, 121);
      s.heard();
    }
    expect(s.of(d)).toBe("flapping flapping");
    expect(s.monitor.counts().flapping).toBe(1);
    const steady = (seconds: number) =>
      s.pass(seconds, () => {
        if (s.at % 30 === 0) s.heard();
      });
    steady(1799);
    expect(s.of(d)).toBe("flapping flapping");
    steady(1);
    expect(s.of(d)).toBe("online stable");
  });

  it("offline while flapping is one finding, cleared when calm", () => {
    const s = one();
    s.heard();
    const found = [];
    for (let i = 0; i < 3; i++) {
      found.push(...alive(s, 361));
      s.heard();
    }
    expect(brief(found)).toEqual(["raise device.offline/4", "clear device.offline/4", "raise device.offline/4"]);
    expect(brief(s.pass(2000, () => s.at % 30 === 0 && s.heard()))).toEqual(["clear device.offline/4"]);
  });

  it("a fault of its source is its health and, after a minute, a finding", () => {
    const s = one();
    const [d] = s.devices;
    s.heard();
    s.beat({ d1: "auth" });
    expect(s.of(d)).toBe("offline source_auth");
    const faulty = (seconds: number, code: string) =>
      s.pass(seconds, () => {
        s.heard();
        s.beat({ d1: code });
      });
    expect(faulty(59, "auth")).toEqual([]);
    const [raise] = faulty(1, "auth");
    expect(raise).toMatchObject({ kind: "device.fault", severity: 4, evidence: { code: "auth" } });
    expect(faulty(600, "auth")).toEqual([]);
    expect(brief(s.beat({ d1: "ok" }))).toEqual(["clear device.fault/4"]);
    expect(s.of(d)).toBe("online heard");
    s.beat({ d1: "<script>" });
    expect(s.of(d)).toBe("offline source_other");
  });
});

describe("an edge", () => {
  function five(): HealthScene {
    const edge = edgeOf("edge-1");
    return new HealthScene(
      edge,
      [1, 2, 3, 4, 5].map((id) => deviceOf(edge, `d${id}`, id, MINUTE)),
    );
  }

  function run(s: HealthScene, seconds: number) {
    return s.pass(seconds, () => {
      for (const d of s.devices) s.heard(d);
      if (s.at % 30 === 0) s.beat();
    });
  }

  it("gone: one finding for all behind it, none of them alarms; one all-clear on return", () => {
    const s = five();
    s.state(true);
    run(s, 60);
    s.state(false);
    expect(s.of("edge")).toBe("late lwt");
    expect(s.pass(14)).toEqual([]);
    const [finding, ...rest] = s.pass(3600);
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({
      kind: "edge.offline",
      severity: 3,
      subject: "edge:town/edge-1",
      device: null,
      gridId: null,
      lat: 30,
      evidence: { devices: 5, why: "lwt" },
    });
    expect(finding.lon).toBeCloseTo(122.3);
    expect(s.devices.map((d) => s.of(d))).toEqual(Array(5).fill("unknown edge_offline"));
    expect(s.told).toEqual(["false@75"]);
    expect(s.monitor.counts().unknown).toBe(5);

    expect(brief(s.state(true, 2))).toEqual(["clear edge.offline/3"]);
    expect(s.of("edge")).toBe("online edge_online");
    expect(s.of(s.devices[0])).toBe("unknown edge_online");
    expect(s.told).toHaveLength(2);
    expect(brief(run(s, 300))).toEqual([]);
    expect(s.monitor.counts().online).toBe(5);
  });

  it("a reconnect within the grace makes no event and touches no device", () => {
    const s = five();
    s.state(true);
    run(s, 60);
    s.state(false);
    s.pass(10);
    s.state(true);
    expect(run(s, 60)).toEqual([]);
    expect(s.told).toEqual([]);
    expect(s.log.filter((line) => line.includes("unknown>online"))).toHaveLength(6);
    expect(s.log.some((line) => line.includes("edge_offline"))).toBe(false);
  });

  it("on return every device has a full period to be heard", () => {
    const s = five();
    run(s, 60);
    s.state(false);
    s.pass(3600);
    s.beat();
    alive(s, 119);
    expect(s.of(s.devices[0])).toBe("unknown edge_online");
    alive(s, 1);
    expect(s.of(s.devices[0])).toBe("late expected");
  });

  it("the will of an older boot is ignored", () => {
    const s = five();
    s.state(true, 7);
    run(s, 60);
    s.state(false, 6);
    expect(s.of("edge")).toBe("online heard");
    expect(run(s, 100)).toEqual([]);
  });

  it("silent for three heartbeats without a will", () => {
    const s = five();
    run(s, 60);
    expect(s.pass(90)).toEqual([]);
    expect(s.of("edge")).toBe("late silent");
    expect(brief(s.pass(60))).toEqual(["raise edge.offline/3"]);
    s.heard();
    expect(brief(s.pass(1))).toEqual(["clear edge.offline/3"]);
  });

  it("an edge that never sent a heartbeat is not missed by its silence", () => {
    const s = five();
    s.state(true);
    s.pass(200);
    expect(s.of("edge")).toBe("online heard");
  });

  it("a clean stop is quiet for five minutes, then a low finding", () => {
    const s = five();
    s.state(true);
    run(s, 60);
    s.state(false, 1, "stop");
    expect(s.pass(300)).toEqual([]);
    expect(s.of("edge")).toBe("offline stop");
    expect(s.of(s.devices[0])).toBe("unknown edge_offline");
    expect(brief(s.pass(60))).toEqual(["raise edge.offline/4"]);
  });

  it("the old connection's will after a reconnect of the same boot waits for a heartbeat", () => {
    const s = five();
    s.state(true);
    run(s, 60);
    s.state(true); // the new connection
    s.state(false); // the broker closes the old one
    expect(s.pass(29)).toEqual([]);
    s.beat();
    expect(s.pass(60)).toEqual([]);
    expect(s.told).toEqual([]);
  });

  it("lost records count once, however often a heartbeat repeats them", () => {
    const s = five();
    const beat = (gaps: { b: number; from: number; to: number; why: string }[]) =>
      s.monitor.heartbeat(s.edge, { b: 1, ts: T0, queue: 12, bytes: 1, oldest: 5, gaps }, s.now, []);
    beat([{ b: 1, from: 10, to: 19, why: "full" }]);
    beat([{ b: 1, from: 10, to: 29, why: "full" }]);
    s.commit();
    s.restart();
    beat([
      { b: 1, from: 10, to: 29, why: "full" },
      { b: 2, from: 10, to: 10, why: "full" },
    ]);
    expect([...s.monitor.edges()][0]).toMatchObject({ key: "town/edge-1", lostRecords: 21, queue: 12, oldest: 5 });
  });

  it("1,500 devices survive a clock jump of an hour, either way", () => {
    for (const seconds of [3600, -3600]) {
      const edge = edgeOf("edge-1");
      const s = new HealthScene(
        edge,
        Array.from({ length: 1500 }, (_, i) => deviceOf(edge, `d${i}`, i + 1, MINUTE)),
      );
      run(s, 60);
      expect(s.jump(seconds)).toEqual([]);
      expect(s.pass(20)).toEqual([]);
      expect(s.monitor.counts().online).toBe(1500);
      expect(s.of("edge")).toBe("online heard");
      // and silence is still noticed afterwards
      expect(brief(s.pass(120))).toEqual(["raise edge.offline/3"]);
    }
  });
});

describe("a device that speaks MQTT itself", () => {
  function solo(expectMs: number | null, noData: boolean): HealthScene {
    const edge = edgeOf("h1");
    return new HealthScene(edge, [deviceOf(edge, "h1", 1, expectMs, noData)]);
  }

  it("is one with its edge: its will shows, its silence alarms, and the rules keep watching", () => {
    const s = solo(MINUTE, false);
    s.state(true);
    s.heard();
    s.pass(10);
    s.state(false);
    expect(s.pass(15)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("late lwt");
    expect(brief(s.pass(600))).toEqual(["raise device.offline/4"]);
    expect(s.told).toEqual([]);
    s.state(true);
    s.heard();
    expect(brief(s.pass(1))).toEqual(["clear device.offline/4"]);
  });

  it("makes no second event beside its own no_data alarm", () => {
    const s = solo(MINUTE, true);
    s.heard();
    s.state(false);
    expect(s.pass(1000)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("offline expected");
  });

  it("sleeps after a clean stop", () => {
    const s = solo(10 * MINUTE, false);
    s.state(true);
    s.heard();
    s.state(false, 1, "stop");
    expect(s.pass(1000)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("online heard");
  });

  it("without expectation it is offline by its will", () => {
    const s = solo(null, false);
    s.heard();
    s.state(false);
    expect(brief(s.pass(16))).toEqual(["raise device.offline/4"]);
    expect(s.of(s.devices[0])).toBe("offline lwt");
  });
});

describe("durable state", () => {
  it("a restart changes nobody; silence goes on where it was, without the time the hub was down", () => {
    const s = one(10 * MINUTE);
    s.heard();
    alive(s, 600);
    expect(s.commit()).toEqual([]);
    const before = [...s.log];
    s.restart(7200);
    expect(s.of(s.devices[0])).toBe("online heard");
    expect(s.monitor.counts()).toEqual({ unknown: 1, online: 1, late: 0, offline: 0, flapping: 0 });
    alive(s, 590);
    expect(s.log).toEqual(before);
    // 10 of 20 minutes had passed, up to a tenth (2 min) and the clock's minute are not known
    alive(s, 200);
    expect(s.of(s.devices[0])).toBe("late expected");
  });

  it("findings that were out are cleared after a restart", () => {
    const s = one();
    s.heard();
    alive(s, 400);
    s.restart();
    s.heard();
    expect(brief(alive(s, 1))).toEqual(["clear device.offline/4"]);
    s.state(true, 3);
    s.pass(11);
    s.state(false, 3);
    expect(brief(s.pass(30))).toEqual(["raise edge.offline/3"]);
    s.restart(60);
    expect(s.of("edge")).toBe("offline lwt");
    expect(s.pass(600)).toEqual([]);
    s.state(false, 2);
    expect(brief(s.state(true, 3))).toEqual(["clear edge.offline/3"]);
  });

  it("records that change nothing write nothing", () => {
    const s = one();
    s.heard();
    s.pass(1);
    for (let i = 0; i < 1000; i++) s.heard();
    expect(s.commit()).toEqual([]);
    const slow = one(10 * MINUTE);
    slow.heard();
    slow.pass(1);
    const written: string[] = [];
    for (let i = 0; i < 24; i++) {
      alive(slow, 10);
      slow.heard();
      written.push(...slow.commit());
    }
    expect(written).toEqual(["town/d1", "town/d1"]); // every two minutes: a tenth of late
  });
});

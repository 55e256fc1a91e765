import { describe, expect, it } from "vitest";
import { brief, deviceOf, edgeOf, HealthScene, MINUTE } from "./health-scene.ts";

// What platforms are known to get wrong about "online", each as a scene.

function scene(devices = 1, expectMs: number | null = MINUTE): HealthScene {
  const edge = edgeOf("edge-1");
  return new HealthScene(
    edge,
    Array.from({ length: devices }, (_, i) => deviceOf(edge, `d${i + 1}`, i + 1, expectMs)),
  );
}

const beating = (s: HealthScene, seconds: number, each?: () => void) =>
  s.pass(seconds, () => {
    if (s.at % 30 === 0) s.beat();
    each?.();
  });

describe("known complaints", () => {
  it("a late packet does not set a device online, however often it is sent again", () => {
    const s = scene();
    s.heard();
    beating(s, 400);
    expect(s.of(s.devices[0])).toBe("offline expected");
    const sample = s.now - 600_000;
    beating(s, 1800, () => {
      if (s.at % 60 === 0) s.old((s.now - sample) / 1000);
    });
    expect(s.of(s.devices[0])).toBe("offline expected");
  });

  it("a burst out of a device's own buffer does not set it online", () => {
    const s = scene();
    s.heard();
    beating(s, 400);
    for (let i = 60; i > 3; i--) s.old(i * 60); // an hour of minutes at once
    beating(s, 1);
    // and once more, slowly, at ten times the pace of its making
    beating(s, 300, () => {
      if (s.at % 6 === 0) s.old(7200 - (s.at % 300) * 10);
    });
    expect(s.of(s.devices[0])).toBe("offline expected");
  });

  it("a device whose clock runs behind for good is online, and its silence is noticed as ever", () => {
    const s = scene();
    const behind = (seconds: number, by = 600) =>
      beating(s, seconds, () => {
        if (s.at % 60 === 0) s.old(by);
      });
    behind(60);
    expect(s.of(s.devices[0])).toBe("unknown registered"); // one old record may be a late packet
    behind(180);
    expect(s.of(s.devices[0])).toBe("online heard");
    behind(7200);
    expect(s.log.filter((line) => line.startsWith("device"))).toEqual([
      "device:d1 unknown>unknown registered",
      "device:d1 unknown>late expected",
      "device:d1 late>online heard",
    ]);
    expect(s.monitor.clockOf(s.devices[0])).toEqual({ lagMs: 600_000, behindMs: 600_000 });
    s.commit();
    s.restart();
    behind(60);
    expect(s.of(s.devices[0])).toBe("online heard"); // known over a restart
    // a packet that is late even by its own clock says nothing
    const sample = s.now - 3_000_000;
    const again = () => s.at % 60 === 0 && s.old((s.now - sample) / 1000);
    expect(brief(beating(s, 400, again))).toEqual(["raise device.offline/4"]);
    s.heard(); // its clock was set
    expect(s.monitor.clockOf(s.devices[0]).behindMs).toBeNull();
  });

  it("a clock that drifts away slowly is followed", () => {
    const s = scene();
    beating(s, 7200, () => {
      if (s.at % 60 === 0) s.old(s.at / 10);
    });
    expect(s.of(s.devices[0])).toBe("online heard");
    expect(s.log.filter((line) => line.includes("late expected"))).toEqual(
      ["device:d1 unknown>late expected"].slice(1),
    );
    expect(s.monitor.clockOf(s.devices[0]).behindMs).toBe(720_000);
  });

  it("a device that was registered and never heard becomes late", () => {
    const s = scene();
    expect(beating(s, 600)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("late expected");
  });

  it("a clock jump of a day makes no ghosts of 1,500 devices", () => {
    const s = scene(1500);
    const all = () => {
      for (const d of s.devices) s.heard(d);
    };
    s.pass(30, all);
    for (const seconds of [86_400, -86_400]) {
      expect(s.jump(seconds)).toEqual([]);
      expect(s.pass(30)).toEqual([]);
      expect(s.monitor.counts()).toMatchObject({ online: 1500, late: 0, offline: 0 });
      s.pass(5, all);
    }
  });

  it("flapping is counted: five changes are one flapping, not five events", () => {
    const s = scene();
    const found = [];
    s.heard();
    for (let i = 0; i < 5; i++) {
      found.push(...beating(s, 130));
      s.heard();
    }
    expect(found).toEqual([]);
    expect(s.of(s.devices[0])).toBe("flapping flapping");
    expect(s.log.filter((line) => line.includes(">flapping"))).toHaveLength(1);
  });

  it("a gateway with 200 devices dies and returns: one event, over with one all-clear", () => {
    const s = scene(200);
    const run = (seconds: number) =>
      s.pass(seconds, () => {
        if (s.at % 30 === 0) {
          s.beat();
          for (const d of s.devices) s.heard(d);
        }
      });
    s.state(true);
    run(90);
    s.state(false);
    const gone = s.pass(7200);
    expect(brief(gone)).toEqual(["raise edge.offline/3"]);
    expect(gone[0].evidence).toMatchObject({ devices: 200 });
    expect(s.monitor.counts()).toMatchObject({ unknown: 200, offline: 0 });
    expect(brief(s.state(true, 2))).toEqual(["clear edge.offline/3"]);
    expect(run(600)).toEqual([]);
    expect(s.monitor.counts()).toMatchObject({ online: 200 });
  });

  it("no expectation is no silence: a device that only reports alarms is never late", () => {
    const s = scene(1, null);
    s.heard();
    expect(beating(s, 86_400 / 4)).toEqual([]);
    expect(s.of(s.devices[0])).toBe("online heard");
  });
});

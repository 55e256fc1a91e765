import { describe, expect, it } from "vitest";
import { FlowScene } from "./flow-scene.testing.ts";

// What duty rooms complain of on the platforms they know, each as a scene from the message to the event's timeline. What the single
// rooms promise beyond that stands in their own tests.

const MINUTE = 60;
const HOUR = 3600;
const profile = (alarms: string, transport = "expect_every: 10m, grace: 2") => `profile: v1
id: scene/any@1.0.0
kind: gauge
title: {zh: 场景, en: scene}
transport: {uplink: telemetry, ${transport}}
metrics:
  level: {unit: m, range: [0, 10], title: {zh: 水位, en: level}}
  pressure: {unit: MPa, range: [0, 3], title: {zh: 压力, en: pressure}}
alarms:
  ${alarms}
`;
const HIGH = `high: {when: "level > 3", clear: "level < 2.5", severity: 3, event: scene.high}`;

async function scene(alarms = HIGH, options: { devices?: number; transport?: string; gateways?: number } = {}) {
  const { devices = 1, transport, gateways } = options;
  const s = await FlowScene.open({ profile: profile(alarms, transport), devices, gateways });
  for (const gateway of s.gateways) s.state(true, gateway);
  await s.pass(1);
  return s;
}

/** Gateways beat, `each` does the rest. */
const alive = (s: FlowScene, seconds: number, each?: () => void) =>
  s.pass(seconds, () => {
    if (s.at % 30 === 0) for (const gateway of s.gateways) s.beat(gateway);
    each?.();
  });

describe("known complaints: alarms", () => {
  it("hysteresis at the edge: a level that trembles about its limit is one alarm", async () => {
    const s = await scene();
    await alive(s, 600, () => s.send({ level: 3 + (s.at % 2 === 0 ? 0.02 : -0.02) }));
    expect(s.events()).toHaveLength(1);
    expect(s.events()[0].life.flaps).toBeUndefined();
    await alive(s, 1, () => s.send({ level: 2.4 }));
    const [event] = s.events();
    expect(s.timeline(event).filter((line) => !line.startsWith("update"))).toEqual(["open@4/3", "clear@603/3"]);
  });

  it("severity goes down again when it gets better, before the alarm is over", async () => {
    const s = await scene(
      `high: {when: "level > 3", clear: "level < 2.5", severity: 3, event: scene.high, escalate: [{when: "level > 5", to: 1}]}`,
    );
    for (const level of [3.5, 5.5, 4, 2]) await alive(s, 60, () => s.at % 20 === 0 && s.send({ level }));
    const [event, ...others] = s.events();
    expect(others).toEqual([]);
    const lines = s.lines(event).map(({ what, severity }) => `${what}/${severity}`);
    expect(lines.filter((line) => !line.startsWith("update"))).toEqual([
      "open/3",
      "escalate/1",
      "deescalate/3",
      "clear/3",
    ]);
  });

  it("cleared when quiet: a device that only ever says that something is wrong", async () => {
    const s = await scene(`hit: {when: "level > 3", clear_after_quiet: 10m, severity: 3, event: scene.hit}`, {
      transport: "expect_every: 24h, grace: 2",
    });
    s.send({ level: 4 });
    await alive(s, 5 * MINUTE);
    s.send({ level: 4 });
    await alive(s, 11 * MINUTE);
    const [event, ...others] = s.events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ sensing: "cleared", clearedAt: s.now - 60_000 });
  });

  it("no data, metric by metric: one sensor of a device is silent while the other goes on", async () => {
    const s = await scene(`silent: {no_data: pressure, after: 30m, severity: 4, event: device.silent}`);
    await alive(
      s,
      40 * MINUTE,
      () => s.at % 60 === 0 && s.send(s.at < 300 ? { level: 1, pressure: 0.3 } : { level: 1 }),
    );
    expect(s.healthOf()).toBe("online heard");
    const [event, ...others] = s.events();
    expect(others).toEqual([]);
    expect([event.kind, event.sensing, event.evidence.metric]).toEqual(["device.silent", "active", "pressure"]);
    s.send({ pressure: 0.3 });
    await alive(s, 1);
    expect(s.events()[0].sensing).toBe("cleared");
  });

  it("a timer runs over a restart: `for: 10m` fires on time without another message", async () => {
    const s = await scene(`high: {when: "level > 3", clear: "level < 2.5", for: 10m, severity: 3, event: scene.high}`);
    s.send({ level: 4 });
    const began = s.at;
    await alive(s, 4 * MINUTE);
    await s.restart(2 * MINUTE);
    await alive(s, 3 * MINUTE);
    await s.restart();
    await alive(s, 2 * MINUTE);
    const [event, ...others] = s.events();
    expect(others).toEqual([]);
    expect(s.timeline(event)).toEqual([`open@${began + 600}/3`]);
  });

  it("an alarm that is active stays one alarm over restarts and lost commits", async () => {
    const s = await scene();
    for (let i = 0; i < 5; i++) {
      s.send({ level: 4 });
      await alive(s, 30);
      if (i % 2 === 0) await s.restart(5);
      else await s.fail();
    }
    s.send({ level: 1 });
    await alive(s, 1);
    expect(s.events().map(({ sensing, life }) => [sensing, life.flaps])).toEqual([["cleared", undefined]]);
  });

  it("sent twice is heard once: a repeated message changes neither readings nor occurrences", async () => {
    const s = await scene();
    s.send({ level: 4 });
    await alive(s, 1);
    const before = [s.store.readings, s.events()[0].occurrences];
    for (let i = 0; i < 20; i++) {
      s.send({ level: 4 }, { again: true });
      await alive(s, 1);
    }
    expect([s.store.readings, s.events()[0].occurrences]).toEqual(before);
  });
});

describe("known complaints: online", () => {
  const everyMinute = { transport: "expect_every: 1m, grace: 2" };

  it("a late packet does not set a device online", async () => {
    const s = await scene(HIGH, everyMinute);
    s.send({ level: 1 });
    await alive(s, 10 * MINUTE);
    expect(s.healthOf()).toBe("offline expected");
    s.send({ level: 1 }, { ago: 8 * MINUTE });
    s.send({ level: 1 }, { ago: 7 * MINUTE, backfill: true });
    await alive(s, 5);
    expect(s.healthOf()).toBe("offline expected");
    expect(s.store.readings).toBe(3); // they are stored all the same
    s.send({ level: 1 });
    await alive(s, 1);
    expect(s.healthOf()).toBe("online heard");
  });

  it("a jump of the clock makes no ghosts of 1,500 devices", async () => {
    const s = await scene(`silent: {no_data: level, after: 5m, severity: 4, event: device.silent}`, {
      devices: 1500,
      ...everyMinute,
    });
    const all = () => s.at % 30 === 0 && s.devices().forEach((device) => s.send({ level: 1 }, { device }));
    await alive(s, 60, all);
    expect(s.health.counts()).toMatchObject({ online: 1500 });
    for (const seconds of [HOUR, -HOUR, 24 * HOUR, -24 * HOUR]) {
      await s.jump(seconds);
      await alive(s, 60, all);
      expect(s.health.counts(), `${seconds} s`).toMatchObject({ online: 1500, late: 0, offline: 0 });
    }
    expect(s.events()).toEqual([]);
  });

  it("a device that was registered and never heard becomes late, and nobody is called out for it", async () => {
    const s = await scene(HIGH, everyMinute);
    expect(s.healthOf()).toBe("unknown registered");
    await alive(s, 10 * MINUTE);
    expect(s.healthOf()).toBe("late expected");
    expect(s.events()).toEqual([]);
  });

  it("flapping is counted: a device that comes and goes is one state, an alarm that comes and goes one event", async () => {
    const s = await scene(HIGH, everyMinute);
    for (let i = 0; i < 6; i++) {
      s.send({ level: 4 });
      await alive(s, 60);
      s.send({ level: 1 });
      await alive(s, 140);
    }
    s.send({ level: 1 });
    await alive(s, 1);
    expect(s.healthOf()).toBe("flapping flapping");
    expect(s.store.healthLog.filter((line) => line.includes(">flapping"))).toHaveLength(1);
    expect(s.events().map(({ kind, life }) => [kind, life.flaps])).toEqual([["scene.high", 5]]);
  });

  it("a gateway with 200 devices dies and returns: one event", async () => {
    const s = await scene(`silent: {no_data: level, after: 5m, severity: 4, event: device.silent}`, {
      devices: 200,
      ...everyMinute,
    });
    const all = () => s.at % 30 === 0 && s.devices().forEach((device) => s.send({ level: 1 }, { device }));
    await alive(s, 90, all);
    s.state(false);
    await s.pass(2 * HOUR);
    expect(s.health.counts()).toMatchObject({ unknown: 200, offline: 0, late: 0 });
    expect(s.events().map(({ kind, sensing }) => [kind, sensing])).toEqual([["edge.offline", "active"]]);
    s.state(true);
    await alive(s, 10 * MINUTE, all);
    expect(s.health.counts()).toMatchObject({ online: 200 });
    expect(s.events().map(({ kind, sensing, life }) => [kind, sensing, life.flaps])).toEqual([
      ["edge.offline", "cleared", undefined],
    ]);
  });
});

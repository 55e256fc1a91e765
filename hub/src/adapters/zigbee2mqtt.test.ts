import { describe, expect, it } from "vitest";
import { GateScene, NOW } from "./gate.testing.ts";

const scene = () => new GateScene({ kind: "zigbee2mqtt" });
const DEVICES = [
  { ieee_address: "0x00124b0000000001", type: "Coordinator", friendly_name: "Coordinator", definition: null },
  {
    ieee_address: "0x00158d0000000002",
    type: "EndDevice",
    friendly_name: "泵房 leak",
    definition: {
      vendor: "Aqara",
      model: "SJCGQ11LM",
      description: "Water leak sensor",
      exposes: [
        { type: "binary", name: "water_leak", property: "water_leak", access: 1, value_on: true, value_off: false },
        { type: "numeric", name: "battery", property: "battery", access: 1, unit: "%", value_min: 0, value_max: 100 },
      ],
    },
  },
];

describe("Zigbee2MQTT", () => {
  it("takes the state of a device, also of one named with levels or signs that are no name here", () => {
    const s = scene();
    s.send("zigbee2mqtt/leak-1", { water_leak: true, last_seen: "2025-11-22T01:59:58+00:00" });
    s.send("zigbee2mqtt/floor1/泵房 leak", { water_leak: false });
    const [first, second] = s.take();
    expect(first).toMatchObject({
      lane: "telemetry",
      device: "leak-1",
      body: { r: [{ ts: NOW - 2000, m: { water_leak: true } }] },
    });
    expect(second.device).toMatch(/^floor1-leak-[0-9a-f]{8}$/);
    expect(second.body).toMatchObject({ r: [{ ts: NOW, m: { water_leak: false } }] });
  });

  it("knows a repeat by its time, or by the transport's word", () => {
    const s = scene();
    const timed = { water_leak: true, last_seen: NOW };
    const bare = { water_leak: true };
    s.send("zigbee2mqtt/a", timed);
    s.send("zigbee2mqtt/a", bare);
    s.send("zigbee2mqtt/a", bare, { dup: true, rx: NOW + 900 });
    const [own, fresh, again] = s.taken.map(({ once }) => once!);
    expect([own.repeat, fresh.repeat, again.repeat]).toEqual(["key", "never", "key"]);
    expect(again.key).toBe(fresh.key);
  });

  it("leaves requests, groups, logs, emptied topics and what a broker had kept alone", () => {
    const s = scene();
    s.send("zigbee2mqtt/bridge/groups", [{ id: 1, friendly_name: "lamps" }]);
    for (const topic of [
      "lamps",
      "leak-1/set",
      "leak-1/get",
      "leak-1/set/state",
      "bridge/logging",
      "lamps/availability",
    ])
      s.send(`zigbee2mqtt/${topic}`, { state: "online" });
    s.send("zigbee2mqtt/leak-1", "");
    s.send("zigbee2mqtt/leak-1", { water_leak: true }, { retained: true });
    expect([s.take(), s.settled]).toEqual([[], 9]);
  });

  it("tells who is unavailable, all at once, and after a restart", () => {
    const s = scene();
    s.send("zigbee2mqtt/a/availability", { state: "offline" });
    s.send("zigbee2mqtt/b/availability", "offline");
    expect(s.take().map(({ body }) => body.sources)).toEqual([
      { a: "unavailable" },
      { a: "unavailable", b: "unavailable" },
    ]);
    const later = new GateScene({ kind: "zigbee2mqtt" }, s.rows());
    later.send("zigbee2mqtt/b/availability", "online");
    expect(later.take()).toMatchObject([{ lane: "heartbeat", body: { every: 0, sources: { a: "unavailable" } } }]);
  });

  it("knows the bridge's start and its will", () => {
    const s = scene();
    s.send("zigbee2mqtt/bridge/state", { state: "online" });
    s.send("zigbee2mqtt/bridge/state", "offline");
    const states = s.take().filter(({ lane }) => lane === "state");
    expect(states.map(({ body }) => body)).toEqual([
      { s: "on", b: NOW },
      { s: "off", b: NOW, why: "lwt" },
    ]);
  });

  it("drafts a profile from what the bridge says of a device", () => {
    const s = scene();
    s.send("zigbee2mqtt/bridge/devices", DEVICES);
    const [{ described }] = s.gate.status();
    expect(described).toMatchObject([{ foreign: "泵房 leak", vendor: "Aqara", model: "SJCGQ11LM" }]);
    expect(described[0].draft()).toContain("id: aqara/sjcgq11lm@1.0.0");
    expect(described[0].draft()).toContain("n: leak");
  });

  it.each([
    ["leak-1", "21.5", "foreign_unsupported"],
    ["leak-1", "{", "json_invalid"],
    ["leak-1/availability", "maybe", "foreign_invalid"],
    ["bridge/state", { state: 1 }, "foreign_invalid"],
    ["bridge/devices", {}, "foreign_invalid"],
  ])("refuses %s with %j", (topic, body, reason) => {
    const s = scene();
    s.send(`zigbee2mqtt/${topic}`, body);
    expect(s.reasons()).toEqual([reason]);
  });

  it("refuses more devices than it may have", () => {
    const s = new GateScene({ kind: "zigbee2mqtt", limits: { devices: 1 } });
    s.send("zigbee2mqtt/bridge/devices", DEVICES);
    for (const name of ["a", "b", "a"]) s.send(`zigbee2mqtt/${name}`, { x: 1 });
    expect(s.reasons()).toEqual(["device_limit", undefined, "device_limit", undefined]);
  });
});

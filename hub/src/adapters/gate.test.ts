import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deviceName } from "./device-name.ts";
import { GateScene, NOW } from "./gate.testing.ts";
import { TopicTemplate } from "./topic-template.ts";

describe("topic templates", () => {
  it.each([
    [
      "v3/{application}@{tenant}/devices/{device}/up",
      "v3/a@b/devices/d-1/up",
      { application: "a", tenant: "b", device: "d-1" },
    ],
    ["z/{path...}", "z/a/b", { path: "a/b" }],
    ["a.b/+/{x}", "a.b/q/1", { x: "1" }],
    ["a.b/+/{x}", "aXb/q/1", null],
    ["z/{device}", "z/a/b", null],
    ["v3/{a}@{b}/up", "v3/nobody/up", null],
  ])("%s of %s", (template, topic, parts) => {
    expect(new TopicTemplate(template).match(topic)).toEqual(parts);
  });

  it("says what to subscribe to", () => {
    expect(new TopicTemplate("v3/{a}@{b}/devices/{device}/up").filter).toBe("v3/+/devices/+/up");
    expect(new TopicTemplate("z/{path...}").filter).toBe("z/#");
  });

  it.each(["a/#", "a/{x...}/b", "a/{x}{y}", "a/b+c", "a/{", "a/{x}/{x}"])("refuses %s", (text) => {
    expect(() => new TopicTemplate(text)).toThrow();
  });
});

describe("names", () => {
  it("stay where they are names, and never become one of two", () => {
    expect(deviceName("pump-1")).toBe("pump-1");
    const names = ["a b", "a-b", "a/b", "泵", "阀", "", "-".repeat(90)].map(deviceName);
    expect(new Set(names).size).toBe(7);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/);
  });
});

describe("the gate", () => {
  it("settles when all that a publish became is stored, with the first error", () => {
    const s = new GateScene({ kind: "thingsboard" });
    s.send("v1/gateway/telemetry", { a: [{ ts: NOW, values: { x: 1 } }], b: [{ ts: NOW, values: { x: 1 } }] });
    expect(s.waiting).toHaveLength(2);
    s.waiting[0]();
    expect(s.settled).toBe(0);
    s.waiting[1](new Error("database down"));
    expect(s.settled).toBe(1);
  });

  it("takes the adapter's own topics only, and lets it listen to its own answers only", () => {
    const s = new GateScene({ kind: "sparkplug", group: "g", node: "n" });
    expect(s.send("gridhub/v1/town/gw/d/x/t", {})).toBe(false);
    expect(s.send("spBv1.0/g/NDATA/m", "")).toBe(false);
    const may = (filter: string) => s.gate.maySubscribe("town/gw", filter);
    expect([may("spBv1.0/g/NCMD/n"), may("spBv1.0/g/DCMD/n/+"), may("spBv1.0/g/DCMD/n/d")]).toEqual([true, true, true]);
    expect([may("#"), may("spBv1.0/g/NCMD/+"), may("spBv1.0/g/#"), may("gridhub/v1/town/gw/ack")]).toEqual(
      Array(4).fill(false),
    );
    expect(s.gate.maySubscribe("town/other", "spBv1.0/g/NCMD/n")).toBe(false);
    expect([s.gate.owns("town/gw"), s.gate.owns("town/e1")]).toEqual([true, false]);
  });

  it("refuses what is too large before it reads it", () => {
    const s = new GateScene({ kind: "zigbee2mqtt", limits: { payload_bytes: 256 } });
    s.send("zigbee2mqtt/a", Buffer.alloc(257));
    expect([s.dropped, s.settled]).toEqual([[{ topic: "zigbee2mqtt/a", reason: "payload_too_large" }], 1]);
  });

  it("knows further credentials, and what they stand for", () => {
    const s = new GateScene({
      kind: "thingsboard",
      publishers: [
        { username: "A1_TEST_TOKEN_1", device: "h1" },
        { username: "gateway-user", password: "of-the-gateway" },
      ],
    });
    const { gate } = s;
    expect(gate.authenticate("A1_TEST_TOKEN_1", "")).toEqual({ site: "town", edge: "gw", device: "h1" });
    expect(gate.authenticate("gateway-user", "of-the-gateway")).toMatchObject({ edge: "gw" });
    expect([gate.authenticate("gateway-user", ""), gate.authenticate("nobody-here", "")]).toEqual([null, null]);
  });

  it("takes credentials as hashes, which open nothing themselves", () => {
    const hash = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
    const { gate } = new GateScene({
      kind: "thingsboard",
      publishers: [
        { username: hash("A1_TEST_TOKEN_1"), device: "h1" },
        { username: "gateway-user", password: hash("of-the-gateway") },
      ],
    });
    expect(gate.authenticate("A1_TEST_TOKEN_1", "")).toMatchObject({ device: "h1" });
    expect(gate.authenticate("gateway-user", "of-the-gateway")).toMatchObject({ edge: "gw" });
    expect(gate.authenticate(hash("A1_TEST_TOKEN_1"), "")).toBeNull();
    expect(gate.authenticate("gateway-user", hash("of-the-gateway"))).toBeNull();
  });

  it.each([
    [{ kind: "sparkplug" }, /needs group and node/],
    [{ kind: "template" }, /needs topics and template/],
    [{ kind: "chirpstack", topics: ["a/#"] }, /adapter chirpstack of town\/gw: a\/#/],
  ])("says what %j lacks", (config, message) => {
    expect(() => new GateScene(config)).toThrow(message);
  });
});

describe("ThingsBoard", () => {
  const scene = () => new GateScene({ kind: "thingsboard", rename: { lvl: "water_level" } });
  const ME = "v1/devices/me/telemetry";

  it("takes all three shapes for the device of the credential", () => {
    const s = scene();
    s.send(ME, { lvl: 1.2 }, { device: "h1" });
    s.send(ME, { ts: NOW - 5000, values: { lvl: 1.3 } }, { device: "h1" });
    s.send(
      ME,
      [
        { ts: NOW - 2000, values: { lvl: 1 } },
        { ts: NOW - 1000, values: { lvl: 2 } },
      ],
      { device: "h1" },
    );
    expect(s.taken.map(({ once }) => once?.repeat)).toEqual(["never", "key", "key"]);
    expect(s.take().map(({ device, body }) => [device, body.r])).toEqual([
      ["h1", [{ ts: NOW, m: { water_level: 1.2 } }]],
      ["h1", [{ ts: NOW - 5000, m: { water_level: 1.3 } }]],
      [
        "h1",
        [
          { ts: NOW - 2000, m: { water_level: 1 } },
          { ts: NOW - 1000, m: { water_level: 2 } },
        ],
      ],
    ]);
  });

  it("takes a gateway's devices and keeps the good ones beside a bad one", () => {
    const s = scene();
    s.send("v1/gateway/telemetry", {
      "Device A": [{ ts: NOW, values: { lvl: 1 } }],
      b: [{ ts: "x", values: {} }],
      c: [7],
    });
    expect(s.take()).toMatchObject([
      { device: expect.stringMatching(/^Device-A-/) as string, body: { r: [{ m: { water_level: 1 } }] } },
      { reason: "time_invalid", detail: "b: ts must be ms UTC, found x" },
      { reason: "foreign_invalid" },
    ]);
    s.send("v1/gateway/disconnect", { device: "b" });
    expect(s.take()).toMatchObject([{ lane: "heartbeat", body: { sources: { b: "unavailable" } } }]);
  });

  it("lets nobody speak for another device", () => {
    const s = scene();
    s.send(ME, { lvl: 1 });
    s.send("v1/gateway/telemetry", { h2: [{ ts: NOW, values: { lvl: 1 } }] }, { device: "h1" });
    s.send(ME, { lvl: 1 }, { external: true });
    expect(s.reasons()).toEqual(Array(3).fill("topic_forbidden"));
  });

  it("refuses what is none of the shapes", () => {
    const s = scene();
    for (const body of ["x", "[]", "7", "[[1]]"]) s.send(ME, body, { device: "h1" });
    expect(s.reasons()).toEqual(["json_invalid", "foreign_invalid", "foreign_invalid", "foreign_invalid"]);
  });
});

describe("a template", () => {
  const json = {
    kind: "template",
    topics: ["acme/{plant}/{device}/up"],
    template: {
      payload: "json",
      time: { path: "at", unit: "s" },
      frame: { path: "up.raw", encoding: "hex" },
      port: "up.port",
    },
  };

  it("finds device, time, frame and port", () => {
    const s = new GateScene(json);
    s.send("acme/p/d1/up", { at: NOW / 1000 - 1, up: { raw: "0102", port: 7 } });
    expect(s.take()).toMatchObject([{ lane: "raw", device: "d1", body: { r: [{ ts: NOW - 1000, x: "AQI=", p: 7 }] } }]);
  });

  it("finds values, and the device in the payload", () => {
    const s = new GateScene({
      kind: "template",
      topics: ["acme/all"],
      template: { payload: "json", device: "id", values: "d" },
      rename: { L: "water_level" },
    });
    s.send("acme/all", { id: 17, d: { L: 2 } });
    expect(s.take()).toMatchObject([{ device: "17", body: { r: [{ ts: NOW, m: { water_level: 2 } }] } }]);
    s.send("acme/all", { id: 17, d: { L: 2 } }, { device: "18" });
    expect(s.reasons()).toEqual(["topic_forbidden"]);
  });

  it.each([
    ["hex", "01 02", "AQI="],
    ["base64", "AQI=", "AQI="],
    ["text", "ab", "YWI="],
    ["bytes", Buffer.from([0x7b, 0]), "ewA="],
  ])("takes a frame as %s", (payload, body, x) => {
    const s = new GateScene({ kind: "template", topics: ["a/{device}"], template: { payload } });
    s.send("a/d", body);
    expect(s.take()).toMatchObject([{ lane: "raw", device: "d", body: { r: [{ ts: NOW, x }] } }]);
  });

  it.each([
    [{ up: {} }, "foreign_invalid"],
    [{ up: { raw: "0g" } }, "foreign_invalid"],
    [{ up: { raw: "00", port: 256 } }, "foreign_invalid"],
    [{ at: "yesterday", up: { raw: "00" } }, "time_invalid"],
    ["[1]", "foreign_invalid"],
  ])("refuses %j", (body, reason) => {
    const s = new GateScene(json);
    s.send("acme/p/d1/up", body);
    expect(s.reasons()).toEqual([reason]);
  });
});

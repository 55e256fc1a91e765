import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { AdoptionInfo, QuarantineDetailInfo, QuarantineItem } from "../../hub/src/api/onboarding-schema.ts";
import { rebirthCommand } from "../../hub/src/adapters/sparkplug/payload.ts";
import { writeField } from "../../hub/src/adapters/sparkplug/protobuf.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

const PATIENT = { timeout: 20_000, interval: 100 };
const T0 = Math.floor(Date.now() / 1000) * 1000 - 60_000;

/** An uplink of milesight/em300-zld, as The Things Stack publishes it. */
function uplink(counter: number, leak: boolean): string {
  const at = new Date(T0 + counter * 1000).toISOString();
  return JSON.stringify({
    end_device_ids: { device_id: "leak-1", application_ids: { application_id: "pumps" }, dev_addr: "260B6A4E" },
    received_at: at,
    uplink_message: {
      session_key_id: "AZq30x==",
      f_port: 85,
      f_cnt: counter,
      frm_payload: Buffer.from([0x03, 0x67, 0xbe, 0x00, 0x05, 0x00, leak ? 1 : 0]).toString("base64"),
      rx_metadata: [{ rssi: -87, snr: 9.25 }],
      settings: { data_rate: { lora: { bandwidth: 125000, spreading_factor: 7 } } },
      version_ids: { band_id: "EU_863_870" },
      received_at: at,
    },
  });
}
const UP = "v3/pumps@town/devices/leak-1/up";

/** A Sparkplug payload of 64-bit integers. */
function sparkplug(
  seq: number | null,
  metrics: readonly { name?: string; alias?: number; value: number }[],
  ts: number,
): Buffer {
  const parts = [writeField(1, ts)];
  for (const { name, alias, value } of metrics) {
    const fields = [writeField(4, 8), writeField(11, value)];
    if (name !== undefined) fields.push(writeField(1, name));
    if (alias !== undefined) fields.push(writeField(2, alias));
    parts.push(writeField(2, Buffer.concat(fields)));
  }
  if (seq !== null) parts.push(writeField(3, seq));
  return Buffer.concat(parts);
}

describe("what others publish, in a running hub", () => {
  let dir: string;
  let hub: HubProcess;
  const clients: MqttClient[] = [];

  const settings = () => ({
    vision_workers: 0,
    log_level: "error",
    duration_scale: 0.01,
    profiles: [join(dir, "profiles")],
    adapters: [
      { kind: "the_things_stack", site: "town", edge: "ttn" },
      { kind: "zigbee2mqtt", site: "town", edge: "z2m" },
      {
        kind: "sparkplug",
        site: "town",
        edge: "press",
        group: "town",
        node: "press",
        rename: { "Hydrant/Pressure": "pressure", "Hydrant/Flow": "flow" },
      },
      {
        kind: "thingsboard",
        site: "town",
        edge: "tb",
        publishers: [{ username: "ACCESS_TOKEN_OF_H1", device: "tb-h1" }],
      },
    ],
  });
  const connect = async (edge: string, options: object = {}): Promise<MqttClient> => {
    const { username, token } = await hub.api<{ username: string; token: string }>("/api/edges", {
      method: "POST",
      body: { site: "town", edge, renew: true },
    });
    return open({ username, password: token, ...options });
  };
  const open = async (options: object): Promise<MqttClient> => {
    const client = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, { reconnectPeriod: 0, ...options });
    client.on("error", () => {});
    clients.push(client);
    return client;
  };
  const series = async (device: string, metric: string) => {
    const path = `/api/devices/town/${device}/series?metric=${metric}&from=${T0 - 60_000}&to=${T0 + 3_600_000}`;
    return (await hub.api<{ rows: [number, number][] }>(path)).rows.map(([, value]) => value);
  };
  const adopt = (edge: string, device: string, profile: string) =>
    hub.api<AdoptionInfo>(`/api/quarantine/town/${edge}/${device}/adopt`, { method: "POST", body: { profile } });
  const letters = async () =>
    (await hub.api<{ items: { reason: string; topic: string }[] }>("/api/dead-letters")).items;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-adapters-"));
    mkdirSync(join(dir, "profiles"));
    hub = await startHubProcess({ dataDir: dir, settings: settings() });
  });
  afterAll(async () => {
    for (const client of clients) await client.endAsync(true);
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("an uplink of The Things Stack waits in the quarantine, is adopted, and becomes readings with its radio link", async () => {
    const ttn = await connect("ttn");
    await ttn.publishAsync(UP, uplink(1, false), { qos: 1 });
    const found = await hub.api<QuarantineDetailInfo>("/api/quarantine/town/ttn/leak-1");
    expect(found.suggestions[0]).toMatchObject({ profile: "milesight/em300-zld@1.0.0" });
    expect(await adopt("ttn", "leak-1", "milesight/em300-zld")).toMatchObject({ replayed: 1, stored: 1 });
    await ttn.publishAsync(UP, uplink(2, true), { qos: 1 });
    expect(await series("leak-1", "leak")).toEqual([0, 1]);
    expect(await series("leak-1", "rssi")).toEqual([-87, -87]);
    expect(await series("leak-1", "data_rate")).toEqual([5, 5]);
    // its credential covers nothing else
    await ttn.publishAsync("gridhub/v1/town/ttn/d/leak-1/t", "{}", { qos: 1 });
    await ttn.publishAsync(UP, "no uplink", { qos: 1 });
    await vi.waitFor(async () => {
      const reasons = (await letters()).map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(["topic_forbidden", "json_invalid"]));
    }, PATIENT);
    await expect(ttn.subscribeAsync("#")).rejects.toThrow();
  });

  it("stores a redelivered uplink once, also when the hub was killed in between", async () => {
    const { mqttPort } = hub;
    const ttn = await connect("ttn");
    await ttn.publishAsync(UP, uplink(3, true), { qos: 1 });
    await ttn.publishAsync(UP, uplink(3, true), { qos: 1, dup: true });
    expect(await series("leak-1", "leak")).toEqual([0, 1, 1]);
    await hub.kill();
    hub = await startHubProcess({ dataDir: dir, settings: settings(), mqttPort });
    const again = await connect("ttn");
    await again.publishAsync(UP, uplink(3, true), { qos: 1, dup: true });
    await again.publishAsync(UP, uplink(4, false), { qos: 1 });
    expect(await series("leak-1", "leak")).toEqual([0, 1, 1, 0]);
    expect(await hub.metric("gridhub_duplicates_total")).toBe(1);
  });

  it("a Zigbee device describes itself: drafted profile, quarantine, adoption, readings", async () => {
    const z2m = await connect("z2m");
    const definition = {
      vendor: "Aqara",
      model: "SJCGQ11LM",
      description: "Water leak sensor",
      exposes: [
        { type: "binary", name: "water_leak", property: "water_leak", access: 1, value_on: true, value_off: false },
        { type: "numeric", name: "battery", property: "battery", access: 1, unit: "%", value_min: 0, value_max: 100 },
      ],
    };
    const devices = [{ type: "EndDevice", friendly_name: "cellar", ieee_address: "0x1", definition }];
    await z2m.publishAsync("zigbee2mqtt/bridge/devices", JSON.stringify(devices), { qos: 0, retain: true });
    await z2m.publishAsync("zigbee2mqtt/cellar", '{"battery":88,"water_leak":false}', { qos: 1 });
    const { items } = await hub.api<{ items: QuarantineItem[] }>("/api/quarantine");
    expect(items).toMatchObject([{ edge: "town/z2m", device: "cellar" }]);
    const { yaml } = await hub.api<{ yaml: string }>("/api/adapters/town/z2m/cellar/draft");
    writeFileSync(join(dir, "profiles/aqara.yaml"), yaml);
    await vi.waitFor(async () => {
      const { suggestions } = await hub.api<QuarantineDetailInfo>("/api/quarantine/town/z2m/cellar");
      expect(suggestions[0]).toMatchObject({ profile: "aqara/sjcgq11lm@1.0.0" });
    }, PATIENT);
    expect(await adopt("z2m", "cellar", "aqara/sjcgq11lm")).toMatchObject({ stored: 1 });
    await z2m.publishAsync("zigbee2mqtt/cellar", '{"battery":87,"water_leak":true}', { qos: 1 });
    expect(await series("cellar", "leak")).toEqual([0, 1]);
    expect(await series("cellar", "battery_percent")).toEqual([88, 87]);
  });

  it("a Sparkplug node: birth, data by alias, a gap that asks for a birth, and one event when it dies", async () => {
    const will = {
      topic: "spBv1.0/town/NDEATH/press",
      payload: sparkplug(null, [{ name: "bdSeq", value: 4 }], T0),
      qos: 1,
    };
    const node = await connect("press", { will });
    const asked: Buffer[] = [];
    node.on("message", (_topic, payload) => asked.push(payload));
    await node.subscribeAsync("spBv1.0/town/NCMD/press", { qos: 1 });
    const birth = [{ name: "bdSeq", value: 4 }];
    const pump = [{ name: "Hydrant/Pressure", alias: 1, value: 1 }];
    const send = (type: string, payload: Buffer) => node.publishAsync(`spBv1.0/town/${type}`, payload, { qos: 1 });
    await send("NBIRTH/press", sparkplug(0, birth, T0));
    await send("DBIRTH/press/h9", sparkplug(1, pump, T0));
    expect(await adopt("press", "h9", "generic/hydrant-json")).toMatchObject({ stored: 1 });
    await send("DDATA/press/h9", sparkplug(2, [{ alias: 1, value: 2 }], T0 + 1000));
    expect(asked).toEqual([]);
    await send("DDATA/press/h9", sparkplug(7, [{ alias: 1, value: 0 }], T0 + 2000));
    await vi.waitFor(() => expect(asked).toHaveLength(1), PATIENT);
    expect(asked[0]).toHaveLength(rebirthCommand(T0).length);
    expect(await series("h9", "pressure")).toEqual([1, 2, 0]);
    node.stream.destroy();
    await vi.waitFor(async () => {
      const { items } = await hub.api<{ items: { kind: string; subject: string }[] }>("/api/events?kind=edge.offline");
      expect(items).toMatchObject([{ subject: "edge:town/press" }]);
    }, PATIENT);
  });

  it("a ThingsBoard device is its access token, and nobody else", async () => {
    const device = await open({ username: "ACCESS_TOKEN_OF_H1", password: "" });
    const body = { ts: T0, values: { pressure: 0.31 } };
    await device.publishAsync("v1/devices/me/telemetry", JSON.stringify(body), { qos: 1 });
    expect(await adopt("tb", "tb-h1", "generic/hydrant-json")).toMatchObject({ stored: 1 });
    expect(await series("tb-h1", "pressure")).toEqual([0.31]);
    await expect(open({ username: "ACCESS_TOKEN_OF_H2", password: "" })).rejects.toThrow();
  });
});

import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EmbeddedBroker } from "../broker/embedded.ts";
import { readerAccess } from "../broker/readers.ts";
import { systemClock } from "../clock.ts";
import { MqttTransport } from "./mqtt.ts";
import { EVENT, sampleItem } from "./sample.testing.ts";
import type { MqttTarget } from "./target.ts";

const ROOT = "gridhub/v1";
const PASSWORD = "password of a reader";
const target = (more: Partial<MqttTarget> = {}): MqttTarget => ({
  name: "out",
  kind: "mqtt",
  url: "",
  username: "",
  password: "",
  clientId: "gridhub-out-test",
  topic: "{root}/{site}/out/event/{grid}/{data.event}",
  timeoutMs: 60_000,
  ...more,
});
const TOPIC = `${ROOT}/caiyuan/out/event/330922100-07-3/${EVENT.id}`;

let broker: EmbeddedBroker;
const clients: MqttClient[] = [];
const refused: string[] = [];
const { signal } = new AbortController();

beforeEach(async () => {
  const readers = readerAccess([
    { username: "all", password: PASSWORD },
    { username: "caiyuan", password: PASSWORD, sites: ["caiyuan"] },
  ]);
  broker = new EmbeddedBroker({
    host: "127.0.0.1",
    port: 0,
    root: ROOT,
    maxConnections: 20,
    connectTimeoutMs: 60_000,
    clock: systemClock,
    authenticate: (username, token) =>
      readers(username, token) ?? (username === "town/e1" ? { site: "town", edge: "e1" } : null),
  });
  await broker.start({ accept: (_message, settle) => settle(), refuse: (topic) => void refused.push(topic) });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await broker.close();
});
const connect = async (username: string, password = PASSWORD) => {
  const client = await connectAsync(broker.address, { username, password, reconnectPeriod: 0 });
  client.on("error", () => {});
  clients.push(client);
  return client;
};
const own = (topic: string, payload: string, done: (error?: Error) => void) =>
  broker.publish(topic, payload, { qos: 1 }, done);
/** granted QoS of each filter; 128 = refused */
const grants = async (client: MqttClient, filters: string[]) =>
  Promise.all(
    filters.map((filter) =>
      client.subscribeAsync(filter, { qos: 1 }).then(
        ([granted]) => granted.qos as number,
        () => 128,
      ),
    ),
  );

describe("events as MQTT messages", () => {
  it("reach readers at the hub's own broker with QoS 1", async () => {
    const reader = await connect("caiyuan");
    const got: { topic: string; qos: number; id: string }[] = [];
    reader.on("message", (topic, payload, { qos }) =>
      got.push({ topic, qos, id: (JSON.parse(payload.toString()) as { id: string }).id }),
    );
    await reader.subscribeAsync(`${ROOT}/caiyuan/out/event/#`, { qos: 1 });
    const transport = new MqttTransport(target(), ROOT, own);
    expect(await transport.send([sampleItem()], signal)).toEqual({ kind: "delivered" });
    await vi.waitFor(() => expect(got).toEqual([{ topic: TOPIC, qos: 1, id: `${EVENT.id}:3` }]));
  });

  it("keeps readers to the out topics of their sites, and from publishing", async () => {
    const filters = [
      `${ROOT}/caiyuan/out/event/#`,
      `${ROOT}/+/out/#`,
      `${ROOT}/town/out/#`,
      `${ROOT}/#`,
      "#",
      `${ROOT}/caiyuan/e1/d/+/t`,
      `${ROOT}/caiyuan/+/event/#`,
    ];
    expect(await grants(await connect("caiyuan"), filters)).toEqual([1, 128, 128, 128, 128, 128, 128]);
    expect(await grants(await connect("all"), filters)).toEqual([1, 1, 1, 128, 128, 128, 128]);
    await expect(connect("caiyuan", "wrong")).rejects.toThrow();
    const writer = await connect("all");
    const closed = new Promise<void>((resolve) => writer.once("close", () => resolve()));
    writer.publish(TOPIC, "forged", { qos: 1 });
    await closed;
    const edge = await connect("town/e1");
    expect(await grants(edge, [`${ROOT}/town/out/#`])).toEqual([128]);
  });

  it("go to another broker, and are delivered once that acknowledges them", async () => {
    const seen: string[] = [];
    await broker.close();
    await broker.start({
      accept: (message, settle) => {
        seen.push(message.topic);
        settle();
      },
      refuse: (topic) => void seen.push(topic),
    });
    const away = target({ url: broker.address, username: "town/e1", password: "x" });
    const transport = new MqttTransport(away, ROOT, own);
    expect(await transport.send([sampleItem()], signal)).toEqual({ kind: "delivered" });
    expect(seen).toEqual([TOPIC]);
    await transport.close();
  });

  it("wait when the broker is not there", async () => {
    const transport = new MqttTransport(target({ url: "mqtt://127.0.0.1:9", timeoutMs: 150 }), ROOT, own);
    expect(await transport.send([sampleItem()], signal)).toMatchObject({
      kind: "failed",
      error: "no answer within 150 ms",
    });
    await transport.close();
    const gone = new MqttTransport(target(), ROOT, (_topic, _payload, done) =>
      done(new Error("the broker does not run")),
    );
    expect(await gone.send([sampleItem()], signal)).toMatchObject({ kind: "failed", error: "the broker does not run" });
  });

  it("make topics of whole levels, whatever an id holds", async () => {
    const topics: string[] = [];
    const note = (topic: string, _payload: string, done: () => void) => {
      topics.push(topic);
      done();
    };
    const transport = new MqttTransport(target(), ROOT, note);
    await transport.send([sampleItem({ gridId: "a/#/+b" })], signal);
    await transport.send([sampleItem({ gridId: null })], signal);
    expect(topics).toEqual([`${ROOT}/caiyuan/out/event/a____b/${EVENT.id}`, `${ROOT}/none/out/event/none/${EVENT.id}`]);
  });
});

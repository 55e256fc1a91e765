import { topics } from "@gridhub/device-profiles/topic.ts";
import type { MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import type { ForeignDoor, ForeignPublish } from "../message.ts";
import { connectEdge, HeldSink } from "./broker.contract.ts";
import { EmbeddedBroker } from "./embedded.ts";

/** A door that takes `other/#` of edge `town/gw`, and keeps what came. */
class KeptDoor implements ForeignDoor {
  readonly filters = ["other/#"];
  readonly came: (ForeignPublish & { publisher: unknown })[] = [];

  owns(edgeKey: string): boolean {
    return edgeKey === "town/gw";
  }

  maySubscribe(_edgeKey: string, filter: string): boolean {
    return filter === "other/answer";
  }

  limit(edgeKey: string): number {
    return this.owns(edgeKey) ? 400_000 : 0;
  }

  accept(publish: ForeignPublish, publisher: unknown, _sink: unknown, settle: () => void): boolean {
    if (!publish.topic.startsWith("other/")) return false;
    this.came.push({ ...publish, publisher });
    settle();
    return true;
  }
}

describe("embedded broker with another format", () => {
  let broker: EmbeddedBroker;
  let sink: HeldSink;
  let door: KeptDoor;
  const clients: MqttClient[] = [];

  beforeEach(async () => {
    sink = new HeldSink();
    door = new KeptDoor();
    broker = new EmbeddedBroker({
      host: "127.0.0.1",
      port: 0,
      root: "gridhub/v1",
      maxConnections: 10,
      connectTimeoutMs: 2000,
      authenticate: (username) => {
        const [site, edge, device] = username.split("/");
        return { site, edge, device };
      },
      clock: systemClock,
      foreign: door,
    });
    await broker.start(sink);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.endAsync(true);
    await broker.close();
  });
  const connect = async (username: string): Promise<MqttClient> => {
    const client = await connectEdge(broker.address, username, "any");
    clients.push(client);
    return client;
  };

  it("brings its publishes with who it is, also larger ones than the contract allows", async () => {
    const gateway = await connect("town/gw/h1");
    await gateway.publishAsync("other/a", Buffer.alloc(300_000), { qos: 1, retain: true });
    expect(door.came).toMatchObject([
      { topic: "other/a", retained: false, publisher: { edge: "town/gw", device: "h1" } },
    ]);
  });

  it("closes the contract's topics, and everything else, to an edge of an adapter", async () => {
    const gateway = await connect("town/gw");
    for (const topic of [topics.telemetry("town", "gw", "d1"), topics.state("town", "gw"), "elsewhere"])
      await gateway.publishAsync(topic, "{}", { qos: 1 });
    expect(sink.refused.map(({ reason }) => reason)).toEqual(Array(3).fill("topic_forbidden"));
    await gateway.subscribeAsync("other/answer");
    for (const filter of [topics.ack("town", "gw"), "other/#", "#"])
      await expect(gateway.subscribeAsync(filter)).rejects.toThrow();
  });

  it("closes the other format to every other edge", async () => {
    const edge = await connect("town/e1");
    await edge.publishAsync("other/a", "{}", { qos: 1 });
    await expect(edge.subscribeAsync("other/answer")).rejects.toThrow();
    expect([door.came, sink.refused]).toEqual([[], [{ topic: "other/a", reason: "topic_invalid" }]]);
    const before = broker.stats().refused.packet_size;
    const closed = new Promise<void>((resolve) => edge.once("close", () => resolve()));
    edge.on("error", () => {});
    edge.publish("other/a", Buffer.alloc(300_000));
    await closed;
    expect(broker.stats().refused.packet_size).toBeGreaterThan(before);
  });
});

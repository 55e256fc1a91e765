import { topics } from "@gridhub/device-profiles/topic.ts";
import { connectAsync } from "mqtt";
import { createConnection, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../clock.ts";
import { brokerContract, connectEdge, HeldSink } from "./broker.contract.ts";
import { EmbeddedBroker } from "./embedded.ts";

function embedded(): EmbeddedBroker {
  return new EmbeddedBroker({
    host: "127.0.0.1",
    port: 0,
    root: "gridhub/v1",
    maxConnections: 100,
    connectTimeoutMs: 2000,
    authenticate: (username, token) => {
      const [site, edge] = username.split("/");
      return token === `token-of-${edge}` ? { site, edge } : null;
    },
    clock: systemClock,
  });
}

brokerContract("embedded (aedes)", async (sink) => {
  const broker = embedded();
  await broker.start(sink);
  return {
    broker,
    connect: () => connectEdge(broker.address, "town/edge-1", "token-of-edge-1"),
    close: () => broker.close(),
  };
});

describe("embedded broker", () => {
  let broker: EmbeddedBroker;
  let sink: HeldSink;

  beforeEach(async () => {
    sink = new HeldSink();
    broker = embedded();
    await broker.start(sink);
  });
  afterEach(() => broker.close());

  const raw = async (): Promise<Socket> => {
    const socket = createConnection(Number(new URL(broker.address).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.on("error", () => {});
    return socket;
  };
  const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

  it("acknowledges only after the message was settled", async () => {
    const device = await connectEdge(broker.address, "town/edge-1", "token-of-edge-1");
    let acknowledged = false;
    const published = device
      .publishAsync(topics.telemetry("town", "edge-1", "d1"), "{}", { qos: 1 })
      .then(() => (acknowledged = true));
    await vi.waitFor(() => expect(sink.held).toHaveLength(1));
    const { settle } = sink.held[0];
    // A round trip of another kind proves that the acknowledgement was not merely slow.
    await device.subscribeAsync(topics.ack("town", "edge-1"));
    expect(acknowledged).toBe(false);
    settle();
    await published;
    await device.endAsync();
  });

  it("refuses a wrong token and an unknown user", async () => {
    for (const [username, password] of [
      ["town/edge-1", "wrong"],
      ["nobody", "token-of-edge-1"],
      ["", ""],
    ]) {
      await expect(connectAsync(broker.address, { username, password, reconnectPeriod: 0 }, false)).rejects.toThrow(
        /Not authorized|Bad username|refused/i,
      );
    }
    expect(broker.stats().refused.connect).toBe(3);
  });

  it("keeps an edge inside its own prefix", async () => {
    const device = await connectEdge(broker.address, "town/edge-1", "token-of-edge-1");
    await device.publishAsync(topics.telemetry("town", "edge-2", "d1"), "{}", { qos: 1 });
    await device.publishAsync("gridhub/v1/town/edge-1/ack", "{}", { qos: 1 });
    expect(sink.refused.map((r) => r.reason)).toEqual(["topic_forbidden", "topic_invalid"]);
    for (const filter of [
      "#",
      "gridhub/v1/#",
      "gridhub/v1/town/edge-2/ack",
      "gridhub/v1/town/edge-1/d/+/t",
      "$SYS/#",
    ]) {
      const granted = await device.subscribeAsync(filter).catch((error: Error) => error);
      expect(granted, filter).toBeInstanceOf(Error);
    }
    expect(sink.held).toEqual([]);
    await device.endAsync();
  });

  it("publishes the last will through the same door", async () => {
    const will = {
      topic: topics.state("town", "edge-1"),
      payload: Buffer.from('{"s":"off","b":3,"why":"lwt"}'),
      qos: 1 as const,
      retain: true,
    };
    const device = await connectAsync(broker.address, {
      username: "town/edge-1",
      password: "token-of-edge-1",
      will,
      reconnectPeriod: 0,
    });
    (device.stream as unknown as Socket).destroy();
    await vi.waitFor(() => expect(sink.held.map((h) => h.message.lane)).toEqual(["state"]));
    sink.held[0].settle();
  });

  it("closes a connection that announces an oversized packet, before its bytes arrive", async () => {
    const socket = await raw();
    const end = closed(socket);
    // CONNECT, remaining length 100 MB (MQTT 3.1.1 section 2.2.3)
    socket.write(Buffer.from([0x10, 0x80, 0xc2, 0xd7, 0x2f]));
    await end;
    expect(broker.stats().refused.packet_size).toBe(1);
  });

  it("refuses a payload above its lane's limit but keeps the connection", async () => {
    const device = await connectEdge(broker.address, "town/edge-1", "token-of-edge-1");
    await device.publishAsync(topics.telemetry("town", "edge-1", "d1"), Buffer.alloc(70_000), { qos: 1 });
    expect(sink.refused).toEqual([{ topic: topics.telemetry("town", "edge-1", "d1"), reason: "payload_too_large" }]);
    expect(device.connected).toBe(true);
    await device.endAsync();
  });

  it("survives random bytes", async () => {
    for (let i = 0; i < 50; i++) {
      const socket = await raw();
      const bytes = Buffer.from(Array.from({ length: 64 }, (_, k) => (i * 37 + k * 101) % 256));
      socket.end(bytes);
      socket.destroy();
    }
    const device = await connectEdge(broker.address, "town/edge-1", "token-of-edge-1");
    expect(device.connected).toBe(true);
    await device.endAsync();
  });

  it("goes on for the others when a subscriber stops reading", async () => {
    const frozen = await connectEdge(broker.address, "town/edge-1", "token-of-edge-1");
    await frozen.subscribeAsync(topics.ack("town", "edge-1"));
    (frozen.stream as unknown as Socket).pause();
    const other = await connectEdge(broker.address, "town/edge-2", "token-of-edge-2");
    const got: string[] = [];
    other.on("message", (_t, payload) => got.push(payload.toString()));
    await other.subscribeAsync(topics.ack("town", "edge-2"));
    const bulk = Buffer.alloc(60_000);
    for (let i = 0; i < 400; i++) {
      broker.publish(topics.ack("town", "edge-1"), bulk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    broker.publish(topics.ack("town", "edge-2"), "still here");
    await vi.waitFor(() => expect(got).toEqual(["still here"]));
    await vi.waitFor(() => expect(broker.stats().refused.clogged).toBeGreaterThan(0));
    await Promise.all([frozen.endAsync(true), other.endAsync(true)]);
  });
});

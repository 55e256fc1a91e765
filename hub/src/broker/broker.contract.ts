import { topics } from "@gridhub/device-profiles/topic.ts";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Message, MessageSink, Settle } from "../message.ts";
import type { Broker } from "./broker.ts";

/** A sink that keeps what it gets and settles when the test says so. */
export class HeldSink implements MessageSink {
  readonly held: { message: Message; settle: Settle }[] = [];
  readonly refused: { topic: string; reason: string }[] = [];

  accept(message: Message, settle: Settle): void {
    this.held.push({ message, settle });
  }

  refuse(topic: string, _payload: Buffer, _edge: string, reason: string): void {
    this.refused.push({ topic, reason });
  }
}

export interface BrokerUnderTest {
  readonly broker: Broker;
  /** connects a device as edge `town/edge-1` */
  connect(): Promise<MqttClient>;
  close(): Promise<void>;
}

/** What every broker adapter keeps; see the docstring of `Broker`. */
export function brokerContract(name: string, open: (sink: MessageSink) => Promise<BrokerUnderTest>): void {
  describe(`broker contract: ${name}`, () => {
    let sink: HeldSink;
    let under: BrokerUnderTest;

    beforeEach(async () => {
      sink = new HeldSink();
      under = await open(sink);
    });
    afterEach(() => under.close());

    it("delivers a publish with its parts", async () => {
      const device = await under.connect();
      const published = device.publishAsync(topics.telemetry("town", "edge-1", "d1"), "{}", { qos: 1 });
      await vi.waitFor(() => expect(sink.held).toHaveLength(1));
      const { message, settle } = sink.held[0];
      expect(message).toMatchObject({ site: "town", edge: "edge-1", device: "d1", lane: "telemetry" });
      settle();
      await published;
      await device.endAsync();
    });

    it("delivers again what was not settled", async () => {
      const device = await under.connect();
      device.on("error", () => {});
      const topic = topics.telemetry("town", "edge-1", "d1");
      for (const body of ["one", "two"]) device.publish(topic, body, { qos: 1 });
      await vi.waitFor(() => expect(sink.held).toHaveLength(2));
      sink.held[0].settle();
      sink.held[1].settle(new Error("database down"));
      await vi.waitFor(() => {
        const again = sink.held.slice(2).map(({ message, settle }) => (settle(), message.payload.toString()));
        expect(again).toContain("two");
      });
      await device.endAsync(true);
    });

    it("hands downlinks to the edge that subscribed", async () => {
      const device = await under.connect();
      const got: string[] = [];
      device.on("message", (_topic, payload) => got.push(payload.toString()));
      await device.subscribeAsync(topics.ack("town", "edge-1"), { qos: 1 });
      await vi.waitFor(() => {
        under.broker.publish(topics.ack("town", "edge-1"), '{"b":1,"upto":7}');
        expect(got).toContain('{"b":1,"upto":7}');
      });
      await device.endAsync();
    });

    it("refuses topics outside the contract with a reason and keeps the connection", async () => {
      const device = await under.connect();
      await device.publishAsync("gridhub/v1/town/edge-1/nonsense/topic", "x", { qos: 1 }).catch(() => {});
      const known = device.publishAsync(topics.telemetry("town", "edge-1", "d1"), "{}", { qos: 1 });
      await vi.waitFor(() => expect(sink.held.length).toBeGreaterThan(0));
      for (const { settle } of sink.held) settle();
      await known;
      await device.endAsync();
    });
  });
}

export async function connectEdge(url: string, username: string, password: string): Promise<MqttClient> {
  return connectAsync(url, { username, password, clean: true, reconnectPeriod: 50, connectTimeout: 5000 });
}

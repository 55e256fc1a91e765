import type { Envelope, EnvelopeRecord, MetaMessage, StateMessage } from "@gridhub/device-profiles/envelope.ts";
import { DEFAULT_ROOT, topics } from "@gridhub/device-profiles/topic.ts";
import mqtt, { type MqttClient } from "mqtt";

export interface MqttDeviceOptions {
  /** e.g. `mqtt://127.0.0.1:1883` */
  readonly url: string;
  readonly site: string;
  /** the device is an edge with one device: both carry this name */
  readonly name: string;
  readonly token: string;
  readonly profile: string;
  readonly title?: string;
  readonly lon?: number;
  readonly lat?: number;
  readonly grid?: string;
  readonly attributes?: Readonly<Record<string, number | string | boolean>>;
  /** boot counter; must grow with every start of this device */
  readonly boot: number;
  readonly root?: string;
  /** publishes waiting for their acknowledgement at one time */
  readonly inFlight?: number;
  /** samples kept while the hub is away; a full memory takes no new sample */
  readonly memory?: number;
  /** asked for every envelope: true sends it twice, as a device does that missed the acknowledgement */
  readonly repeat?: () => boolean;
}

export interface MqttDeviceCounts {
  sent: number;
  acknowledged: number;
  /** samples not taken because the memory was full */
  refused: number;
}

interface Pending {
  readonly q: number;
  readonly topic: string;
  readonly payload: string;
}

/**
 * A device that speaks the contract itself: last will, retained state and birth, envelopes with boot and sequence, QoS 1 with a
 * bounded number in flight. A sample is forgotten only when its PUBACK came, which the hub sends after its commit.
 */
export class MqttDevice {
  readonly counts: MqttDeviceCounts = { sent: 0, acknowledged: 0, refused: 0 };
  private readonly options: MqttDeviceOptions;
  private readonly root: string;
  private client: MqttClient | null = null;
  private sequence = 0;
  private readonly waiting: Pending[] = [];
  private readonly flying = new Map<number, Pending>();

  constructor(options: MqttDeviceOptions) {
    this.options = options;
    this.root = options.root ?? DEFAULT_ROOT;
  }

  /** Resolves when the first connection stands; keeps reconnecting afterwards. Rejects on a refused credential. */
  async start(): Promise<void> {
    const { site, name, token, url, boot } = this.options;
    const will: StateMessage = { s: "off", b: boot, why: "lwt" };
    const client = mqtt.connect(url, {
      clientId: `${site}/${name}`,
      username: `${site}/${name}`,
      password: token,
      clean: true,
      reconnectPeriod: 500,
      keepalive: 15,
      queueQoSZero: false,
      will: {
        topic: topics.state(site, name, this.root),
        payload: Buffer.from(JSON.stringify(will)),
        qos: 1,
        retain: true,
      },
    });
    this.client = client;
    client.on("connect", () => this.birth());
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      // A refused credential has a CONNACK code (a number) and no retry mends it; an unreachable broker is tried again.
      client.on("error", (error: Error & { code?: unknown }) => {
        if (typeof error.code === "number") reject(error);
      });
    });
  }

  /** A decoded sample; false when the memory is full. */
  telemetry(ts: number, values: Readonly<Record<string, unknown>>): boolean {
    return this.record(topics.telemetry(this.options.site, this.options.name, this.options.name, this.root), {
      ts,
      m: values,
    });
  }

  /** An undecoded frame; false when the memory is full. */
  raw(ts: number, frame: Uint8Array): boolean {
    const x = Buffer.from(frame).toString("base64");
    return this.record(topics.raw(this.options.site, this.options.name, this.options.name, this.root), { ts, x });
  }

  /** Camera frame lane: not sequenced, dropped when the hub is away. */
  frame(payload: Buffer): void {
    if (this.client?.connected !== true) return;
    this.client.publish(topics.frame(this.options.site, this.options.name, this.options.name, this.root), payload, {
      qos: 1,
    });
  }

  get pending(): number {
    return this.waiting.length + this.flying.size;
  }

  /** Goes without a word, as a device does whose power fails: the broker sends the will. */
  cut(): void {
    this.client?.stream.destroy();
    this.client?.end(true);
    this.client = null;
  }

  /** Says goodbye (`why: stop`) and closes. Idempotent. */
  async close(): Promise<void> {
    const client = this.client;
    this.client = null;
    if (client === null) return;
    // DISCONNECT must follow the goodbye, or the broker sends the will after it; a hub that is away must not hold us up.
    const goodbye = async (): Promise<void> => {
      const { site, name, boot } = this.options;
      const bye: StateMessage = { s: "off", b: boot, why: "stop" };
      await client.publishAsync(topics.state(site, name, this.root), JSON.stringify(bye), { qos: 1, retain: true });
      await client.endAsync();
    };
    const limit = new Promise<void>((resolve) => setTimeout(resolve, 1000).unref());
    if (client.connected) await Promise.race([goodbye(), limit]);
    await client.endAsync(true);
  }

  private record(topic: string, record: EnvelopeRecord): boolean {
    if (this.pending >= (this.options.memory ?? 500)) {
      this.counts.refused++;
      return false;
    }
    const q = ++this.sequence;
    const envelope: Envelope = { v: 1, b: this.options.boot, q, r: [record], tq: "ntp" };
    this.waiting.push({ q, topic, payload: JSON.stringify(envelope) });
    this.pump();
    return true;
  }

  private pump(): void {
    const limit = this.options.inFlight ?? 8;
    while (this.client?.connected === true && this.flying.size < limit) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.flying.set(next.q, next);
      this.send(next);
    }
  }

  private send(item: Pending): void {
    this.counts.sent++;
    if (this.options.repeat?.() === true) {
      this.counts.sent++;
      this.client?.publish(item.topic, item.payload, { qos: 1 });
    }
    this.client?.publish(item.topic, item.payload, { qos: 1 }, (error) => {
      if (error || !this.flying.delete(item.q)) return; // a failed one stays in flight and goes again after the reconnect
      this.counts.acknowledged++;
      this.pump();
    });
  }

  private birth(): void {
    const { site, name, boot, profile, title, lon, lat, grid, attributes } = this.options;
    const oldest = this.flying.keys().next().value ?? this.waiting[0]?.q ?? this.sequence + 1;
    const state: StateMessage = { s: "on", b: boot, q: oldest, ts: Date.now() };
    const meta: MetaMessage = {
      agent: "simulator/1.0.0",
      devices: [{ id: name, profile, title, lon, lat, grid, attributes }],
      clock: "ntp",
    };
    this.client?.publish(topics.state(site, name, this.root), JSON.stringify(state), { qos: 1, retain: true });
    this.client?.publish(topics.meta(site, name, this.root), JSON.stringify(meta), { qos: 1, retain: true });
    // The client library resends what it had in flight by itself; ours follows in order. Doubles share (b, q) and count once.
    for (const item of this.flying.values()) this.send(item);
    this.pump();
  }
}

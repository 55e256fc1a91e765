import type {
  DeclaredDevice,
  Envelope,
  EnvelopeRecord,
  HeartbeatMessage,
  MetaMessage,
  StateMessage,
} from "@gridhub/device-profiles/envelope.ts";
import { DEFAULT_ROOT, topics } from "@gridhub/device-profiles/topic.ts";
import mqtt, { type MqttClient } from "mqtt";

export interface MqttEdgeOptions {
  /** e.g. `mqtt://127.0.0.1:1883` */
  readonly url: string;
  readonly site: string;
  readonly name: string;
  readonly token: string;
  /** what it declares at birth */
  readonly devices: readonly DeclaredDevice[];
  /** boot counter; must grow with every start of this edge */
  readonly boot: number;
  readonly root?: string;
  /** publishes waiting for their acknowledgement at one time */
  readonly inFlight?: number;
  /** records kept while the hub is away; a full memory takes no new one */
  readonly memory?: number;
  /** asked for every envelope: true sends it twice, as an edge does that missed the acknowledgement */
  readonly repeat?: () => boolean;
}

export interface MqttEdgeCounts {
  sent: number;
  acknowledged: number;
  /** records not taken because the memory was full */
  refused: number;
}

interface Pending {
  readonly q: number;
  readonly topic: string;
  readonly payload: string;
}

/**
 * A publisher that speaks the contract itself: last will, retained state and birth, envelopes with boot and sequence, QoS 1 with
 * a bounded number in flight. A record is forgotten only when its PUBACK came, which the hub sends after its commit. All its
 * devices share one queue, first come first sent, so none of them can crowd out another.
 */
export class MqttEdge {
  readonly counts: MqttEdgeCounts = { sent: 0, acknowledged: 0, refused: 0 };
  private readonly options: MqttEdgeOptions;
  private readonly root: string;
  private client: MqttClient | null = null;
  private sequence = 0;
  private readonly waiting: Pending[] = [];
  private readonly flying = new Map<number, Pending>();

  constructor(options: MqttEdgeOptions) {
    this.options = options;
    this.root = options.root ?? DEFAULT_ROOT;
  }

  /**
   * Resolves when the hub has acknowledged the birth, hence knows the devices; keeps reconnecting afterwards. May be called again
   * after {@link cut}. Rejects on a refused credential.
   */
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
    await new Promise<void>((resolve, reject) => {
      client.on("connect", () => this.birth(client, resolve));
      // A refused credential has a CONNACK code (a number) and no retry mends it; an unreachable broker is tried again.
      client.on("error", (error: Error & { code?: unknown }) => {
        if (typeof error.code === "number") reject(error);
      });
      // Cut or closed before the birth was acknowledged: nobody waits for it any more.
      client.once("end", resolve);
    });
  }

  get connected(): boolean {
    return this.client?.connected === true;
  }

  /** A decoded sample; false when the memory is full. */
  telemetry(device: string, ts: number, values: Readonly<Record<string, unknown>>): boolean {
    const { site, name } = this.options;
    return this.record(topics.telemetry(site, name, device, this.root), { ts, m: values });
  }

  /** An undecoded frame; false when the memory is full. */
  raw(device: string, ts: number, frame: Uint8Array, port?: number): boolean {
    const { site, name } = this.options;
    const x = Buffer.from(frame).toString("base64");
    return this.record(topics.raw(site, name, device, this.root), { ts, x, ...(port !== undefined && { p: port }) });
  }

  /** Camera frame lane: not sequenced, dropped when the hub is away. */
  frame(device: string, payload: Buffer): void {
    if (!this.connected) return;
    const { site, name } = this.options;
    this.client?.publish(topics.frame(site, name, device, this.root), payload, { qos: 1 });
  }

  /** @param sources reason code of each device whose source does not work */
  heartbeat(ts: number, sources: Readonly<Record<string, string>> = {}): void {
    if (!this.connected) return;
    const { site, name, boot } = this.options;
    const beat: HeartbeatMessage = { b: boot, ts, queue: this.pending, bytes: 0, sources };
    this.client?.publish(topics.heartbeat(site, name, this.root), JSON.stringify(beat), { qos: 0 });
  }

  get pending(): number {
    return this.waiting.length + this.flying.size;
  }

  /** Goes without a word, as an edge does whose power fails: the broker sends the will. What was measured is kept. */
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
    while (this.connected && this.flying.size < limit) {
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

  private birth(client: MqttClient, known: () => void): void {
    const { site, name, boot, devices } = this.options;
    const oldest = this.flying.keys().next().value ?? this.waiting[0]?.q ?? this.sequence + 1;
    const state: StateMessage = { s: "on", b: boot, q: oldest, ts: Date.now() };
    const meta: MetaMessage = { agent: "simulator/1.0.0", devices, clock: "ntp" };
    client.publish(topics.state(site, name, this.root), JSON.stringify(state), { qos: 1, retain: true });
    client.publish(topics.meta(site, name, this.root), JSON.stringify(meta), { qos: 1, retain: true }, (error) => {
      if (!error) known();
    });
    // The client library resends what it had in flight by itself; ours follows in order. Doubles share (b, q) and count once.
    for (const item of this.flying.values()) this.send(item);
    this.pump();
  }
}

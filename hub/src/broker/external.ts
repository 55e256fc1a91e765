import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { parseUplink } from "@gridhub/device-profiles/topic.ts";
import { connect, type IPublishPacket, type MqttClient } from "mqtt";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ForeignDoor, MessageSink } from "../message.ts";
import type { Broker, BrokerStats } from "./broker.ts";

export interface ExternalBrokerOptions {
  /** mqtt:// or mqtts:// */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** stable, so that the broker keeps the session while the hub is away */
  readonly clientId: string;
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
  /** other formats than the contract's */
  readonly foreign?: ForeignDoor;
}

/** The contract's uplink topics; downlinks (`ack`, `twin/desired`, `cmd`) are not among them. */
const UPLINKS = [
  "state",
  "meta",
  "backfill",
  "h",
  "d/+/t",
  "d/+/raw",
  "d/+/e",
  "d/+/frame",
  "twin/reported",
  "cmd/+/res",
];

/** mqtt.js 5.16.0 internals that deferred acknowledgement needs; the version is pinned and a test covers it. */
interface ClientInternals {
  handleMessage(packet: IPublishPacket, done: (error?: Error) => void): void;
  _sendPacket(packet: { cmd: "puback"; messageId: number }): void;
  stream: { destroy(): void };
}

const DEFERRED = new Error("acknowledged after the commit");

/**
 * Subscriber of an existing broker or cluster. mqtt.js acknowledges one message at a time; here PUBACK is withheld and sent
 * after the commit, in order, on the same connection only. What was not acknowledged comes again after a reconnect, and the
 * cursors drop what had been stored. Who may publish where is the external broker's business: configure its access rules so
 * that an edge reaches its own prefix only.
 */
export class ExternalBroker implements Broker {
  readonly #options: ExternalBrokerOptions;
  readonly #refused: Record<string, number> = { publish: 0, unsettled: 0 };
  #client: MqttClient | null = null;
  #connection = 0;

  constructor(options: ExternalBrokerOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#options.url;
  }

  async start(sink: MessageSink): Promise<void> {
    const { url, username, password, clientId, root, log, foreign } = this.#options;
    const client = connect(url, {
      clientId,
      username: username === "" ? undefined : username,
      password: password === "" ? undefined : password,
      clean: false,
      protocolVersion: 4,
      reconnectPeriod: 1000,
      resubscribe: false,
      manualConnect: true,
    });
    this.#client = client;
    const internals = client as unknown as ClientInternals;
    internals.handleMessage = (packet, done) => {
      this.#deliver(sink, packet);
      done(packet.qos === 1 ? DEFERRED : undefined);
    };
    client.on("error", (error) => log.warn({ err: error.message }, "external broker"));
    client.on("close", () => {
      this.#connection++;
      log.warn("connection to the external broker closed");
    });
    client.on("connect", () => {
      const filters = [...UPLINKS.map((uplink) => `${root}/+/+/${uplink}`), ...(foreign?.filters ?? [])];
      client.subscribe(filters, { qos: 1 }, (error, granted) => {
        const denied = (granted ?? []).filter((g) => (g.qos as number) === 128).map((g) => g.topic);
        if (error || denied.length > 0)
          log.error({ denied, err: error?.message }, "the external broker refused a subscription");
        else log.info("subscribed at the external broker");
      });
    });
    client.connect();
  }

  #deliver(sink: MessageSink, packet: IPublishPacket): void {
    const { root, clock, foreign } = this.#options;
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const rx = clock();
    const uplink = parseUplink(packet.topic, root);
    const settle = this.#settle(packet);
    if (uplink === null && foreign !== undefined) {
      const { topic, dup, retain } = packet;
      if (foreign.accept({ topic, payload, rx, dup: dup ?? false, retained: retain ?? false }, null, sink, settle))
        return;
    } else if (uplink !== null && foreign?.owns(`${uplink.site}/${uplink.edge}`) === true) {
      // the edge of an adapter speaks the adapter's format only
      this.#refused.publish++;
      sink.refuse(packet.topic, payload, `${uplink.site}/${uplink.edge}`, "topic_forbidden", rx);
      settle();
      return;
    }
    if (uplink === null || payload.length > LANE_LIMIT[uplink.lane]) {
      this.#refused.publish++;
      const edge = uplink === null ? "" : `${uplink.site}/${uplink.edge}`;
      sink.refuse(packet.topic, payload, edge, uplink === null ? "topic_invalid" : "payload_too_large", rx);
      settle();
      return;
    }
    sink.accept({ topic: packet.topic, ...uplink, payload, rx }, settle);
  }

  #settle(packet: IPublishPacket): (error?: Error) => void {
    const connection = this.#connection;
    return (error) => {
      if (packet.qos !== 1 || packet.messageId === undefined || connection !== this.#connection) return;
      const internals = this.#client as unknown as ClientInternals | null;
      if (internals === null) return;
      if (error === undefined) internals._sendPacket({ cmd: "puback", messageId: packet.messageId });
      else {
        // Not stored: a new connection makes the broker send everything unacknowledged again.
        this.#refused.unsettled++;
        this.#connection++;
        internals.stream.destroy();
      }
    };
  }

  publish(
    topic: string,
    payload: string | Buffer,
    options: { qos?: 0 | 1; retain?: boolean } = {},
    done?: (error?: Error) => void,
  ): void {
    // While disconnected, downlinks are dropped rather than queued: the next commit reports the same cursor again.
    if (this.#client?.connected !== true) {
      done?.(new Error("not connected to the external broker"));
      return;
    }
    const settings = { qos: options.qos ?? 0, retain: options.retain ?? false };
    if (done === undefined) this.#client.publish(topic, payload, settings);
    else this.#client.publish(topic, payload, settings, (error) => done(error ?? undefined));
  }

  disconnect(): void {
    this.#options.log.warn("credentials of an external broker are revoked there");
  }

  stats(): BrokerStats {
    return { clients: this.#client?.connected === true ? 1 : 0, refused: this.#refused };
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client !== null) await client.endAsync(true);
  }
}

import type { MessageSink } from "../message.ts";

/** Who a connection is, by its credential; never by what its payload says. */
export interface Principal {
  readonly site: string;
  readonly edge: string;
  /** the one device that it may speak for, where an adapter's credential says so */
  readonly device?: string;
  /** a reader: it publishes nothing and may subscribe to `out/` of these sites only (`+` = of all) */
  readonly reads?: readonly string[];
}

/** Checks an edge's credential (user name `<site>/<edge>`, token). Synchronous: it runs for every CONNECT. */
export type Authenticate = (username: string, token: string) => Principal | null;

export interface BrokerStats {
  readonly clients: number;
  /** bytes or packets that a socket guard refused, by guard */
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * The MQTT side of the hub. Two adapters: `EmbeddedBroker` (aedes) and `ExternalBroker` (mqtt.js on a broker cluster).
 * Contract (broker.contract.ts): a QoS 1 publish is acknowledged only after the sink settled it without error; order of
 * acknowledgement = order of arrival; an edge publishes and subscribes under its own prefix only; oversized packets close the
 * connection before they are buffered; a frozen subscriber delays nobody else.
 */
export interface Broker {
  start(sink: MessageSink): Promise<void>;
  /** Downlink (ack, twin, cmd) and `out/` topics. Fire and forget; never blocks the pipeline. */
  publish(
    topic: string,
    payload: string | Buffer,
    options?: { readonly qos?: 0 | 1; readonly retain?: boolean },
    /** once the broker has served its subscribers, or acknowledged it (external, QoS 1); with an error it was not taken */
    done?: (error?: Error) => void,
  ): void;
  /** Drops the connections of an edge whose credential was revoked. */
  disconnect(principal: Principal): void;
  stats(): BrokerStats;
  /** Address that devices connect to, e.g. `mqtt://127.0.0.1:1883` */
  readonly address: string;
  close(): Promise<void>;
}

import { LANE_LIMIT } from "@gridhub/device-profiles/envelope.ts";
import { parseUplink } from "@gridhub/device-profiles/topic.ts";
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket } from "aedes";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { HubError } from "../errors.ts";
import type { ForeignDoor, Message, MessageSink } from "../message.ts";
import { mayRead, maySubscribe } from "./access.ts";
import type { Authenticate, Broker, BrokerStats, Principal } from "./broker.ts";
import { Fanout } from "./fanout.ts";
import { ClogGuard, limitPacketSize } from "./guard.ts";

export interface EmbeddedBrokerOptions {
  readonly host: string;
  /** 0 = any free port */
  readonly port: number;
  readonly root: string;
  /** open sockets, including those that have not sent CONNECT */
  readonly maxConnections: number;
  /** time for CONNECT to arrive, ms */
  readonly connectTimeoutMs: number;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  /** other formats than the contract's */
  readonly foreign?: ForeignDoor;
}

/** Bytes of an MQTT packet beyond its payload: topic and headers. */
const HEADER_ALLOWANCE = 1024;
const RETAINED_LANES = new Set(["state", "meta", "twin"]);

/**
 * aedes inside the hub's process. The commit runs inside `authorizePublish`, because that is the one hook before PUBACK:
 * what is acknowledged is stored. Sessions are always clean: what must survive lives in the edge's spool and in the database.
 */
export class EmbeddedBroker implements Broker {
  readonly #options: EmbeddedBrokerOptions;
  readonly #principals = new WeakMap<Client, Principal>();
  readonly #refused: Record<string, number> = { connect: 0, packet_size: 0, clogged: 0, publish: 0, subscribe: 0 };
  readonly #clog = new ClogGuard();
  readonly #fanout = new Fanout();
  #server: Server | null = null;
  #aedes: Aedes | null = null;
  #sink: MessageSink | null = null;
  #port = 0;

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
  }

  get address(): string {
    return `mqtt://${this.#options.host}:${this.#port}`;
  }

  async start(sink: MessageSink): Promise<void> {
    this.#sink = sink;
    const aedes = new Aedes({
      mq: this.#fanout,
      connectTimeout: this.#options.connectTimeoutMs,
      maxClientsIdLength: 128,
      maxTopicLevels: 12,
      drainTimeout: 30_000,
      queueLimit: 8,
      preConnect: (_client, packet, done) => {
        packet.clean = true;
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        const principal = this.#options.authenticate(username ?? "", password?.toString("utf8") ?? "");
        if (principal === null) {
          this.#refused.connect++;
          done(Object.assign(new Error("unknown user name or wrong token"), { returnCode: 4 }), false);
          return;
        }
        this.#principals.set(client, principal);
        done(null, true);
      },
      authorizePublish: (client, packet, done) => this.#publishFrom(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        const principal = this.#principals.get(client);
        if (principal !== undefined && this.#maySubscribe(principal, subscription.topic)) {
          done(null, subscription);
        } else {
          this.#refused.subscribe++;
          done(null, null);
        }
      },
      authorizeForward: (client, packet) => this.#forward(client, packet),
    });
    this.#skipUnwanted(aedes);
    await aedes.listen();
    // Every session is clean, so nobody is ever subscribed while away; the look-up would cost a scan a message.
    (aedes as unknown as { persistence: { subscriptionsByTopic: unknown } }).persistence.subscriptionsByTopic = () =>
      NO_SUBSCRIBERS;
    this.#aedes = aedes;
    this.#server = createServer((socket) => this.#connection(aedes, socket));
    this.#server.maxConnections = this.#options.maxConnections;
    await this.#listen(this.#server);
  }

  #connection(aedes: Aedes, socket: Socket): void {
    socket.setNoDelay(true);
    const client = aedes.handle(socket);
    const { foreign } = this.#options;
    const limit = () => {
      const who = foreign === undefined ? undefined : this.#principals.get(client);
      const bytes = who === undefined ? 0 : foreign!.limit(`${who.site}/${who.edge}`);
      return (bytes === 0 ? LANE_LIMIT.backfill : bytes) + HEADER_ALLOWANCE;
    };
    limitPacketSize(client, limit, () => this.#refused.packet_size++);
  }

  #maySubscribe(principal: Principal, filter: string): boolean {
    const { foreign, root } = this.#options;
    if (principal.reads !== undefined) return mayRead(principal.reads, filter, root);
    const edge = `${principal.site}/${principal.edge}`;
    return foreign?.owns(edge) === true ? foreign.maySubscribe(edge, filter) : maySubscribe(principal, filter, root);
  }

  #listen(server: Server): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        reject(
          error.code === "EADDRINUSE"
            ? new HubError("PORT_IN_USE", `MQTT port ${port} on ${host} is in use`, { cause: error })
            : error,
        );
      });
      server.listen(port, host, () => {
        const address = server.address();
        this.#port = typeof address === "object" && address !== null ? address.port : port;
        resolve();
      });
    });
  }

  /** aedes builds a packet, asks the persistence and emits for every publish; telemetry has no subscriber, so skip all that. */
  #skipUnwanted(aedes: Aedes): void {
    const publish = aedes.publish.bind(aedes) as (...args: unknown[]) => void;
    const fanout = this.#fanout;
    (aedes as { publish: unknown }).publish = (packet: PublishPacket, client: unknown, done?: unknown) => {
      if (typeof done === "function" && client !== null && !packet.retain && !fanout.wants(packet.topic)) {
        (done as (error: null) => void)(null);
      } else publish(packet, client, done);
    };
  }

  #publishFrom(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const principal = client === null ? undefined : this.#principals.get(client);
    if (principal === undefined || this.#sink === null) {
      done(new Error("not authorized"));
      return;
    }
    if (principal.reads !== undefined) {
      this.#refused.publish++;
      packet.retain = false;
      done(new Error("a reader publishes nothing"));
      return;
    }
    const { root, clock, foreign } = this.#options;
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const edge = `${principal.site}/${principal.edge}`;
    if (foreign?.owns(edge) === true) {
      packet.retain = false; // nobody but the hub reads it here
      this.#foreign(foreign, packet, payload, { edge, device: principal.device }, done);
      return;
    }
    const uplink = parseUplink(packet.topic, root);
    const reason =
      uplink === null
        ? "topic_invalid"
        : uplink.site !== principal.site || uplink.edge !== principal.edge
          ? "topic_forbidden"
          : payload.length > LANE_LIMIT[uplink.lane]
            ? "payload_too_large"
            : null;
    if (uplink === null || reason !== null) {
      this.#refused.publish++;
      packet.retain = false;
      this.#sink.refuse(packet.topic, payload, edge, reason ?? "topic_invalid", clock());
      // Refused input is kept as a dead letter and acknowledged: an error would make a faulty device reconnect for ever.
      done(null);
      return;
    }
    if (packet.retain && !RETAINED_LANES.has(uplink.lane)) packet.retain = false;
    const message: Message = { topic: packet.topic, ...uplink, payload, rx: clock() };
    this.#sink.accept(message, done);
  }

  /** An edge of an adapter publishes that adapter's topics and no other. */
  #foreign(
    foreign: ForeignDoor,
    { topic, dup }: PublishPacket,
    payload: Buffer,
    publisher: { readonly edge: string; readonly device?: string },
    done: (error?: Error | null) => void,
  ): void {
    const rx = this.#options.clock();
    if (
      this.#sink === null ||
      foreign.accept({ topic, payload, rx, dup: dup ?? false, retained: false }, publisher, this.#sink, done)
    )
      return;
    this.#refused.publish++;
    this.#sink.refuse(topic, payload, publisher.edge, "topic_forbidden", rx);
    done(null);
  }

  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    const verdict = this.#clog.admits(client, packet.qos);
    if (verdict === "send") return packet;
    this.#refused.clogged++;
    if (verdict === "disconnect") client.conn.destroy();
    return null;
  }

  publish(
    topic: string,
    payload: string | Buffer,
    options: { qos?: 0 | 1; retain?: boolean } = {},
    done: (error?: Error) => void = () => {},
  ): void {
    const retain = options.retain ?? false;
    if (this.#aedes === null) return done(new Error("the broker does not run"));
    if (!retain && !this.#fanout.wants(topic)) return done();
    this.#aedes.publish({ cmd: "publish", topic, payload, qos: options.qos ?? 0, retain, dup: false }, (error) =>
      done(error ?? undefined),
    );
  }

  disconnect(principal: Principal): void {
    const clients = (this.#aedes as unknown as { clients: Record<string, Client> } | null)?.clients ?? {};
    for (const client of Object.values(clients)) {
      const who = this.#principals.get(client);
      if (who?.site === principal.site && who.edge === principal.edge) client.close();
    }
  }

  stats(): BrokerStats {
    return { clients: this.#aedes?.connectedClients ?? 0, refused: this.#refused };
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server !== null) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => (this.#aedes === null ? resolve() : this.#aedes.close(() => resolve())));
      await closed;
    }
    this.#server = null;
    this.#aedes = null;
  }
}

const NO_SUBSCRIBERS = Promise.resolve([]);

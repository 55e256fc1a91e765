import { createConnection, type Socket } from "node:net";
import type { SourceOf } from "../config.ts";
import { AisFeed } from "./ais-feed.ts";
import type { Source, SourceContext } from "./source.ts";
import { UdpReceiver } from "./udp-socket.ts";

/** AIS receivers that send NMEA by UDP (one or more sentences a datagram). */
export class AisUdpSource implements Source {
  readonly #config: SourceOf<"ais-udp">;
  #receiver: UdpReceiver | null = null;
  #feed: AisFeed | null = null;

  constructor(config: SourceOf<"ais-udp">) {
    this.#config = config;
  }

  get port(): number {
    return this.#receiver?.port ?? this.#config.port;
  }

  async start(context: SourceContext): Promise<void> {
    const { device, host, port } = this.#config;
    const feed = new AisFeed(device, context);
    const receiver = new UdpReceiver(context.log);
    await receiver.bind("ais-udp", host, port, (payload, from) =>
      feed.datagram(payload, `${from.address}:${from.port}`),
    );
    this.#feed = feed;
    this.#receiver = receiver;
  }

  async stop(): Promise<void> {
    await this.#receiver?.close();
    this.#receiver = null;
    this.#feed?.flush();
  }
}

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
/** A receiver in a harbour hears something within minutes; a silent connection is opened anew. */
const SILENCE_MS = 300_000;
const CONNECT_MS = 10_000;

/** AIS receivers and multiplexers that serve NMEA by TCP; connects, and connects again with growing pauses. */
export class AisTcpSource implements Source {
  readonly #config: SourceOf<"ais-tcp">;
  #socket: Socket | null = null;
  #feed: AisFeed | null = null;
  #retry: NodeJS.Timeout | undefined;
  #pause = RETRY_MIN_MS;
  #stopped = false;

  constructor(config: SourceOf<"ais-tcp">) {
    this.#config = config;
  }

  async start(context: SourceContext): Promise<void> {
    this.#feed = new AisFeed(this.#config.device, context);
    this.#connect(context, this.#feed);
  }

  #connect(context: SourceContext, feed: AisFeed): void {
    const { host, port, device } = this.#config;
    const socket = createConnection({ host, port });
    this.#socket = socket;
    let reason = "unreachable";
    const silent = () => {
      reason = "timeout";
      socket.destroy();
    };
    socket.setTimeout(CONNECT_MS, silent);
    socket.on("connect", () => {
      socket.setTimeout(SILENCE_MS);
      context.log.info({ host, port }, "ais receiver connected");
    });
    socket.on("data", (chunk) => {
      this.#pause = RETRY_MIN_MS;
      feed.stream(chunk, `${host}:${port}`);
    });
    socket.on("error", () => {}); // `close` follows and tries again
    socket.on("close", () => {
      feed.cut();
      if (this.#stopped) return;
      context.status(device, reason);
      this.#retry = setTimeout(() => this.#connect(context, feed), this.#pause * (0.75 + Math.random() / 2));
      this.#pause = Math.min(RETRY_MAX_MS, this.#pause * 2);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#feed?.flush();
    this.#socket?.destroy();
  }
}

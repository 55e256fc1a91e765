import type { Socket as UdpSocket } from "node:dgram";
import { createConnection, type Socket } from "node:net";
import type { SourceOf } from "../config.ts";
import { AisFeed } from "./ais-feed.ts";
import type { Source, SourceContext } from "./source.ts";
import { bindUdp } from "./udp.ts";

/** AIS receivers that send NMEA by UDP (one or more sentences a datagram). */
export class AisUdpSource implements Source {
  readonly #config: SourceOf<"ais-udp">;
  #socket: UdpSocket | null = null;
  #feed: AisFeed | null = null;

  constructor(config: SourceOf<"ais-udp">) {
    this.#config = config;
  }

  get port(): number {
    return this.#socket?.address().port ?? this.#config.port;
  }

  async start(context: SourceContext): Promise<void> {
    const feed = new AisFeed(this.#config.device, context);
    const socket = await bindUdp(this.#config.host, this.#config.port);
    this.#feed = feed;
    this.#socket = socket;
    socket.on("message", (payload, from) => feed.datagram(payload, `${from.address}:${from.port}`));
    socket.on("error", (error) => context.log.warn({ err: error.message }, "ais udp source"));
  }

  async stop(): Promise<void> {
    this.#feed?.flush();
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
/** A receiver in a harbour hears something within minutes; a silent connection is opened anew. */
const SILENCE_MS = 300_000;

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
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error("silent")));
    socket.on("connect", () => context.log.info({ host, port }, "ais receiver connected"));
    socket.on("data", (chunk) => {
      this.#pause = RETRY_MIN_MS;
      feed.stream(chunk, `${host}:${port}`);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      feed.flush();
      if (this.#stopped) return;
      context.status(device, "unreachable");
      this.#retry = setTimeout(() => this.#connect(context, feed), this.#pause);
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

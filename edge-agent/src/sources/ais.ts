import { createConnection, type Socket } from "node:net";
import type { SourceOf } from "../config.ts";
import { AisFeed } from "./ais-feed.ts";
import { AisStreamSource } from "./ais-stream.ts";
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

const CONNECT_MS = 10_000;

/** AIS receivers and multiplexers that serve NMEA by TCP; connects, and connects again with growing pauses. */
export class AisTcpSource extends AisStreamSource {
  constructor({ device, host, port }: SourceOf<"ais-tcp">) {
    super({ device, where: `${host}:${port}`, open: () => connect(host, port) });
  }
}

function connect(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error("timeout")));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

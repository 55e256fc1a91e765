import { createSocket, type Socket } from "node:dgram";
import { isRejection } from "@gridhub/device-profiles/rejection.ts";
import type { SourceOf } from "../config.ts";
import { accept } from "./http.ts";
import type { Source, SourceContext } from "./source.ts";

/** Opens a bound UDP socket with a large receive buffer: what the kernel drops nobody can count. */
export async function bindUdp(host: string, port: number): Promise<Socket> {
  const socket = createSocket({
    type: host.includes(":") ? "udp6" : "udp4",
    reuseAddr: false,
    recvBufferSize: 4_194_304,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, host, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  return socket;
}

/** JSON over UDP: one post a datagram, as for HTTP. There is no answer; what is refused is counted and logged once a minute. */
export class UdpSource implements Source {
  readonly #config: SourceOf<"udp">;
  #socket: Socket | null = null;
  #refused = 0;
  #lastWarning = 0;

  constructor(config: SourceOf<"udp">) {
    this.#config = config;
  }

  get port(): number {
    return this.#socket?.address().port ?? this.#config.port;
  }

  async start(context: SourceContext): Promise<void> {
    const socket = await bindUdp(this.#config.host, this.#config.port);
    this.#socket = socket;
    socket.on("message", (datagram) => {
      accept(datagram, null, context)
        .then((outcome) => {
          if (isRejection(outcome)) this.#warn(context, outcome.reason);
        })
        .catch((error: Error) => this.#warn(context, error.message));
    });
    socket.on("error", (error) => context.log.warn({ err: error.message }, "udp source"));
  }

  #warn(context: SourceContext, reason: string): void {
    this.#refused++;
    if (context.now() - this.#lastWarning < 60_000) return;
    this.#lastWarning = context.now();
    context.log.warn({ reason, refused: this.#refused }, "datagrams were refused");
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

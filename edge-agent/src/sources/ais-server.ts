import { createServer, type Server, type Socket } from "node:net";
import type { AisServerConfig } from "./ais-config.ts";
import { AisFeed } from "./ais-feed.ts";
import { SILENCE_MS } from "./ais-stream.ts";
import { ListenError, type Source, type SourceContext } from "./source.ts";

/** Receivers and multiplexers that connect to the agent and push NMEA. Parts of one connection never meet those of another. */
export class AisServerSource implements Source {
  readonly #config: AisServerConfig;
  readonly #open = new Map<Socket, AisFeed>();
  #server: Server | null = null;
  #stopped = false;

  constructor(config: AisServerConfig) {
    this.#config = config;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address.port : this.#config.port;
  }

  async start(context: SourceContext): Promise<void> {
    const { host, port, clients } = this.#config;
    const server = createServer((socket) => this.#accept(socket, context));
    server.maxConnections = clients;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new ListenError("ais-server", host, port, error)));
      server.listen(port, host, resolve);
    });
    server.removeAllListeners("error");
    server.on("error", (error) => context.log.warn({ err: error.message }, "ais server"));
    this.#server = server;
  }

  #accept(socket: Socket, context: SourceContext): void {
    const from = `${socket.remoteAddress}:${socket.remotePort}`;
    const feed = new AisFeed(this.#config.device, context);
    let reason = "unreachable";
    this.#open.set(socket, feed);
    socket.setTimeout(SILENCE_MS, () => {
      reason = "timeout";
      socket.destroy();
    });
    socket.on("data", (chunk) => feed.stream(chunk, from));
    socket.on("error", () => {}); // `close` follows
    socket.on("close", () => {
      feed.cut();
      this.#open.delete(socket);
      // the device is away when the last of its connections is; one of several may come and go
      if (this.#open.size === 0 && !this.#stopped) context.status(this.#config.device, reason);
    });
    context.log.info({ from }, "ais receiver connected");
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const server = this.#server;
    this.#server = null;
    for (const [socket, feed] of this.#open) {
      feed.flush();
      socket.destroy();
    }
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

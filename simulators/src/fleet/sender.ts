import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { AisMessage } from "./feed.ts";

/** Where a receiver's sentences go. */
export interface AisSender {
  start(): Promise<void>;
  send(message: AisMessage): void;
  close(): Promise<void>;
}

/** One datagram a message, as AIS receivers and dispatchers send them; a multipart message stays together. */
export class UdpAisSender implements AisSender {
  sent = 0;
  private readonly host: string;
  private readonly port: number;
  private socket: UdpSocket | null = null;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  async start(): Promise<void> {
    const socket = createSocket("udp4");
    this.socket = socket;
    socket.on("error", () => {}); // a port that nobody listens on yet answers with ICMP; the stream goes on
    await new Promise<void>((resolve) => socket.bind(0, this.host, resolve));
  }

  send(message: AisMessage): void {
    this.sent++;
    this.socket?.send(`${message.lines.join("\r\n")}\r\n`, this.port, this.host);
  }

  async close(): Promise<void> {
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

/** A receiver that is a TCP server: every client gets the stream. A client that does not read is cut off, not waited for. */
export class TcpAisServer implements AisSender {
  sent = 0;
  private readonly host: string;
  private readonly wanted: number;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();
  private readonly maxBuffered = 1 << 20; // bytes

  /** @param port 0 = any free one, see {@link port} */
  constructor(host: string, port: number) {
    this.host = host;
    this.wanted = port;
    this.server = createServer((socket) => {
      this.clients.add(socket);
      socket.on("error", () => {}); // "close" follows
      socket.on("close", () => this.clients.delete(socket));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.wanted, this.host, resolve);
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  send(message: AisMessage): void {
    this.sent++;
    const text = `${message.lines.join("\r\n")}\r\n`;
    for (const socket of this.clients) {
      if (socket.writableLength > this.maxBuffered) socket.destroy();
      else socket.write(text);
    }
  }

  async close(): Promise<void> {
    for (const socket of this.clients) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

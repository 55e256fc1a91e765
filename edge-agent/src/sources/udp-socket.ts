import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import { ListenError } from "./source.ts";

const RECEIVE_BUFFER = 4_194_304;
const LOOK_MS = 10_000;

/**
 * A bound UDP socket with a large receive buffer, which tells of what the kernel dropped because nobody read in time (Linux: last
 * column of /proc/net/udp; elsewhere nobody can know).
 */
export class UdpReceiver {
  readonly #log: Logger;
  readonly #receiveBuffer: number;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** datagrams that the kernel dropped since the bind */
  dropped = 0;

  constructor(log: Logger, receiveBuffer = RECEIVE_BUFFER) {
    this.#log = log;
    this.#receiveBuffer = receiveBuffer;
  }

  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  /** @throws ListenError */
  async bind(kind: string, host: string, port: number, hear: (data: Buffer, from: RemoteInfo) => void): Promise<void> {
    const type = host.includes(":") ? "udp6" : "udp4";
    const socket = createSocket({ type, recvBufferSize: this.#receiveBuffer });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(new ListenError(kind, host, port, error));
      });
      socket.bind(port, host, resolve);
    });
    socket.removeAllListeners("error");
    socket.on("error", (error) => this.#log.warn({ kind, err: error.message }, "udp socket"));
    socket.on("message", hear);
    this.#socket = socket;
    this.#timer = setInterval(() => void this.countDrops(), LOOK_MS).unref();
  }

  /** Reads the kernel's counter; a growth is logged. */
  async countDrops(): Promise<void> {
    const { port } = this;
    const family = this.#socket?.address().family === "IPv6" ? "udp6" : "udp";
    const table = await readFile(`/proc/net/${family}`, "latin1").catch(() => "");
    const dropped = dropsOf(table, port);
    if (dropped > this.dropped)
      this.#log.warn({ port, dropped, more: dropped - this.dropped }, "the kernel dropped datagrams");
    this.dropped = dropped;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

/** Drops of a local port in the text of /proc/net/udp (proc(5)): `sl local_address ... drops`, the port in hexadecimal. */
export function dropsOf(table: string, port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let drops = 0;
  for (const line of table.split("\n").slice(1)) {
    const column = line.trim().split(/\s+/);
    if (column.length > 2 && column[1].endsWith(suffix)) drops += Number(column[column.length - 1]) || 0;
  }
  return drops;
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { HttpChallenge, type Scheme } from "./challenge.ts";
import { answerSoap, type Account } from "./soap.ts";

/** Anything that paints frames; {@link import("./scene.ts").SceneCamera} is one. */
export interface FramePainter {
  frame(tMs: number): Promise<Buffer>;
}

/**
 * none; stall = the request is taken and never answered; freeze = the same picture for ever; black = a lens cap;
 * truncated = half a JPEG; error = HTTP 503.
 */
export type CameraFault = "none" | "stall" | "freeze" | "black" | "truncated" | "error";

export interface CameraServerOptions {
  readonly camera: FramePainter;
  readonly account?: Account;
  /** how the snapshot is protected where there is an account */
  readonly scheme?: Scheme;
  /** ms UTC; scene time runs from the first call of `start` */
  readonly clock?: () => number;
  readonly host?: string;
  readonly port?: number;
  readonly width?: number;
  readonly height?: number;
}

const MAX_REQUEST = 65_536;

/** A network camera: `/snapshot.jpg` and an ONVIF device and media service on one port, with faults to switch on. */
export class CameraServer {
  /** may be changed at any time */
  fault: CameraFault = "none";
  private readonly options: CameraServerOptions;
  private readonly clock: () => number;
  private account: Account | null;
  private challenge: HttpChallenge;
  private readonly nonces = new Set<string>();
  private server: Server | null = null;
  private began = 0;
  private frozen: Buffer | null = null;
  /** snapshots delivered */
  served = 0;

  constructor(options: CameraServerOptions) {
    this.options = options;
    this.clock = options.clock ?? Date.now;
    this.account = options.account ?? null;
    this.challenge = new HttpChallenge(options.scheme ?? "digest", this.account);
  }

  /** @returns `http://host:port` */
  async start(): Promise<string> {
    this.began = this.clock();
    const server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.options.port ?? 0, this.options.host ?? "127.0.0.1", resolve);
    });
    return this.origin;
  }

  get origin(): string {
    const { address, port } = this.server?.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  /** From now on the camera expects this account: what the edge was configured with is wrong. */
  changeAccount(account: Account): void {
    this.account = account;
    this.challenge = new HttpChallenge(this.options.scheme ?? "digest", account);
  }

  async close(): Promise<void> {
    const server = this.server;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    this.server = null;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const path = url.split("?")[0];
    if (request.method === "POST" && path.startsWith("/onvif/")) return this.soap(request, response);
    if (path !== "/snapshot.jpg" || request.method !== "GET") {
      response.writeHead(404).end();
      return;
    }
    const challenge = this.challenge.check("GET", url, request.headers.authorization);
    if (challenge !== null) {
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return;
    }
    if (this.fault === "stall") return;
    if (this.fault === "error") {
      response.writeHead(503).end();
      return;
    }
    const jpeg = await this.picture();
    this.served++;
    response.writeHead(200, {
      "content-type": "image/jpeg",
      "content-length": jpeg.length,
      "cache-control": "no-store",
    });
    response.end(jpeg);
  }

  private async picture(): Promise<Buffer> {
    const { camera, width = 1280, height = 720 } = this.options;
    if (this.fault === "black")
      return sharp({ create: { width, height, channels: 3, background: "#000" } })
        .jpeg()
        .toBuffer();
    if (this.fault !== "freeze") this.frozen = null;
    const jpeg = this.frozen ?? (await camera.frame(this.clock() - this.began));
    if (this.fault === "freeze") this.frozen = jpeg;
    return this.fault === "truncated" ? jpeg.subarray(0, jpeg.length >> 1) : jpeg;
  }

  private async soap(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_REQUEST) {
        response.writeHead(413).end();
        return;
      }
      parts.push(part);
    }
    const { width = 1280, height = 720 } = this.options;
    const origin = `http://${request.headers.host ?? this.origin.slice(7)}`;
    const camera = { origin, now: new Date(this.clock()), width, height };
    const answer = answerSoap(Buffer.concat(parts).toString("utf8"), camera, this.account, this.nonces);
    response.writeHead(answer.status, { "content-type": "application/soap+xml; charset=utf-8" }).end(answer.body);
  }
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { HttpChallenge, type Scheme } from "./challenge.ts";
import { answerEvents } from "./event-service.ts";
import type { PtzHead } from "./ptz.ts";
import { PullPoints } from "./pull-points.ts";
import { answerSoap, authorised, fault, OPEN, operationOf, type Account, type SoapAnswer } from "./soap.ts";

/** Anything that paints frames; {@link import("./scene.ts").SceneCamera} is one. */
export interface FramePainter {
  frame(tMs: number): Promise<Buffer>;
}

/**
 * none; stall = the request is taken and never answered; drop = the connection is cut; freeze = the same picture for ever; black = no
 * light; covered = something hangs before the lens; truncated = half a JPEG; error = HTTP 503.
 */
export type CameraFault = "none" | "stall" | "drop" | "freeze" | "black" | "covered" | "truncated" | "error";

export interface CameraServerOptions {
  readonly camera: FramePainter;
  readonly account?: Account;
  /** how the snapshot is protected where there is an account */
  readonly scheme?: Scheme;
  /** how ONVIF asks who is there: WS-Security (default), or HTTP Digest alone */
  readonly soapScheme?: "wsse" | "digest";
  /** makes it an https camera */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** `rtsp://host:port` of the camera's streams `/main` and `/sub` */
  readonly rtsp?: string;
  /** what turns it; absent = it is fixed */
  readonly ptz?: PtzHead;
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
  /** how far the camera's clock is off, ms; may be changed at any time */
  skewMs = 0;
  private readonly options: CameraServerOptions;
  private readonly clock: () => number;
  private account: Account | null;
  private challenge: HttpChallenge;
  private readonly nonces = new Set<string>();
  private server: Server | null = null;
  private began = 0;
  private frozen: Buffer | null = null;
  private off = false;
  private boots = 0;
  private readonly points: PullPoints;
  /** snapshots delivered */
  served = 0;

  constructor(options: CameraServerOptions) {
    this.options = options;
    this.clock = options.clock ?? Date.now;
    this.account = options.account ?? null;
    this.challenge = new HttpChallenge(options.scheme ?? "digest", this.account);
    this.points = new PullPoints(() => this.clock() + this.skewMs);
  }

  /** @returns `http://host:port`, https with a certificate */
  async start(): Promise<string> {
    this.began = this.clock();
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      this.serve(request, response).catch(() => response.destroy());
    };
    const { tls } = this.options;
    const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
    server.on("connection", (socket) => {
      if (this.off) socket.destroy();
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
    return `${this.options.tls === undefined ? "http" : "https"}://${address}:${port}`;
  }

  /** PullPoint subscriptions that are alive */
  get subscriptions(): number {
    return this.points.size;
  }

  /** What the camera's own motion detection says from now on. */
  motion(active: boolean): void {
    this.points.motion(active);
  }

  powerOff(): void {
    this.off = true;
    this.server?.closeAllConnections();
  }

  /** After {@link powerOff}: subscriptions and nonces are forgotten, and the snapshot has moved. */
  powerOn(): void {
    this.boots++;
    this.points.reset();
    this.challenge = new HttpChallenge(this.options.scheme ?? "digest", this.account);
    this.off = false;
  }

  private get snapshotPath(): string {
    return this.boots === 0 ? "/snapshot.jpg" : `/snapshot-${this.boots}.jpg`;
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
    response.sendDate = false;
    response.setHeader("date", new Date(this.clock() + this.skewMs).toUTCString());
    if (request.method === "POST" && path.startsWith("/onvif/")) return this.soap(request, response);
    if (path !== this.snapshotPath || request.method !== "GET") {
      response.writeHead(404).end();
      return;
    }
    const challenge = this.challenge.check("GET", url, request.headers.authorization);
    if (challenge !== null) {
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return;
    }
    if (this.fault === "stall") return;
    if (this.fault === "drop") {
      response.destroy();
      return;
    }
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
    if (this.fault === "black" || this.fault === "covered")
      return sharp({ create: { width, height, channels: 3, background: this.fault === "black" ? "#000" : "#555" } })
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
    const answer = await this.answerSoap(Buffer.concat(parts).toString("utf8"), request);
    if (answer === null) {
      const challenge = this.challenge.check("POST", request.url ?? "/", undefined) ?? "";
      response.writeHead(401, { "www-authenticate": challenge }).end();
    } else
      response.writeHead(answer.status, { "content-type": "application/soap+xml; charset=utf-8" }).end(answer.body);
  }

  /** @returns null when HTTP Digest is asked for */
  private async answerSoap(text: string, request: IncomingMessage): Promise<SoapAnswer | null> {
    const { width = 1280, height = 720, rtsp = null, soapScheme = "wsse" } = this.options;
    const path = request.url ?? "/";
    const digest = soapScheme === "digest";
    const open = OPEN.has(operationOf(text));
    if (digest && !open && this.challenge.check("POST", path, request.headers.authorization) !== null) return null;
    const account = digest ? null : this.account;
    const origin = `${this.options.tls === undefined ? "http" : "https"}://${request.headers.host ?? ""}`;
    const now = new Date(this.clock() + this.skewMs);
    if (/^\/onvif\/(event_service|subscription\/)/.test(path)) {
      if (account !== null && !authorised(text, now, account, this.nonces))
        return fault("ter:NotAuthorized", "The username token is missing, wrong, old or used before");
      const heard = await answerEvents(text, { origin, path, now }, this.points);
      if (heard !== null) return heard;
    }
    const { ptz } = this.options;
    if (path === "/onvif/ptz_service" && ptz !== undefined) {
      if (account !== null && !authorised(text, now, account, this.nonces))
        return fault("ter:NotAuthorized", "The username token is missing, wrong, old or used before");
      return ptz.answer(text);
    }
    const camera = { origin, now, width, height, snapshot: this.snapshotPath, rtsp, ptz: ptz !== undefined };
    return answerSoap(text, camera, account, this.nonces);
  }
}

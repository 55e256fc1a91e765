import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { EvidenceRing } from "./evidence-ring.ts";
import { ListenError } from "./sources/source.ts";

/** A clip is at most so long, ms. */
const MAX_CLIP = 600_000;
const NEAR_MS = 5000;
const BOUNDARY = "gridhub-frame";
const MAX_CLIPS = 4;

/**
 * Hands pictures out of the evidence ring. `GET /evidence` lists cameras and spans; `/evidence/<device>/clip?from=&to=` (ms UTC) is a
 * clip that browsers play (`multipart/x-mixed-replace`, each part with its time); `/evidence/<device>/frame?at=` the picture nearest to a time.
 * Who asks shows the token as a bearer, or has a link that the token signed: `expires` (ms UTC) and `signature` = hex HMAC-SHA-256 of the
 * path with its query up to `&signature=`.
 */
export class EvidenceServer {
  readonly #ring: EvidenceRing;
  readonly #token: string;
  readonly #now: () => number;
  #server: Server | null = null;
  #clips = 0;

  constructor(ring: EvidenceRing, token: string, now: () => number) {
    this.#ring = ring;
    this.#token = token;
    this.#now = now;
  }

  /** @returns the port. @throws ListenError */
  async start(host: string, port: number): Promise<number> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new ListenError("evidence", host, port, error)));
      server.listen(port, host, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null || !server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    if (!this.#allowed(request, url)) return refuse(response, 401, { "www-authenticate": "Bearer" });
    if (request.method !== "GET") return refuse(response, 405);
    const { pathname, searchParams } = new URL(url, "http://edge");
    if (pathname === "/evidence") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ cameras: this.#ring.spans(), dropped: this.#ring.dropped }));
      return;
    }
    const [, encoded, what] = /^\/evidence\/([^/]+)\/(clip|frame)$/.exec(pathname) ?? [];
    if (what === undefined) return refuse(response, 404);
    const device = decodeURIComponent(encoded);
    if (what === "frame") return this.#frame(response, device, Number(searchParams.get("at") ?? Number.NaN));
    const from = Number(searchParams.get("from") ?? Number.NaN);
    const to = Number(searchParams.get("to") ?? Number.NaN);
    if (!(from <= to && to - from <= MAX_CLIP)) return refuse(response, 400);
    if (this.#clips >= MAX_CLIPS) return refuse(response, 503, { "retry-after": "5" });
    this.#clips++;
    try {
      await this.#clip(response, device, from, to);
    } finally {
      this.#clips--;
    }
  }

  #allowed(request: IncomingMessage, url: string): boolean {
    if (same(request.headers.authorization ?? "", `Bearer ${this.#token}`)) return true;
    // What stands behind the signature would not be signed, so nothing may.
    const at = url.lastIndexOf("&signature=");
    if (at < 0) return false;
    const [signed, signature] = [url.slice(0, at), url.slice(at + "&signature=".length)];
    const expires = Number(new URL(url, "http://edge").searchParams.get("expires") ?? Number.NaN);
    return expires > this.#now() && same(signature, signatureOf(signed, this.#token));
  }

  async #frame(response: ServerResponse, device: string, at: number): Promise<void> {
    if (Number.isNaN(at)) return refuse(response, 400);
    let best: { ts: number; picture: Buffer } | null = null;
    for await (const one of this.#ring.read(device, at - NEAR_MS, at + NEAR_MS))
      if (best === null || Math.abs(one.ts - at) < Math.abs(best.ts - at)) best = one;
    if (best === null) return refuse(response, 404);
    response.writeHead(200, { "content-type": typeOf(best.picture), "x-timestamp": String(best.ts) }).end(best.picture);
  }

  async #clip(response: ServerResponse, device: string, from: number, to: number): Promise<void> {
    let begun = false;
    for await (const { ts, picture } of this.#ring.read(device, from, to)) {
      if (!begun) response.writeHead(200, { "content-type": `multipart/x-mixed-replace; boundary=${BOUNDARY}` });
      begun = true;
      const head = `--${BOUNDARY}\r\ncontent-type: ${typeOf(picture)}\r\ncontent-length: ${picture.length}\r\nx-timestamp: ${ts}\r\n\r\n`;
      response.write(head);
      response.write(picture);
      if (!response.write("\r\n")) await Promise.race([once(response, "drain"), once(response, "close")]);
      if (response.destroyed) return;
    }
    if (begun) response.end(`--${BOUNDARY}--\r\n`);
    else refuse(response, 404);
  }
}

/** Hex HMAC-SHA-256 that makes a link valid without the token. @param signed path and query, `expires` included */
export function signatureOf(signed: string, token: string): string {
  return createHmac("sha256", token).update(signed).digest("hex");
}

function typeOf(picture: Buffer): string {
  return picture[0] === 0x89 ? "image/png" : "image/jpeg";
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

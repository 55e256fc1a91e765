import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const MAX_BODY = 1 << 20; // bytes
const MAX_AGE_S = 300;
const MAX_EVENTS = 10_000; // whose first arrival is remembered

export interface Delivery {
  /** CloudEvents id, or the event's */
  readonly id: string;
  readonly type: string;
}

/**
 * A stand-in for the governance platform: takes webhooks, checks `Gridhub-Signature: t=<unix s>,v1=<hex>` (HMAC-SHA256 of
 * `<t>.<body>`) and answers 202, or 401 when the signature is wrong or old.
 */
export class GovernanceReceiver {
  accepted = 0;
  refused = 0;
  /** deliveries that came again with the same id */
  repeated = 0;
  last: Delivery | null = null;
  private readonly secret: string;
  private readonly now: () => number;
  private readonly server: Server;
  private readonly seen = new Set<string>();
  private readonly arrivals = new Map<string, number>();

  constructor(secret: string, now: () => number = Date.now) {
    this.secret = secret;
    this.now = now;
    this.server = createServer((request, response) => this.take(request, response));
  }

  /** When an event was first heard of, ms UTC. @param event the hub's id of it */
  arrivedAt(event: string): number | null {
    return this.arrivals.get(event) ?? null;
  }

  async start(host = "127.0.0.1", port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, host, resolve);
    });
  }

  get url(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `http://${address}:${port}/events`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("error", () => {}); // the sender went away: nothing to answer
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY) chunks.push(chunk);
    });
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const signature = request.headers["gridhub-signature"];
      const good = bytes <= MAX_BODY && typeof signature === "string" && this.verify(signature, body);
      if (good) this.count(request, body);
      else this.refused++;
      response.writeHead(good ? 202 : 401, { "content-type": "application/json" });
      response.end(good ? '{"accepted":true}' : '{"error":"signature"}');
    });
  }

  private verify(header: string, body: Buffer): boolean {
    const parts = new Map(header.split(",").map((part) => part.trim().split("=", 2) as [string, string]));
    const t = parts.get("t") ?? "";
    if (!/^\d+$/.test(t) || Math.abs(this.now() / 1000 - Number(t)) > MAX_AGE_S) return false;
    const expected = createHmac("sha256", this.secret).update(`${t}.`).update(body).digest();
    const given = Buffer.from(parts.get("v1") ?? "", "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private count(request: IncomingMessage, body: Buffer): void {
    let event: { id?: unknown; type?: unknown; data?: { event?: unknown } } = {};
    try {
      event = JSON.parse(body.toString("utf8")) as typeof event;
    } catch {
      // signed, hence the hub's: a body that is no JSON still counts as delivered
    }
    const id = String(event.id ?? request.headers["ce-id"] ?? "");
    if (id !== "" && this.seen.has(id)) this.repeated++;
    this.seen.add(id);
    this.accepted++;
    const about = event.data?.event;
    if (typeof about === "string" && !this.arrivals.has(about) && this.arrivals.size < MAX_EVENTS)
      this.arrivals.set(about, this.now());
    this.last = { id, type: String(event.type ?? request.headers["ce-type"] ?? "") };
  }
}

import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isRejection, type Rejection, reject } from "@gridhub/device-profiles/rejection.ts";
import type { SourceOf } from "../config.ts";
import { SpoolError } from "../spool-error.ts";
import { acceptPost, MAX_POST } from "./reading-post.ts";
import { ListenError, type Source, type SourceContext } from "./source.ts";

const MAX_CONNECTIONS = 512;
const STOP_MS = 2000;
const PATH = /^\/(?:devices\/([A-Za-z0-9_.:-]{1,64})\/)?readings$/;

/** JSON over HTTP: `POST /readings` or `POST /devices/<id>/readings`. The answer 202 is sent when the reading is on disk. */
export class HttpSource implements Source {
  readonly #config: SourceOf<"http">;
  #server: Server | null = null;

  constructor(config: SourceOf<"http">) {
    this.#config = config;
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address.port : this.#config.port;
  }

  async start(context: SourceContext): Promise<void> {
    const { host, port } = this.#config;
    // A sender gets its time to speak and no more; what hangs must not use up the connections.
    const limits = { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 30_000, maxHeaderSize: 8192 };
    const server = createServer({ ...limits, connectionsCheckingInterval: 1000 }, (request, response) => {
      this.#answer(request, response, context).catch((error: unknown) => fail(response, error, context));
    });
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, refuse) => {
      server.once("error", (error) => refuse(new ListenError("http", host, port, error)));
      server.listen(port, host, resolve);
    });
    server.on("error", (error) => context.log.warn({ err: error.message }, "http source"));
    this.#server = server;
    context.log.info({ host, port: this.port }, "http source listens");
  }

  async #answer(request: IncomingMessage, response: ServerResponse, context: SourceContext): Promise<void> {
    const match = PATH.exec((request.url ?? "").split("?", 1)[0]);
    if (match === null)
      return send(response, 404, { code: "not_found", message: "post to /readings or /devices/<id>/readings" });
    if (request.method !== "POST")
      return send(response, 405, { code: "method", message: "use POST" }, { allow: "POST" });
    if (!this.#authorized(request))
      return send(
        response,
        401,
        { code: "unauthorized", message: "bearer token missing or wrong" },
        { "www-authenticate": "Bearer" },
      );
    const body = await readBody(request);
    if (body === null) return; // the sender went away
    const outcome = isRejection(body) ? body : await acceptPost(body, match[1] ?? null, context);
    if (this.#server === null) response.shouldKeepAlive = false;
    if (isRejection(outcome)) send(response, statusOf(outcome), { code: outcome.reason, message: outcome.detail });
    else send(response, 202, { stored: outcome });
  }

  #authorized(request: IncomingMessage): boolean {
    const { token } = this.#config;
    if (token === undefined) return true;
    const digest = (text: string) => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${token}`));
  }

  /** Answers what is being sent, takes no more; a connection that is kept alive ends with its answer. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), STOP_MS);
    await closed;
    clearTimeout(timer);
  }
}

function statusOf({ reason }: Rejection): number {
  return reason === "payload_too_large" ? 413 : 400;
}

function fail(response: ServerResponse, error: unknown, context: SourceContext): void {
  if (!(error instanceof SpoolError)) {
    context.log.error({ err: error }, "http source");
    send(response, 500, { code: "internal", message: "the agent failed; see its log" });
  } else if (error.code === "too_large") send(response, 413, { code: "payload_too_large", message: error.message });
  else send(response, 503, { code: "spool", message: error.message }, { "retry-after": "10" });
}

/** @returns the body, why it was refused, or null when the sender went away */
function readBody(request: IncomingMessage): Promise<Buffer | Rejection | null> {
  const tooLarge = reject("payload_too_large", `at most ${MAX_POST} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > MAX_POST) return Promise.resolve(tooLarge);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_POST) chunks.push(chunk);
      else resolve(tooLarge);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => resolve(null));
    request.on("close", () => resolve(null));
  });
}

/** A refusal closes the connection: the rest of a body that nobody wants is not read. */
function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  const unread = status >= 400 && !response.req.complete;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...(unread ? { connection: "close" } : {}),
    ...headers,
  });
  response.end(text);
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { timingSafeEqual } from "node:crypto";
import { isRejection, type Rejection, reject } from "@gridhub/device-profiles/rejection.ts";
import type { SourceOf } from "../config.ts";
import { parseReadingPost } from "./reading-post.ts";
import type { Source, SourceContext } from "./source.ts";

const MAX_BODY = 65_536;

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
    const server = createServer((request, response) => {
      this.#answer(request, response, context).catch((error: Error) =>
        send(response, 503, { code: "spool", message: error.message }),
      );
    });
    server.requestTimeout = 10_000;
    server.headersTimeout = 5000;
    server.maxHeadersCount = 50;
    this.#server = server;
    await new Promise<void>((resolve, fail) => {
      server.once("error", fail);
      server.listen(this.#config.port, this.#config.host, resolve);
    });
    context.log.info({ host: this.#config.host, port: this.port }, "http source listens");
  }

  async #answer(request: IncomingMessage, response: ServerResponse, context: SourceContext): Promise<void> {
    const path = (request.url ?? "").split("?")[0];
    const match = /^\/(?:devices\/([A-Za-z0-9_.:-]{1,64})\/)?readings$/.exec(path);
    if (match === null)
      return send(response, 404, { code: "not_found", message: "post to /readings or /devices/<id>/readings" });
    if (request.method !== "POST") return send(response, 405, { code: "method", message: "use POST" });
    if (!this.#authorized(request))
      return send(response, 401, { code: "unauthorized", message: "bearer token missing or wrong" });
    const body = await readBody(request);
    const outcome = isRejection(body) ? body : await accept(body, match[1] ?? null, context);
    if (isRejection(outcome))
      send(response, outcome.reason === "payload_too_large" ? 413 : 400, {
        code: outcome.reason,
        message: outcome.detail,
      });
    else send(response, 202, { stored: outcome });
  }

  #authorized(request: IncomingMessage): boolean {
    const { token } = this.#config;
    if (token === undefined) return true;
    const given = Buffer.from(request.headers.authorization ?? "");
    const wanted = Buffer.from(`Bearer ${token}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Parses one post and keeps its records. @returns how many, or why not */
export async function accept(body: Buffer, device: string | null, context: SourceContext): Promise<number | Rejection> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    return reject("json_invalid", "the body is not JSON");
  }
  const post = parseReadingPost(value, device, context.now());
  if (isRejection(post)) return post;
  if (!context.devices.has(post.device))
    return reject("device_unknown", `no device ${post.device.slice(0, 64)} is configured at this edge`);
  await context.emit(post.raw ? "raw" : "t", post.device, post.records);
  context.status(post.device, "ok");
  return post.records.length;
}

async function readBody(request: IncomingMessage): Promise<Buffer | Rejection> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return reject("payload_too_large", `at most ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    "content-type": "application/json",
    ...(status === 413 ? { connection: "close" } : {}),
  });
  response.end(JSON.stringify(body));
}

import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { CameraError } from "./camera-error.ts";
import { type Credentials, HttpAuthenticator } from "./digest.ts";

/**
 * How a camera's certificate is judged: by the system's authorities, by its SHA-256 fingerprint (cameras have self-signed ones), or,
 * `insecure`, not at all.
 */
export interface CameraTls {
  readonly fingerprint?: string | undefined;
  readonly insecure?: boolean | undefined;
}

export interface CameraAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface CameraRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** bytes; a longer answer is `too_large` */
  readonly limit: number;
  /** ms, from the first byte sent to the last one received */
  readonly timeoutMs: number;
  readonly stop?: AbortSignal | undefined;
}

/**
 * HTTP and https with one camera. Credentials are sent only after a challenge, then with every request; connections are kept. A pinned
 * certificate is compared before the first byte of a request leaves.
 */
export class CameraHttp {
  readonly #who: Credentials;
  readonly #auth: HttpAuthenticator;
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets: 2 });
  readonly #secure: HttpsAgent;

  constructor(who: Credentials, tls: CameraTls = {}) {
    this.#who = who;
    this.#auth = new HttpAuthenticator(who);
    this.#secure = tls.fingerprint === undefined ? secureAgent(tls) : pinnedAgent(tls.fingerprint);
  }

  /** @throws CameraError unreachable, timeout, certificate, too_large; auth when the credentials are missing or refused */
  async request(request: CameraRequest): Promise<CameraAnswer> {
    const first = await this.#send(request);
    if (first.status !== 401) return first;
    // No credentials yet, or the nonce is used up.
    if (this.#who.username === "" || !this.#auth.challenge(first.headers["www-authenticate"] ?? ""))
      throw new CameraError("auth", "the camera asks for credentials");
    const second = await this.#send(request);
    if (second.status === 401) throw new CameraError("auth", "the camera refused the credentials");
    return second;
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #send(asked: CameraRequest, again = false): Promise<CameraAnswer> {
    const { method, url, headers, body, limit, timeoutMs, stop } = asked;
    const target = new URL(url);
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop]);
    const secure = target.protocol === "https:";
    const all: Record<string, string> = { ...headers };
    const authorization = this.#auth.authorization(method, target.pathname + target.search);
    if (authorization !== null) all.authorization = authorization;
    if (body !== undefined) all["content-length"] = String(Buffer.byteLength(body));
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(classify(error, signal));
      const options = { method, headers: all, signal, agent: secure ? this.#secure : this.#plain };
      const request = (secure ? httpsRequest : httpRequest)(target, options, (response) => {
        collect(response, limit).then((bytes) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes });
        }, fail);
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        // A kept connection that the camera closed in this very moment is no fault; everything here may be asked twice.
        if (request.reusedSocket && error.code === "ECONNRESET" && !again) resolve(this.#send(asked, true));
        else fail(error);
      });
      request.end(body);
    });
  }
}

function secureAgent({ insecure }: CameraTls): HttpsAgent {
  return new HttpsAgent({ keepAlive: true, maxSockets: 2, rejectUnauthorized: insecure !== true });
}

/** An agent that connects to whoever shows exactly this certificate, whoever signed it and whatever its dates are. */
function pinnedAgent(fingerprint: string): HttpsAgent {
  const wanted = fingerprint.replaceAll(":", "").toUpperCase();
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 2 });
  const open = (options: ConnectionOptions, done: (error: Error | null, socket?: TLSSocket) => void): undefined => {
    const socket = connect({ ...options, rejectUnauthorized: false }, () => {
      const shown = socket.getPeerCertificate().fingerprint256 as string | undefined;
      socket.removeListener("error", done);
      if (shown?.replaceAll(":", "") === wanted) return done(null, socket);
      socket.destroy();
      done(new CameraError("certificate", `the camera shows ${shown ?? "no certificate"}, not the pinned one`));
    });
    socket.once("error", done);
  };
  agent.createConnection = open as unknown as typeof agent.createConnection;
  return agent;
}

function classify(error: Error & { code?: unknown }, signal: AbortSignal): CameraError {
  if (error instanceof CameraError) return error;
  if (signal.aborted) return new CameraError("timeout", "no answer in time");
  const code = typeof error.code === "string" ? error.code : "";
  const distrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code);
  return new CameraError(distrusted ? "certificate" : "unreachable", error.message);
}

async function collect(response: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      response.destroy();
      throw new CameraError("too_large", `more than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

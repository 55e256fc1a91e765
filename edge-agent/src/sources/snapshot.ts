import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Credentials, HttpAuthenticator } from "./digest.ts";

const MAX_PICTURE = 16_777_216;

/** Why a snapshot could not be had; the code becomes the camera's health reason. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
  readonly code: "unreachable" | "auth" | "timeout" | "http" | "too_large" | "not_a_picture";

  constructor(code: SnapshotError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

interface Answer {
  readonly status: number;
  readonly challenge: string;
  readonly body: Buffer;
}

/**
 * GETs pictures of one camera. Credentials are sent only after a challenge, then with every request. Self-signed certificates
 * are accepted: cameras have no other; the camera network is the boundary.
 */
export class SnapshotClient {
  readonly #who: Credentials;
  readonly #timeoutMs: number;
  readonly #auth: HttpAuthenticator;

  constructor(who: Credentials, timeoutMs: number) {
    this.#who = who;
    this.#timeoutMs = timeoutMs;
    this.#auth = new HttpAuthenticator(who);
  }

  /** @throws SnapshotError */
  async fetch(url: string, stop?: AbortSignal): Promise<Buffer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop]);
    const { pathname, search } = new URL(url);
    const first = await get(url, this.#auth.authorization("GET", pathname + search), signal);
    if (first.status !== 401) return picture(first);
    // No credentials yet, or the nonce is used up.
    if (this.#who.username === "" || !this.#auth.challenge(first.challenge))
      throw new SnapshotError("auth", "the camera asks for credentials");
    const second = await get(url, this.#auth.authorization("GET", pathname + search), signal);
    if (second.status === 401) throw new SnapshotError("auth", "the camera refused the credentials");
    return picture(second);
  }
}

function picture({ status, body }: Answer): Buffer {
  if (status === 403) throw new SnapshotError("auth", "the camera refused access");
  if (status !== 200) throw new SnapshotError("http", `status ${status}`);
  const isPicture = (body[0] === 0xff && body[1] === 0xd8) || (body[0] === 0x89 && body[1] === 0x50);
  if (!isPicture) throw new SnapshotError("not_a_picture", `${body.length} bytes that are neither JPEG nor PNG`);
  return body;
}

function get(url: string, authorization: string | null, signal: AbortSignal): Promise<Answer> {
  const target = new URL(url);
  const send = target.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      if (error instanceof SnapshotError) reject(error);
      else if (signal.aborted) reject(new SnapshotError("timeout", "no picture in time"));
      else reject(new SnapshotError("unreachable", error.message));
    };
    const headers: Record<string, string> = { accept: "image/jpeg, image/png" };
    if (authorization !== null) headers.authorization = authorization;
    const request = send(target, { method: "GET", headers, signal, rejectUnauthorized: false }, (response) => {
      collect(response).then((body) => {
        const challenge = response.headers["www-authenticate"] ?? "";
        resolve({ status: response.statusCode ?? 0, challenge, body });
      }, fail);
    });
    request.on("error", fail);
    request.end();
  });
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_PICTURE) {
      response.destroy();
      throw new SnapshotError("too_large", `more than ${MAX_PICTURE} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

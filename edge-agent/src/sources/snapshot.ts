import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { answerChallenge, type Credentials } from "./digest.ts";

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

/**
 * GETs one picture. Credentials are sent only in answer to a challenge. Self-signed certificates are accepted: cameras have
 * no other; the camera network is the boundary.
 * @throws SnapshotError
 */
export async function fetchSnapshot(url: string, who: Credentials, timeoutMs: number): Promise<Buffer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const first = await get(url, null, deadline);
  if (first.status !== 401) return picture(first);
  const target = new URL(url);
  const answer =
    who.username === "" ? null : answerChallenge(first.challenge, "GET", target.pathname + target.search, who);
  if (answer === null) throw new SnapshotError("auth", "the camera asks for credentials");
  const second = await get(url, answer, deadline);
  if (second.status === 401 || second.status === 403)
    throw new SnapshotError("auth", "the camera refused the credentials");
  return picture(second);
}

interface Answer {
  readonly status: number;
  readonly challenge: string;
  readonly body: Buffer;
}

function picture(answer: Answer): Buffer {
  if (answer.status === 403) throw new SnapshotError("auth", "the camera refused access");
  if (answer.status !== 200) throw new SnapshotError("http", `status ${answer.status}`);
  const { body } = answer;
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
        const header = response.headers["www-authenticate"] ?? "";
        resolve({ status: response.statusCode ?? 0, challenge: header, body });
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

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { HttpChallenge, type Scheme } from "./challenge.ts";
import type { H264Clip } from "./h264.ts";
import { RtpPacketizer } from "./rtp.ts";
import type { Account } from "./soap.ts";

/** none; stall = connected, but no picture comes any more; refuse = 503 to DESCRIBE; drop = closes each new connection. */
export type RtspFault = "none" | "stall" | "refuse" | "drop";

export interface RtspServerOptions {
  /** path -> what plays there, for ever, e.g. `/main` and `/sub` */
  readonly clips: Readonly<Record<string, H264Clip>>;
  readonly account?: Account;
  readonly scheme?: Scheme;
  readonly host?: string;
  readonly port?: number;
}

interface Session {
  readonly socket: Socket;
  readonly id: string;
  rest: Buffer;
  channel: number;
  timer: NodeJS.Timeout | null;
}

interface RtspRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
}

const MAX_REQUEST = 16_384;
/** A client that does not read is not fed. */
const MAX_WAITING = 4_194_304;

/** An RTSP 1.0 camera (RFC 2326): H.264 interleaved in the TCP connection, Basic or Digest, faults to switch on. */
export class RtspServer {
  /** may be changed at any time */
  fault: RtspFault = "none";
  /** paths of the PLAY requests that were granted */
  readonly paths: string[] = [];
  private readonly options: RtspServerOptions;
  private challenge: HttpChallenge;
  private account: Account | null;
  private readonly sessions = new Set<Session>();
  private server: Server | null = null;

  constructor(options: RtspServerOptions) {
    this.options = options;
    this.account = options.account ?? null;
    this.challenge = new HttpChallenge(options.scheme ?? "digest", this.account);
  }

  /** @returns `rtsp://host:port` */
  async start(): Promise<string> {
    const server = createServer((socket) => this.accept(socket));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.options.port ?? 0, this.options.host ?? "127.0.0.1", resolve);
    });
    return this.origin;
  }

  get origin(): string {
    const { address, port } = this.server?.address() as AddressInfo;
    return `rtsp://${address}:${port}`;
  }

  changeAccount(account: Account): void {
    this.account = account;
    this.challenge = new HttpChallenge(this.options.scheme ?? "digest", account);
  }

  /** Cuts every connection, as a camera that loses its power does. */
  cut(): void {
    for (const { socket } of this.sessions) socket.destroy();
  }

  async close(): Promise<void> {
    const server = this.server;
    if (server === null) return;
    this.cut();
    await new Promise((resolve) => server.close(resolve));
    this.server = null;
  }

  private accept(socket: Socket): void {
    if (this.fault === "drop") {
      socket.destroy();
      return;
    }
    const id = Math.floor(performance.now() * 1000).toString(16);
    const session: Session = { socket, id, rest: Buffer.alloc(0), channel: 0, timer: null };
    this.sessions.add(session);
    socket.on("data", (chunk) => this.hear(session, chunk));
    socket.on("error", () => {}); // the close that follows tells it
    socket.on("close", () => {
      if (session.timer !== null) clearInterval(session.timer);
      this.sessions.delete(session);
    });
  }

  private hear(session: Session, chunk: Buffer): void {
    session.rest = session.rest.length === 0 ? chunk : Buffer.concat([session.rest, chunk]);
    while (session.rest.length > 0) {
      // RTCP receiver reports come interleaved between the requests.
      if (session.rest[0] === 0x24) {
        if (session.rest.length < 4 || session.rest.length < 4 + session.rest.readUInt16BE(2)) return;
        session.rest = session.rest.subarray(4 + session.rest.readUInt16BE(2));
        continue;
      }
      const end = session.rest.indexOf("\r\n\r\n");
      if (end < 0) {
        if (session.rest.length > MAX_REQUEST) session.socket.destroy();
        return;
      }
      const text = session.rest.toString("latin1", 0, end);
      session.rest = session.rest.subarray(end + 4);
      this.answer(session, parseRequest(text));
    }
  }

  private answer(session: Session, request: RtspRequest): void {
    const { method, url } = request;
    if (method === "OPTIONS")
      return reply(session, request, 200, ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"]);
    const challenge = this.challenge.check(method, url, request.headers.get("authorization"));
    if (challenge !== null) return reply(session, request, 401, [`WWW-Authenticate: ${challenge}`]);
    const path = new URL(url).pathname.replace(/\/(track1)?$/, "");
    const clip = Object.hasOwn(this.options.clips, path) ? this.options.clips[path] : undefined;
    if (clip === undefined) return reply(session, request, 404, []);
    if (method === "DESCRIBE") {
      if (this.fault === "refuse") return reply(session, request, 503, []);
      return reply(session, request, 200, [`Content-Base: ${url}/`, "Content-Type: application/sdp"], sdp(clip));
    }
    if (method === "SETUP") {
      const transport = request.headers.get("transport") ?? "";
      const channels = /interleaved=(\d+)-(\d+)/.exec(transport);
      if (!/RTP\/AVP\/TCP/.test(transport) || channels === null) return reply(session, request, 461, []);
      session.channel = Number(channels[1]);
      return reply(session, request, 200, [`Transport: ${transport}`, `Session: ${session.id};timeout=60`]);
    }
    if (method === "PLAY") {
      reply(session, request, 200, [`Session: ${session.id}`, "Range: npt=0.000-"]);
      this.paths.push(path);
      return this.play(session, clip);
    }
    reply(session, request, method === "TEARDOWN" || method === "GET_PARAMETER" ? 200 : 501, [
      `Session: ${session.id}`,
    ]);
    if (method === "TEARDOWN") session.socket.end();
  }

  private play(session: Session, clip: H264Clip): void {
    if (session.timer !== null) return;
    const rtp = new RtpPacketizer(session.channel, 0x6772_6964);
    let at = 0;
    session.timer = setInterval(() => {
      if (this.fault === "stall" || session.socket.writableLength > MAX_WAITING) return;
      session.socket.write(rtp.packets(clip.units[at % clip.units.length], Math.round((at * 90_000) / clip.fps)));
      at++;
    }, 1000 / clip.fps);
  }
}

function parseRequest(text: string): RtspRequest {
  const [line, ...rest] = text.split("\r\n");
  const [method = "", url = ""] = line.split(" ");
  const headers = new Map<string, string>();
  for (const header of rest) {
    const colon = header.indexOf(":");
    if (colon > 0) headers.set(header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim());
  }
  return { method, url: URL.canParse(url) ? url : "rtsp://unknown/", headers };
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  401: "Unauthorized",
  404: "Not Found",
  461: "Unsupported Transport",
  501: "Not Implemented",
  503: "Service Unavailable",
};

function reply(session: Session, request: RtspRequest, status: number, headers: readonly string[], body = ""): void {
  const lines = [`RTSP/1.0 ${status} ${REASONS[status]}`, `CSeq: ${request.headers.get("cseq") ?? "0"}`, ...headers];
  if (body !== "") lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  session.socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** RFC 4566 and RFC 6184 section 8.2.1: parameter sets travel in the description. */
function sdp({ sps, pps }: H264Clip): string {
  const sets = `${sps.toString("base64")},${pps.toString("base64")}`;
  return [
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=scene camera",
    "c=IN IP4 0.0.0.0",
    "t=0 0",
    "m=video 0 RTP/AVP 96",
    "a=rtpmap:96 H264/90000",
    `a=fmtp:96 packetization-mode=1;profile-level-id=${sps.toString("hex", 1, 4)};sprop-parameter-sets=${sets}`,
    "a=control:track1",
    "",
  ].join("\r\n");
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createRandom, type Random } from "../random.ts";
import { Caller } from "./caller.ts";
import { Journal, parseEvent } from "./journal.ts";
import { drawMischief, type Mischief } from "./mischief.ts";
import { isSigned } from "./signature.ts";
import { tellStory } from "./story.ts";

export interface PlatformOptions {
  /** of the hub's target */
  readonly secret: string;
  /** share of requests and callbacks that something happens to, 0..1 */
  readonly bad: number;
  readonly seed: string;
  /** `http://hub:8080/api/callbacks/<target>`; "" = it never calls back */
  readonly callbackUrl?: string;
  readonly callbackSecret?: string;
  /** JSON lines of all that came; "" = none */
  readonly journalFile?: string;
  /** pause before it calls again after a failure, ms */
  readonly pauseMs?: number;
}

const MAX_BODY = 1 << 20; // bytes
const ERRORS = [500, 502, 503, 429];
/** after which a platform that lost an event asks for it, ms */
const ASK_AFTER_MS = 300;

/**
 * A governance platform that behaves badly on purpose, by seed: errors, time-outs, resets and slow answers, some of them after it
 * took the event; it says 202 to what it then loses, and asks again; its callbacks come twice, in the wrong order and forged.
 * Whatever it does, it processes each CloudEvents id once and knows how each case ended.
 */
export class FakePlatform {
  readonly journal: Journal;
  private readonly options: PlatformOptions;
  private readonly server: Server;
  private readonly mischief: Random;
  private readonly stories: Random;
  private readonly caller: Caller | null;
  private readonly timers = new Set<NodeJS.Timeout>();
  private asked = 0;
  /** 0 = it behaves: to see a run to its end */
  bad: number;

  constructor(options: PlatformOptions) {
    const { seed, callbackUrl = "", callbackSecret = options.secret, bad } = options;
    this.options = options;
    this.bad = bad;
    this.journal = new Journal(options.journalFile);
    const random = createRandom(seed);
    this.mischief = random.fork("mischief");
    this.stories = random.fork("stories");
    this.caller =
      callbackUrl === ""
        ? null
        : new Caller({
            url: callbackUrl,
            secret: callbackSecret,
            bad,
            random: random.fork("caller"),
            journal: this.journal,
            pauseMs: options.pauseMs,
          });
    this.server = createServer((request, response) => this.request(request, response));
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

  /** callbacks, and questions for what was lost, that are still under way */
  get waiting(): number {
    return this.timers.size + (this.caller?.waiting ?? 0);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    await this.caller?.close();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private request(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("error", () => {});
    request.on("error", () => {}); // the sender went away: nothing to answer
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY) chunks.push(chunk);
    });
    request.on("end", () => {
      if (request.url === "/journal") return this.show(response);
      this.receive(request, response, bytes <= MAX_BODY ? Buffer.concat(chunks) : Buffer.alloc(0));
    });
  }

  private receive(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const header = request.headers["gridhub-signature"];
    if (typeof header !== "string" || !isSigned(this.options.secret, header, body, Date.now())) {
      this.journal.note("unsigned", "");
      response.writeHead(401).end();
      return;
    }
    const got = parseEvent(body);
    if (got === null) {
      this.journal.note("not_an_event", "");
      response.writeHead(422).end();
      return;
    }
    const mischief = drawMischief(this.mischief, this.bad);
    if (mischief !== "none") this.journal.note(mischief, got.id);
    if (mischief === "none" || mischief === "slow" || mischief.endsWith("_taken")) {
      const opened = this.journal.take(got);
      if (opened !== null && this.caller !== null) {
        const { callbacks, ends } = tellStory(opened.event, Date.now(), this.stories);
        opened.decided = ends;
        this.caller.say(callbacks);
      }
    } else if (mischief === "lie" && !this.journal.received.has(got.id)) this.askAgain(got.id, got.event);
    this.answer(mischief, request, response);
  }

  private answer(mischief: Mischief, request: IncomingMessage, response: ServerResponse): void {
    switch (mischief) {
      case "error":
      case "error_taken": {
        const status = mischief === "error" ? this.mischief.pick(ERRORS) : 500;
        response.writeHead(status, { "content-type": "text/html" }).end("<h1>系统繁忙</h1>");
        return;
      }
      case "timeout":
      case "timeout_taken":
        return; // the hub hangs up
      case "reset":
      case "reset_taken":
        request.socket.resetAndDestroy();
        return;
      case "slow":
        response.writeHead(200, { "content-type": "application/json" });
        response.write("{");
        this.later(200, () => response.end('"ok":true}'));
        return;
      default:
        response.writeHead(202, { "content-type": "application/json" }).end('{"accepted":true}');
    }
  }

  /** It said 202 and lost it, and asks until it comes; not again before the last question was answered. */
  private askAgain(id: string, event: string, asked = ""): void {
    const { caller, journal } = this;
    if (caller === null) return;
    this.later(ASK_AFTER_MS, () => {
      if (journal.received.has(id)) return;
      const waits = asked !== "" && !caller.answered.has(asked);
      const question = waits ? asked : `resend/${event}/${++this.asked}`;
      if (!waits) caller.say([{ id: question, kind: "resend", events: [event] }]);
      this.askAgain(id, event, question);
    });
  }

  private later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  private show(response: ServerResponse): void {
    const { counts, cases, received } = this.journal;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ counts, events: cases.size, ids: received.size, waiting: this.waiting }));
  }
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../clock.ts";
import type { Finding } from "../finding.ts";
import { silentLog } from "../log.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { MemoryOutbox } from "./memory-outbox.ts";
import { sampleItem } from "./sample.testing.ts";
import { verifySignature } from "./signature.ts";
import type { WebhookTarget } from "./target.ts";
import { TEST_TYPE } from "./test-message.ts";

const SECRET = "0123456789abcdef";
const RETRY = { baseMs: 5, maxMs: 40, downAfter: 3, maxAttempts: 5, pollMs: 50 };

/** A receiver that answers as told, and keeps what it took (status 2xx) and what it saw. */
type Behaviour = (request: IncomingMessage, response: ServerResponse, body: string) => void;
let server: Server;
let behave: Behaviour;
let taken: string[];
let seen: string[];
let verdicts: boolean[];
const ok: Behaviour = (_request, response) => void response.writeHead(204).end();
const status =
  (code: number, headers = {}): Behaviour =>
  (_request, response) =>
    void response.writeHead(code, headers).end("whatever");

let outbox: MemoryOutbox;
let dispatcher: Dispatcher | undefined;
let findings: Finding[];
let deliveries: string[];

beforeEach(async () => {
  outbox = new MemoryOutbox();
  behave = ok;
  taken = [];
  seen = [];
  verdicts = [];
  findings = [];
  deliveries = [];
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { id } = JSON.parse(body) as { id: string };
      const header = request.headers["gridhub-signature"] as string;
      verdicts.push(verifySignature(SECRET, header, body, Date.now()).ok);
      seen.push(id);
      response.on("finish", () => {
        if (response.statusCode < 300) taken.push(id);
      });
      behave(request, response, body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(async () => {
  await dispatcher?.close();
  dispatcher = undefined;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=x`;
const start = (target: Partial<WebhookTarget> = {}, more: Partial<DispatcherOptions> = {}) => {
  dispatcher = new Dispatcher({
    targets: [{ name: "t", url: url(), secret: SECRET, timeoutMs: 60_000, ...target }],
    port: outbox,
    clock: systemClock,
    log: silentLog,
    retry: RETRY,
    random: () => 0.5,
    onFinding: (f) => findings.push(f),
    onDelivery: (id, name, good, note) => deliveries.push(`${id} ${name} ${good ? "ok" : "gave up"} ${note}`.trim()),
    ...more,
  });
  dispatcher.start();
  return dispatcher;
};
const add = (...ids: string[]) => {
  outbox.add(
    ids.map((id) => {
      const [eventId, revision] = id.split(":");
      return {
        eventId,
        revision: Number(revision),
        type: "gridhub.event.opened",
        target: "t",
        body: { id, zh: "网格" },
      };
    }),
  );
  dispatcher?.wake();
};
const states = () => outbox.rows.map((row) => row.state);
const phases = () => findings.filter((f) => f.evidence.failures !== 0 || f.phase === "raise").map((f) => f.phase);

describe("Dispatcher", () => {
  it("delivers signed cloud events and reports it", async () => {
    let type: string | undefined;
    behave = (request, response, body) => {
      type = request.headers["content-type"];
      expect(request.headers.authorization).toBe("Bearer y");
      ok(request, response, body);
    };
    start({ headers: { authorization: "Bearer y" } });
    add("a:1", "a:2", "b:1");
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "delivered", "delivered"]));
    expect(verdicts).toEqual([true, true, true]);
    expect(type).toMatch(/^application\/cloudevents\+json/);
    expect(deliveries.sort()).toEqual(["a t ok", "a t ok", "b t ok"]);
    expect(phases()).toEqual([]);
  });

  it("keeps the order of each event while several are under way", async () => {
    const waiting: (() => void)[] = [];
    behave = (_request, response) => void waiting.push(() => response.writeHead(200).end());
    start({ concurrency: 3 });
    add("a:1", "a:2", "a:3", "b:1", "b:2", "c:1", "d:1");
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    expect(seen.toSorted()).toEqual(["a:1", "b:1", "c:1"]);
    behave = ok;
    for (const answer of waiting.reverse()) answer();
    await vi.waitFor(() => expect(new Set(states())).toEqual(new Set(["delivered"])));
    for (const event of ["a", "b"])
      expect(taken.filter((id) => id.startsWith(event))).toEqual(taken.filter((id) => id.startsWith(event)).toSorted());
  });

  it.each<[string, Behaviour]>([
    ["500", status(500)],
    ["429 with Retry-After", status(429, { "retry-after": "0" })],
    ["401", status(401)],
    ["a redirect", status(302, { location: "http://127.0.0.1:1/" })],
    ["a reset connection", (request) => void request.socket.resetAndDestroy()],
    ["an answer that is not HTTP", (request) => void request.socket.end("nonsense\r\n\r\n")],
    ["no answer", () => {}],
  ])("tries again after %s", async (name, bad) => {
    let times = 2;
    behave = (request, response, body) => (times-- > 0 ? bad : ok)(request, response, body);
    // a busy machine must answer within it, once
    start(name === "no answer" ? { timeoutMs: 1500 } : {});
    add("a:1", "a:2");
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "delivered"]));
    expect(seen).toEqual(["a:1", "a:1", "a:1", "a:2"]);
    expect(deliveries).toEqual(["a t ok attempt 3", "a t ok"]);
  });

  it("takes a slow answer within the time, and does not wait for an endless body", async () => {
    behave = (_request, response) => {
      setTimeout(() => response.writeHead(200).write("x".repeat(100)), 50);
    };
    start();
    add("a:1", "a:2");
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "delivered"]));
  });

  it("sends again what was taken but not confirmed: the id is the same", async () => {
    let first = true;
    behave = (request, response, body) => {
      if (!first) return ok(request, response, body);
      first = false;
      taken.push((JSON.parse(body) as { id: string }).id);
      request.socket.destroy();
    };
    start();
    add("a:1", "a:2");
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "delivered"]));
    expect(taken).toEqual(["a:1", "a:1", "a:2"]);
  });

  it("parks what the receiver will never take, goes on, and replays it", async () => {
    behave = (request, response, body) => (body.includes("a:1") ? status(422) : ok)(request, response, body);
    const d = start();
    add("a:1", "a:2", "b:1");
    await vi.waitFor(() => expect(states()).toEqual(["failed", "delivered", "delivered"]));
    expect(deliveries).toContain("a t gave up HTTP 422");
    expect(seen.filter((id) => id === "a:1")).toHaveLength(1);
    expect(phases()).toEqual([]);
    behave = ok;
    expect(await d.replay({ target: "t" })).toBe(1);
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "delivered", "delivered"]));
  });

  it("gives a row up that fails while others arrive", async () => {
    behave = (request, response, body) => (body.includes("a:1") ? status(500) : ok)(request, response, body);
    start({}, { retry: { ...RETRY, downAfter: 1000, maxMs: 60_000, maxAttempts: 4 } });
    add("b:1");
    await vi.waitFor(() => expect(states()).toEqual(["delivered"]));
    add("a:1", "a:2");
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "failed", "delivered"]));
    expect(seen.filter((id) => id === "a:1")).toHaveLength(4);
  });

  it("calls a dead target down once, gives up nothing, and takes it up again", async () => {
    behave = status(503);
    const d = start();
    add(...Array.from({ length: 20 }, (_, i) => `e${i}:1`));
    await vi.waitFor(() => expect(d.down).toEqual(["t"]));
    const before = seen.length;
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(before + 5));
    expect(phases()).toEqual(["raise"]);
    expect(findings[0]).toMatchObject({ kind: "dispatch.target_down", subject: "target:t", late: false, gridId: null });
    expect(JSON.stringify(findings)).not.toContain("token");
    expect(new Set(states())).toEqual(new Set(["pending"]));
    behave = ok;
    await vi.waitFor(() => expect(new Set(states())).toEqual(new Set(["delivered"])));
    expect(d.down).toEqual([]);
    expect(phases()).toEqual(["raise", "clear"]);
  });

  it("is not stopped by another target that hangs", async () => {
    behave = (request, response, body) => {
      if (request.url?.startsWith("/hang") !== true) ok(request, response, body);
    };
    const base = url();
    start(
      {},
      {
        targets: [
          { name: "hang", url: base.replace("/hook", "/hang"), secret: SECRET, timeoutMs: 60_000 },
          { name: "t", url: base, secret: SECRET },
        ],
      },
    );
    outbox.add([{ eventId: "x", revision: 1, type: "y", target: "hang", body: { id: "x:1" } }]);
    add("a:1", "a:2");
    await vi.waitFor(() => expect(taken).toEqual(["a:1", "a:2"]));
  });

  it("counts rows by what became of them", async () => {
    behave = (request, response, body) => {
      if (body.includes("b:1")) return status(422)(request, response, body);
      return seen.length === 1 ? status(503)(request, response, body) : ok(request, response, body);
    };
    const d = start({ concurrency: 1 });
    add("a:1", "b:1", "c:1");
    await vi.waitFor(() => expect(states()).toEqual(["delivered", "failed", "delivered"]));
    await vi.waitFor(() =>
      expect([...d.outcomes()]).toEqual([
        [["t", "delivered"], 2],
        [["t", "failed"], 1],
        [["t", "parked"], 1],
      ]),
    );
  });

  it("hangs up on close and gives the row back", async () => {
    behave = () => {};
    const d = start();
    add("a:1");
    await vi.waitFor(() => expect(seen).toEqual(["a:1"]));
    await d.close();
    expect(outbox.rows[0]).toMatchObject({ state: "pending", lastError: "hub stopped" });
    behave = ok;
    start();
    await vi.waitFor(() => expect(states()).toEqual(["delivered"]));
  });

  it("tests the way with a message that says so and is not stored; one that arrives ends the wait", async () => {
    let broken = true;
    let test = "";
    behave = (request, response, body) => {
      if (body.includes(TEST_TYPE)) test = body;
      (broken ? status(503) : ok)(request, response, body);
    };
    const d = start({}, { retry: { ...RETRY, baseMs: 60_000, maxMs: 60_000, downAfter: 1 } });
    add("a:1");
    await vi.waitFor(() => expect(d.down).toEqual(["t"]));
    expect(d.status()[0]).toMatchObject({ failures: 1, counts: { delivered: 0, failed: 1, parked: 0 } });
    expect(d.status()[0].pauseMs).toBeGreaterThan(1000);
    expect(await d.test("t", "li")).toMatchObject({ kind: "failed", error: "HTTP 503" });
    broken = false;
    const [arrived, second] = await Promise.all([d.test("t", "li"), d.test("t", "li")]);
    expect([arrived?.kind, second]).toEqual(["delivered", null]);
    expect(phases()).toEqual(["raise", "clear"]);
    await vi.waitFor(() => expect(states()).toEqual(["delivered"]));
    expect(d.status()[0]).toMatchObject({ down: false, failures: 0, pauseMs: 0 });
    expect(verdicts).not.toContain(false);
    // whatever a mapping or a notice names of an event has its place
    const { type, data, ...rest } = JSON.parse(test) as { type: string; data: object };
    const { subject: _, ...event } = sampleItem().body as { subject: string; data: object };
    expect(type).toBe(TEST_TYPE);
    expect(Object.keys(data)).toEqual(Object.keys(event.data));
    expect(Object.keys({ ...rest, type, data }).sort()).toEqual(Object.keys(event).sort());
    expect(await d.test("nobody", "li")).toBeNull();
  });

  it("outlives an outbox that fails", async () => {
    const claim = outbox.claim.bind(outbox);
    let broken = true;
    outbox.claim = (...args) => (broken ? Promise.reject(new Error("no database")) : claim(...args));
    start();
    add("a:1");
    broken = false;
    await vi.waitFor(() => expect(states()).toEqual(["delivered"]));
  });
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CallbackDesk } from "../dispatch/callback-desk.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import type { OutboxPort } from "../dispatch/outbox.ts";
import { signBody } from "../dispatch/signature.ts";
import type { TargetConfig } from "../dispatch/target.ts";
import { storedCallbacks } from "../store/queries/callbacks.ts";
import { silentLog } from "../log.ts";
import { OutboxQueries } from "../store/queries/outbox.ts";
import { type Scene, startScene } from "./api.testing.ts";

const OLD = "the old secret of the platform";
const NEW = "the new secret of the platform";
const base = { url: "http://127.0.0.1:9/", secret: "0123456789abcdef" };
const targets: TargetConfig[] = [
  { ...base, name: "platform", callbackSecrets: [NEW, OLD] },
  { ...base, name: "west", callbackSecrets: [NEW], grids: ["west"] },
  { ...base, name: "mute" },
];

/** The scene's outbox, which is there once the scene is. */
const port = () =>
  new Proxy({} as OutboxPort, {
    get: (_, name: keyof OutboxPort) => {
      const real = new OutboxQueries(scene.pool);
      return real[name].bind(real);
    },
  });

const began = Date.now();
let scene: Scene;
let operator: string;
let event: string;
const asked: (readonly string[])[] = [];
beforeAll(async () => {
  const stored = () => storedCallbacks(scene.pool);
  const callbacks = new CallbackDesk({
    targets,
    clock: Date.now,
    find: (target, id) => stored().find(target, id),
    keep: (row) => stored().keep(row),
    event: (id) => stored().event(id),
    path: (id) =>
      scene.context
        .grids()
        .path(id)
        .map((grid) => grid.id),
    apply: (found, callback) =>
      scene.pipeline.submit((now) => {
        scene.events.adopt(found, now);
        const result = scene.events.callback(found.id, callback, now);
        return "code" in result ? null : { outcome: result.outcome, handling: result.event.handling };
      }),
    resend: (_target, events) => Promise.resolve(asked.push(events) > 0 ? events : []),
  });
  const dispatcher = new Dispatcher({ targets, port: port(), clock: Date.now, log: silentLog });
  scene = await startScene({ callbacks, dispatcher });
  operator = await scene.account("operator", "operator");
  await scene.edge("east", "e1", ["d1"]);
  await scene.find({ subject: "device:east/d1", severity: 2 });
  const { body } = await scene.call<{ items: { id: string }[] }>("GET", "/api/events", { token: operator });
  event = body.items[0].id;
});
afterAll(() => scene?.close());

const say = async (
  body: object | string,
  { secret = NEW, target = "platform", at = Date.now(), signature = "" } = {},
): Promise<string> => {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const headers = { "gridhub-signature": signature === "" ? signBody(secret, text, at) : signature };
  const answer = await scene.call<{ outcome?: string; detail?: string; code?: string }>(
    "POST",
    `/api/callbacks/${target}`,
    { body: text, headers },
  );
  const { outcome, detail, code } = answer.body;
  return `${answer.status} ${outcome === undefined ? code : `${outcome} ${detail}`}`;
};
const detail = async () =>
  (
    await scene.call<{ event: { handling: string }; timeline: { what: string; who: string; note: string }[] }>(
      "GET",
      `/api/events/${event}`,
      { token: operator },
    )
  ).body;

describe("what a governance platform says back", () => {
  it("acts on the event in whatever order it comes, and each id once", async () => {
    const t = Date.now() - 60_000;
    const done = { id: "c3", event, kind: "done", ts: t + 2, who: "水利站", note: "已\u0007排水" };
    expect(await say(done)).toBe("200 applied done");
    expect(await say({ id: "c1", event, kind: "accepted", ts: new Date(t).toISOString() })).toBe("200 noted done");
    const term = { id: "c2", event, kind: "responded", ts: t + 1, until: t + 3_600_000 };
    expect(await say(term, { secret: OLD })).toBe("200 noted done");
    expect(await say(done)).toBe("200 repeated done");
    const { event: shown, timeline } = await detail();
    expect(shown.handling).toBe("done");
    const said = timeline.filter(({ who }) => who.startsWith("@platform"));
    expect(said.map(({ what, who }) => `${what} ${who}`)).toEqual([
      "done @platform/水利站",
      "callback @platform",
      "callback @platform",
    ]);
    expect(said[0].note).toBe("已 排水");
  });

  it("takes many repetitions at once for one", async () => {
    const evaluated = { id: "c9", event, kind: "evaluated", verdict: "false_alarm" };
    const answers = await Promise.all(Array.from({ length: 8 }, () => say(evaluated)));
    expect(answers.filter((answer) => answer === "200 applied false_alarm")).toHaveLength(1);
    expect(answers.every((answer) => answer.startsWith("200 "))).toBe(true);
    const { timeline } = await detail();
    expect(timeline.filter(({ what }) => what === "false_alarm")).toHaveLength(1);
  });

  it("sends events again on demand", async () => {
    expect(await say({ id: "r1", kind: "resend", events: [event, event] })).toBe(`200 applied ${event}`);
    expect(await say({ id: "r1", kind: "resend", events: [event] })).toBe(`200 repeated ${event}`);
    expect(asked).toEqual([[event]]);
  });

  it.each<[string, object | string, object, string]>([
    ["a wrong secret", { id: "x", kind: "done" }, { secret: "this is nobody's secret" }, "401 SIGNATURE"],
    ["an old signature", { id: "x", kind: "done" }, { at: Date.now() - 400_000 }, "401 SIGNATURE"],
    ["no signature", { id: "x", kind: "done" }, { signature: "t=1" }, "401 SIGNATURE"],
    ["an unknown target", { id: "x", kind: "done" }, { target: "nobody" }, "401 SIGNATURE"],
    ["a target that may not call back", { id: "x", kind: "done" }, { target: "mute" }, "401 SIGNATURE"],
    ["what is not JSON", "{", {}, "400 CALLBACK_INVALID"],
    ["an unknown kind", { id: "x", event: randomUUID(), kind: "sung" }, {}, "400 CALLBACK_INVALID"],
    ["an id with spaces", { id: "x y", event: randomUUID(), kind: "done" }, {}, "400 CALLBACK_INVALID"],
    [
      "a local time",
      { id: "x", event: randomUUID(), kind: "done", ts: "2025-11-22 10:00:00" },
      {},
      "400 CALLBACK_INVALID",
    ],
    ["the future", { id: "x", event: randomUUID(), kind: "done", ts: Date.now() + 1e7 }, {}, "400 CALLBACK_INVALID"],
    ["an unknown event", { id: "x", event: randomUUID(), kind: "done" }, {}, "404 UNKNOWN_EVENT"],
    ["an id of something else", { id: "c1", event: randomUUID(), kind: "done" }, {}, "409 CALLBACK_ID_REUSED"],
    ["too much", JSON.stringify({ id: "x", note: "x".repeat(70_000) }), {}, "413 BODY_TOO_LARGE"],
  ])("refuses %s and says why", async (_name, body, how, expected) => {
    expect(await say(body, how)).toBe(expected);
  });

  it("keeps a target to its own grids", async () => {
    expect(await say({ id: "w1", event, kind: "done" }, { target: "west" })).toBe("404 UNKNOWN_EVENT");
  });
});

describe("targets", () => {
  it("are shown with what waits and what was given up, and a person replays it", async () => {
    const admin = await scene.account("chief", "admin");
    await scene.pool.query(
      `INSERT INTO outbox (event_id, revision, type, target, body, state, last_error)
       VALUES ($1, 900, 'x', 'platform', '{}', 'failed', 'HTTP 422'), ($1, 901, 'x', 'platform', '{}', 'pending', '')`,
      [event],
    );
    const { body } = await scene.call<{ items: object[] }>("GET", "/api/targets", { token: admin });
    expect(body.items).toHaveLength(3);
    const [platform, , mute] = body.items;
    expect(platform).toMatchObject({ name: "platform", origin: "http://127.0.0.1:9", callbacks: true, parked: 1 });
    expect(platform).toMatchObject({ lastError: "HTTP 422", down: false });
    expect(mute).toMatchObject({ callbacks: false, waiting: 0, oldestMs: null });
    expect(JSON.stringify(body)).not.toContain("secret");
    const { body: metrics } = await scene.call<string>("GET", "/metrics");
    expect(metrics).toContain('gridhub_outbox_parked{target="platform"} 1\n');
    expect(metrics).toMatch(/^gridhub_outbox_waiting\{target="platform"\} [1-9]/m);
    const [, oldest] = /^gridhub_outbox_oldest_seconds\{target="platform"\} (\S+)$/m.exec(metrics) ?? [];
    expect(Number(oldest)).toBeGreaterThan(0);
    expect(Number(oldest)).toBeLessThan((Date.now() - began) / 1000);
    expect(metrics).toContain('gridhub_outbox_waiting{target="mute"} 0\n');
    expect(metrics).toContain('gridhub_deliveries_total{target="mute",outcome="delivered"} 0\n');
    expect(metrics).toContain('gridhub_target_down{target="platform"} 0\n');
    expect(metrics).toMatch(/^gridhub_callbacks_total\{outcome="applied"\} [1-9]/m);
    expect(metrics).toMatch(/^gridhub_callbacks_total\{outcome="SIGNATURE"\} [1-9]/m);
    const replay = (name: string, token: string) =>
      scene.call<{ rows?: number }>("POST", `/api/targets/${name}/replay`, { token, body: {} });
    expect((await replay("platform", admin)).body).toEqual({ rows: 1 });
    expect((await replay("platform", admin)).body).toEqual({ rows: 0 });
    expect((await replay("nobody", admin)).status).toBe(404);
    expect((await replay("platform", operator)).status).toBe(403);
    const { rows } = await scene.pool.query("SELECT who, target FROM audit WHERE action = 'target_replay'");
    expect(rows[0]).toEqual({ who: "chief", target: "target:platform" });
    const test = (name: string, token: string) =>
      scene.call<object>("POST", `/api/targets/${name}/test`, { token, body: {} });
    expect((await test("platform", admin)).body).toMatchObject({ outcome: "failed", error: "bad port" });
    expect((await test("nobody", admin)).status).toBe(404);
    expect((await test("platform", operator)).status).toBe(403);
    const { rows: tests } = await scene.pool.query("SELECT who, detail FROM audit WHERE action = 'target_test'");
    expect(tests).toEqual([{ who: "chief", detail: { outcome: "failed", error: "bad port" } }]);
  });
});

import { afterEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../log.ts";
import type { OutboxRow } from "../store/batch.ts";
import { Dispatcher } from "./dispatcher.ts";
import { MemoryOutbox } from "./memory-outbox.ts";
import { parseQuiet } from "./notify/hold.ts";
import { noticeIn } from "./notify/notice.testing.ts";
import { planOutbox } from "./plan-outbox.ts";
import { EVENT, LOOKUP, NOW, sampleItem } from "./sample.testing.ts";
import { echoName, type DingTalkTarget, type TargetConfig } from "./target.ts";

const robot: DingTalkTarget = {
  name: "robot",
  kind: "dingtalk",
  url: "https://robot.example/send",
  secret: "",
  keyword: "",
  notice: noticeIn("zh"),
  perMinute: 600,
  quiet: null,
  digestMs: 0,
  timeZone: "Asia/Shanghai",
  consoleUrl: "",
};
const row = (id: string, severity: 1 | 3, revision = 1): OutboxRow => {
  const { eventId, type, body } = sampleItem({ id, severity, revision });
  return { eventId, revision, type, body, target: "robot" };
};

let dispatcher: Dispatcher | undefined;
afterEach(() => dispatcher?.close());

/** @param judge errcode of a message that names these events */
function start(outbox: MemoryOutbox, judge: (text: string) => number, more: Partial<DingTalkTarget> = {}, now = NOW) {
  const texts: string[] = [];
  const send = ((_url: string, init: RequestInit) => {
    const { text } = (JSON.parse(init.body as string) as { markdown: { text: string } }).markdown;
    texts.push(text);
    return Promise.resolve(new Response(JSON.stringify({ errcode: judge(text), errmsg: "" })));
  }) as typeof fetch;
  dispatcher = new Dispatcher({
    targets: [{ ...robot, ...more }],
    port: outbox,
    clock: () => now,
    log: silentLog,
    retry: { baseMs: 1, maxMs: 10, pollMs: 20 },
    transports: { fetch: send },
  });
  dispatcher.start();
  return texts;
}

describe("a target that people read", () => {
  it("gets what waits as one message", async () => {
    const outbox = new MemoryOutbox();
    outbox.add([row("a", 3), row("a", 3, 2), row("b", 1)]);
    const texts = start(outbox, () => 0);
    await vi.waitFor(() => expect(outbox.rows.every(({ state }) => state === "delivered")).toBe(true));
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain("2 个事件有变化");
  });

  it("is told of a grave event at night although its mild first row waits, and of the rest in the morning", async () => {
    const outbox = new MemoryOutbox(() => 0);
    outbox.add([row("a", 3), row("b", 3), row("a", 1, 2)]);
    const night = NOW + 13 * 3_600_000; // 23:00
    const texts = start(outbox, () => 0, { quiet: parseQuiet("22:00-06:00") }, night);
    await vi.waitFor(() => expect(outbox.rows.map(({ state }) => state)).toEqual(["pending", "pending", "delivered"]));
    expect(texts).toHaveLength(1);
    expect(outbox.rows[0]).toMatchObject({ attempts: 0, nextAt: 7 * 3_600_000, lastError: "" });
  });

  it("parks only the row that is to blame when a message is refused", async () => {
    const outbox = new MemoryOutbox();
    const bad = {
      ...row("bad", 1),
      body: { ...(row("bad", 1).body as object), data: { severity: 1, title: { zh: "禁词" } } },
    };
    outbox.add([row("a", 3), bad, row("b", 3)]);
    start(outbox, (text) => (text.includes("禁词") ? 430_101 : 0));
    await vi.waitFor(() => expect(outbox.rows.map(({ state }) => state)).toEqual(["delivered", "failed", "delivered"]));
  });
});

describe("who hears of what", () => {
  const hook = (name: string, more: Partial<TargetConfig> = {}) =>
    ({ name, url: "http://127.0.0.1/", secret: "0123456789abcdef", ...more }) as TargetConfig;
  const heard = (what: string, who = "hub", targets = [hook("p"), hook("w", { deliver: "whistled" })]) =>
    planOutbox(
      targets,
      { ...EVENT, severity: 4 },
      { eventId: EVENT.id, revision: 4, ts: NOW, what, who, severity: 4, note: "", evidence: null },
      LOOKUP,
    ).map(({ target, type }) => `${target} ${type}`);

  it("departments hear whistles only, everybody else hears them too", () => {
    expect(heard("open")).toEqual(["p gridhub.event.opened"]);
    expect(heard("whistle")).toEqual(["p gridhub.event.whistled", "w gridhub.event.whistled"]);
    expect(heard("whistle", "hub", [hook("m", { minSeverity: 1 })])).toEqual(["m gridhub.event.whistled"]);
  });

  it("nobody is told what he said himself", () => {
    expect(heard("accept", echoName("p", "水利站"), [hook("p"), hook("q")])).toEqual(["q gridhub.event.accepted"]);
    expect(heard("accept", echoName("p", ""), [hook("p"), hook("p2")])).toEqual(["p2 gridhub.event.accepted"]);
  });

  it("towns and grids must both agree", () => {
    const towns = (ids: string[], grids?: string[]) => heard("open", "hub", [hook("p", { towns: ids, grids })]).length;
    expect(towns(["330922100"])).toBe(1);
    expect(towns(["330922101"])).toBe(0);
    expect(towns(["330922100"], ["330922200"])).toBe(0);
  });
});

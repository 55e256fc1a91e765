import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOW, sampleItem } from "../sample.testing.ts";
import type { DingTalkTarget } from "../target.ts";
import { DingTalkTransport, dingTalkSign, escapeMarkdown } from "./dingtalk.ts";
import { holdMs, parseQuiet } from "./hold.ts";
import { noticeOf } from "./notice.ts";
import { readNotice } from "./notice-template.ts";
import { noticeIn } from "./notice.testing.ts";
import { TokenBucket } from "./token-bucket.ts";

const target = (more: Partial<DingTalkTarget> = {}): DingTalkTarget => ({
  name: "robot",
  kind: "dingtalk",
  url: "https://oapi.example/robot/send?access_token=abc",
  secret: "SEC0123456789",
  keyword: "",
  notice: noticeIn("zh"),
  perMinute: 20,
  quiet: null,
  digestMs: 0,
  timeZone: "Asia/Shanghai",
  consoleUrl: "https://hub.example/",
  ...more,
});
const minutes = (n: number) => n * 60_000;

describe("TokenBucket", () => {
  it("never sends more than its rate in any minute, and goes on for ever", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 10, maxLength: 200 }),
        (rate, gaps) => {
          let now = 0;
          const bucket = new TokenBucket(rate, () => now);
          const sent: number[] = [];
          for (const gap of gaps) {
            now += gap;
            now += bucket.waitMs();
            expect(bucket.waitMs()).toBe(0);
            bucket.take();
            sent.push(now);
          }
          for (const [i, at] of sent.entries())
            expect(sent.slice(i).filter((t) => t < at + 60_000).length).toBeLessThanOrEqual(rate);
        },
      ),
    );
  });
});

describe("hours and digests", () => {
  const night = target({ quiet: parseQuiet("22:00-06:30")! });
  const at = (hour: number, minute = 0) => Date.UTC(2025, 10, 22, hour - 8, minute);
  const mild = sampleItem({ severity: 3 });

  it.each([
    [at(23), 7.5 * 60],
    [at(22), 8.5 * 60],
    [at(6, 29), 1],
    [at(6, 30), 0],
    [at(21, 59), 0],
  ])("waits until the quiet hours end: %d", (now, expected) => {
    expect(holdMs(night, mild, now)).toBe(minutes(expected));
  });

  it("lets the most severe through at any hour", () => {
    expect(holdMs(night, sampleItem({ severity: 1 }), at(23))).toBe(0);
    expect(holdMs(target({ digestMs: minutes(30) }), sampleItem({ severity: 1 }), at(12, 10))).toBe(0);
  });

  it("collects what is less severe until its span ends, and does not wait for another", () => {
    const digest = target({ digestMs: minutes(30) });
    expect(holdMs(digest, mild, at(12, 10))).toBe(minutes(20));
    expect(holdMs(digest, { ...mild, ageMs: minutes(20) }, at(12, 30))).toBe(0);
    expect(holdMs(digest, { ...mild, ageMs: minutes(300) }, at(12, 10))).toBe(0);
  });

  it.each(["25:00-06:00", "22:00", "06:00-06:00"])("knows %s for no hours", (text) => {
    expect(parseQuiet(text)).toBeNull();
  });
});

describe("messages to people", () => {
  it("tell of one event in Chinese", () => {
    expect(noticeOf(target(), [sampleItem()], (text) => text)).toEqual({
      title: "【红色】水位超过保证水位 已移交 第三网格",
      lines: [
        "网格：嵊泗县 / 菜园镇 / 基湖村 / 第三网格",
        "设备：基湖 [水位](http://x) 一号",
        "首次发现：11-22 09:58:30，累计 3 次",
        "位置：122.45612, 30.72988",
        "说明：请速处置",
        "详情：https://hub.example/#/events/019aa8f0-0000-7000-8000-000000000001",
      ],
    });
  });

  it("tell of several in English: the newest state of each, the most severe first", () => {
    const items = [
      sampleItem({ severity: 3, revision: 1 }, { what: "open" }, { id: 1 }),
      sampleItem({ severity: 2, revision: 2 }, { what: "escalate" }, { id: 2 }),
      sampleItem({ severity: 4, id: "b" }, { what: "clear" }, { id: 3 }),
      sampleItem({ severity: 1, id: "c" }, { what: "open" }, { id: 4 }),
    ];
    expect(noticeOf(target({ notice: noticeIn("en") }), items, (text) => text)).toEqual({
      title: "[red] 3 events changed",
      lines: [
        "09:58 [red] Water above the guarantee level began, 第三网格",
        "09:58 [orange] Water above the guarantee level got worse, 第三网格",
        "09:58 [blue] Water above the guarantee level is over, 第三网格",
      ],
    });
  });

  it("name at most twenty and say how many more there are", () => {
    const items = Array.from({ length: 50 }, (_, i) => sampleItem({ id: `e${i}` }, {}, { id: i }));
    const { lines } = noticeOf(target(), items, (text) => text);
    expect(lines).toHaveLength(21);
    expect(lines[20]).toContain("另有 30 个事件");
  });

  it("refuse words that name what is not there", () => {
    expect(() =>
      readNotice("notice: v1\ntitle: '{data.x}'\nlines: [a]\nmany: {title: a, line: b, more: c}", "n", "UTC"),
    ).toThrow(/n: title: data\.x: data has no "x"/);
    expect(() => readNotice("notice: v1\ntitle: a", "n", "UTC")).toThrow(/n: /);
  });
});

describe("DingTalkTransport", () => {
  interface Sent {
    readonly url: URL;
    readonly body: { msgtype: string; markdown: { title: string; text: string } };
  }
  const robot = (answer: object | number, more: Partial<DingTalkTarget> = {}) => {
    const sent: Sent[] = [];
    const send = ((url: string, init: RequestInit) => {
      sent.push({ url: new URL(url), body: JSON.parse(init.body as string) as Sent["body"] });
      const status = typeof answer === "number" ? answer : 200;
      return Promise.resolve(new Response(JSON.stringify(typeof answer === "number" ? {} : answer), { status }));
    }) as typeof fetch;
    let now = 0;
    const transport = new DingTalkTransport(
      target(more),
      send,
      () => NOW,
      () => now,
    );
    return { transport, sent, pass: (ms: number) => (now += ms) };
  };
  const { signal } = new AbortController();

  it("signs time and secret as the robot asks for, and sends markdown", async () => {
    const { transport, sent } = robot({ errcode: 0, errmsg: "ok" });
    expect(await transport.send([sampleItem()], signal)).toEqual({ kind: "delivered" });
    const { url, body } = sent[0];
    expect(url.searchParams.get("access_token")).toBe("abc");
    expect(url.searchParams.get("timestamp")).toBe(String(NOW));
    expect(url.searchParams.get("sign")).toBe(dingTalkSign("SEC0123456789", String(NOW)));
    expect(body.msgtype).toBe("markdown");
    expect(body.markdown.title).toContain("水位超过保证水位");
    expect(body.markdown.text).toMatch(/^### .*\n\n网格：/);
    // what a device is called is text, whatever it looks like
    expect(body.markdown.text).toContain("\\[水位\\]\\(http://x\\)");
  });

  it("computes the signature over <timestamp>\\n<secret>", () => {
    // openssl: printf '1577262236757\nSECabc' | openssl dgst -sha256 -hmac SECabc -binary | base64
    expect(dingTalkSign("SECabc", "1577262236757")).toBe("I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ=");
  });

  it("puts the robot's key word in", async () => {
    const { transport, sent } = robot({ errcode: 0 }, { keyword: "网格通", secret: "" });
    await transport.send([sampleItem()], signal);
    expect(sent[0].body.markdown.text).toContain("### 网格通 ");
    expect(sent[0].url.searchParams.has("sign")).toBe(false);
  });

  it.each([
    [
      { errcode: 130101, errmsg: "send too fast" },
      { kind: "failed", retryAfterMs: 60_000 },
    ],
    [
      { errcode: 310000, errmsg: "sign not match" },
      { kind: "failed", retryAfterMs: 0 },
    ],
    [{ errcode: 430101, errmsg: "forbidden" }, { kind: "refused" }],
    [503, { kind: "failed", error: "HTTP 503" }],
  ])("judges the answer %j", async (answer, expected) => {
    expect(await robot(answer).transport.send([sampleItem()], signal)).toMatchObject(expected);
  });

  it("asks for a pause when the minute is full", async () => {
    const { transport, pass } = robot({ errcode: 0 }, { perMinute: 2 });
    expect(transport.pauseMs()).toBe(0);
    await transport.send([sampleItem()], signal);
    expect(transport.pauseMs()).toBe(60_000);
    pass(60_000);
    expect(transport.pauseMs()).toBe(0);
  });

  it("keeps within what the robot takes", async () => {
    const { transport, sent } = robot({ errcode: 0 });
    const long = Array.from({ length: 100 }, (_, i) => sampleItem({ id: `e${i}` }, { note: "长".repeat(2000) }));
    await transport.send(long, signal);
    await transport.send([sampleItem({}, { note: "长".repeat(2000) })], signal);
    for (const { body } of sent) expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(20_000);
  });

  it("takes the meaning of markup away", () => {
    expect(escapeMarkdown("# a\n[b](c) *d* `e`")).toBe("\\# a \\[b\\]\\(c\\) \\*d\\* \\`e\\`");
  });
});

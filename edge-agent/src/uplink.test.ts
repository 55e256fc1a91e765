import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MetaMessage } from "@gridhub/device-profiles/envelope.ts";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { connectAsync } from "mqtt";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ACK, PREFIX, ROOT, SmallHub } from "./small-hub.testing.ts";
import { Spool } from "./spool.ts";
import { Uplink } from "./uplink.ts";

const META: MetaMessage = { agent: "test", devices: [{ id: "gauge-1", profile: "generic/flood-gauge-json" }] };
const HOUR = 3_600_000;
const WAIT = { timeout: 15_000, interval: 10 };

let dir: string;
let hub: SmallHub;
let spool: Spool;
let uplink: Uplink;
let sources: Map<string, string>;
let desired: unknown[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-uplink-"));
  hub = new SmallHub();
  await hub.start();
  sources = new Map();
  desired = [];
  spool = openSpool();
});

afterEach(async () => {
  await uplink.stop();
  spool.close();
  await hub.stop();
  rmSync(dir, { recursive: true, force: true });
});

function openSpool(): Spool {
  const log = pino({ level: "silent" });
  const options = { file: join(dir, "spool.db"), maxBytes: 1 << 28, reserveBytes: 0, gatherMs: 1, now: Date.now, log };
  const opened = new Spool(options);
  opened.start();
  return opened;
}

function begin(port = hub.port): void {
  uplink = new Uplink(
    {
      url: `mqtt://127.0.0.1:${port}`,
      site: "town",
      edge: "edge-1",
      token: "a-token",
      root: ROOT,
      window: 16,
      latenessMs: 60_000,
      heartbeatMs: 60_000,
      now: Date.now,
      log: pino({ level: "silent" }),
    },
    spool,
    {
      birth: () => META,
      sources: () => sources,
      desired: (value) => {
        desired.push(value);
        return { version: (value as { version?: number } | null)?.version ?? 0 };
      },
    },
  );
  uplink.start();
}

async function append(count: number, { age = 0, lane = "t" as const } = {}): Promise<void> {
  const ts = Date.now() - age;
  await Promise.all(Array.from({ length: count }, (_, i) => spool.append(lane, "gauge-1", [{ ts, m: { i } }])));
}

const empty = () => vi.waitFor(() => expect(spool.queue).toBe(0), WAIT);

describe("a connection", () => {
  it("is announced by state and birth before the first record, and ack empties the spool", async () => {
    await append(30);
    begin();
    await empty();
    const lanes = hub.heard.map((h) => h.lane).filter((lane) => lane !== "twin/reported" && lane !== "h");
    expect(lanes.slice(0, 3)).toEqual(["state", "meta", "d/gauge-1/t"]);
    expect(hub.heard.find((h) => h.lane === "state")).toMatchObject({
      retain: true,
      value: { s: "on", b: spool.boot, q: 1 },
    });
    expect(hub.lane("meta")).toEqual([META]);
    expect([...hub.stored.keys()]).toEqual(Array.from({ length: 30 }, (_, i) => `${spool.boot}/${i + 1}`));
    expect(uplink.stats).toMatchObject({ connects: 1, sent: 30, backfilled: 0 });
  });

  it("keeps everything until ack says so: a PUBACK trims nothing", async () => {
    hub.acks = false;
    await append(5);
    begin();
    await vi.waitFor(() => expect(hub.stored.size).toBe(5), WAIT);
    expect(spool.queue).toBe(5);
    hub.acknowledge();
    await empty();
  });

  it("delivers what several boots left behind, each acknowledged on its own", async () => {
    await append(3, { age: HOUR });
    const a = spool.boot;
    spool.close();
    spool = openSpool();
    await append(4, { age: HOUR });
    const b = spool.boot;
    spool.close();
    spool = openSpool();
    await append(2);
    begin();
    await empty();
    expect(hub.lane("state")[0]).toMatchObject({
      b: spool.boot,
      q: 1,
      held: [
        [a, 1],
        [b, 1],
      ],
    });
    expect([...hub.stored.values()]).toEqual(Array(9).fill(1));
    expect(uplink.stats).toMatchObject({ backfilled: 7, sent: 2 });
  });

  it("survives downlinks that are no acks", async () => {
    begin();
    await vi.waitFor(() => expect(hub.lane("meta")).toHaveLength(1), WAIT);
    hub.acks = false;
    await append(2);
    for (const bad of [
      "",
      "{",
      "null",
      "[]",
      '{"b":1}',
      '{"b":"x","upto":9}',
      { b: spool.boot + 1, upto: 99 },
      { b: spool.boot, upto: 1e300 },
    ])
      hub.say(ACK, bad);
    hub.say(ACK, { b: spool.boot, upto: 1 });
    await vi.waitFor(() => expect(spool.queue).toBe(1), WAIT);
    expect(uplink.connected).toBe(true);
  });

  it("answers twin/desired", async () => {
    hub.say(topics.desired("town", "edge-1", ROOT), { version: 4 }, true);
    begin();
    await vi.waitFor(() => expect(hub.lane("twin/reported").at(-1)).toEqual({ version: 4 }), WAIT);
    expect(desired).toContainEqual({ version: 4 });
  });

  it("tells of sources and gaps by heartbeat", async () => {
    begin();
    await vi.waitFor(() => expect(hub.lane("meta")).toHaveLength(1), WAIT);
    sources.set("camera-1", "auth");
    uplink.beatSoon();
    await vi.waitFor(
      () => expect(hub.lane("h").at(-1)).toMatchObject({ sources: { "camera-1": "auth" }, queue: 0 }),
      WAIT,
    );
  });

  it("drops frames beyond two on their way", async () => {
    begin();
    await vi.waitFor(() => expect(hub.lane("meta")).toHaveLength(1), WAIT);
    hub.withheld = (lane) => lane.endsWith("/frame");
    const header = { v: 1, ts: Date.now(), w: 4, h: 4, why: "patrol" } as const;
    expect([1, 2, 3].map(() => uplink.frame("camera-1", header, Buffer.alloc(1000)))).toEqual([true, true, false]);
    expect(uplink.stats).toMatchObject({ frames: 2, framesDropped: 1 });
  });
});

describe("an outage", () => {
  it("of the network makes the broker publish the will; the agent comes back and sends what is not acknowledged", async () => {
    begin();
    await append(5);
    await empty();
    hub.acks = false;
    await append(3);
    await vi.waitFor(() => expect(hub.stored.size).toBe(8), WAIT);
    hub.acks = true;
    hub.cut();
    await vi.waitFor(() => expect(hub.states()).toEqual(["on", "off lwt", "on"]), WAIT);
    expect(hub.lane("state").map(({ b, q }) => [b, q])).toEqual([
      [spool.boot, 1],
      [spool.boot, undefined],
      [spool.boot, 6],
    ]);
    await empty();
    expect(Math.max(...hub.stored.values())).toBe(2);
  });

  it("of the hub is bridged by the spool: live before backfill when it is back, nothing lost", async () => {
    begin();
    await append(5);
    await empty();
    await hub.away();
    await vi.waitFor(() => expect(uplink.connected).toBe(false), WAIT);
    const { sent } = uplink.stats;
    await append(1200, { age: HOUR });
    await append(10);
    expect(uplink.stats.sent).toBe(sent);
    await hub.start();
    await empty();
    const boot = spool.boot;
    expect([...hub.stored.keys()].filter((place) => place.startsWith(`${boot}/`))).toHaveLength(1215);
    expect(uplink.stats).toMatchObject({ connects: 2, sent: 15, backfilled: 1200 });
    const lanes = hub.heard.map((h) => h.lane);
    expect(lanes.lastIndexOf("d/gauge-1/t")).toBeLessThan(lanes.lastIndexOf("backfill"));
    for (const { bf } of hub.lane("backfill") as { bf: object[] }[])
      expect(Object.keys(bf[0]).sort()).toEqual(["b", "d", "k", "q", "r", "v"]);
  });

  it("is met with growing, scattered pauses", async () => {
    await hub.away();
    const delays: number[] = [];
    const real = setTimeout;
    const spy = vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, ms = 0, ...rest: []) => {
      // Only the pauses of the uplink itself run on; everything else keeps its time.
      const isPause = String(run).includes("#connect");
      if (isPause) delays.push(ms);
      return real(run, isPause ? 1 : ms, ...rest);
    }) as typeof setTimeout);
    try {
      begin();
      await vi.waitFor(() => expect(delays.length).toBeGreaterThan(9), WAIT);
    } finally {
      spy.mockRestore();
    }
    for (const [i, delay] of delays.slice(0, 10).entries()) {
      const base = Math.min(30_000, 500 * 2 ** i);
      expect(delay).toBeGreaterThanOrEqual(base * 0.5);
      expect(delay).toBeLessThanOrEqual(base * 1.5);
    }
    expect(new Set(delays.map((delay, i) => delay / Math.min(30_000, 500 * 2 ** i))).size).toBeGreaterThan(5);
  });
});

describe("a clean stop", () => {
  it("says goodbye and disconnects: the broker publishes no will", async () => {
    begin();
    await append(5);
    await empty();
    await uplink.stop();
    await vi.waitFor(() => expect(hub.connections).toBe(0), WAIT);
    await settled();
    expect(hub.states()).toEqual(["on", "off stop"]);
  });

  it("disconnects even while records wait for their PUBACK", async () => {
    const wire: Buffer[] = [];
    let loses = false;
    let lost = 0;
    const tap = createServer((socket) => {
      const onward = createConnection(hub.port, "127.0.0.1");
      socket.on("data", (data) => wire.push(data)).pipe(onward);
      onward.on("data", (data) => {
        if (loses) lost += data.length;
        else socket.write(data);
      });
      onward.on("close", () => socket.destroy());
      socket.on("error", () => onward.destroy());
      onward.on("error", () => socket.destroy());
    });
    tap.listen(0, "127.0.0.1");
    await once(tap, "listening");
    try {
      begin((tap.address() as AddressInfo).port);
      await vi.waitFor(() => expect(hub.lane("meta")).toHaveLength(1), WAIT);
      await append(1);
      await empty();
      // the PUBACK of the first record may come behind its ack
      await settled();
      hub.acks = false;
      loses = true;
      await append(3);
      // A PUBACK has four bytes (MQTT 3.1.1 section 3.4).
      await vi.waitFor(() => expect(lost).toBe(3 * 4), WAIT);
      loses = false;
      await uplink.stop();
      // A DISCONNECT is these two (section 3.14).
      expect(Buffer.concat(wire).subarray(-2).toString("hex")).toBe("e000");
      await vi.waitFor(() => expect(hub.connections).toBe(0), WAIT);
      await settled();
      expect(hub.states()).toEqual(["on", "off stop"]);
      expect(spool.queue).toBe(3);
    } finally {
      tap.close();
    }
  });

  it("ends although the hub answers nothing, and before the hub was ever reached", async () => {
    begin();
    await vi.waitFor(() => expect(hub.lane("meta")).toHaveLength(1), WAIT);
    hub.withheld = () => true;
    await uplink.stop();
    await vi.waitFor(() => expect(hub.connections).toBe(0), WAIT);
    await hub.away();
    begin();
    await uplink.stop();
    expect(uplink.connected).toBe(false);
  });
});

/** Whoever comes after the end of a connection was noticed is behind its will: aedes publishes it in the same turn. */
async function settled(): Promise<void> {
  const probe = await connectAsync(`mqtt://127.0.0.1:${hub.port}`, { clientId: "probe", reconnectPeriod: 0 });
  await probe.publishAsync(`${PREFIX}/probe`, "{}", { qos: 1 });
  await probe.endAsync();
}

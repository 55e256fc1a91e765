import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connectEmbedded } from "../support/embedded-socket.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

const BAD = 10_000;

/** A small seeded generator: the same 10,000 every time. */
function random(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s * 1_664_525 + 1_013_904_223) >>> 0;
    return s / 4_294_967_296;
  };
}

interface Publish {
  readonly topic: string;
  readonly payload: Buffer;
}

/** Random bytes, truncated frames and envelopes, huge numbers, wrong types, wrong topics, deep JSON, other people's topics. */
function malformed(i: number, next: () => number): Publish {
  const bytes = (n: number) => Buffer.from(Array.from({ length: n }, () => Math.floor(next() * 256)));
  const t = topics.telemetry("town", "edge", "gauge");
  const raw = topics.raw("town", "edge", "hydrant");
  const good = { v: 1, b: 3, q: 1, r: [{ ts: Date.now(), m: { water_level: 1 } }] };
  const text = JSON.stringify(good);
  const json = (value: unknown): Publish => ({
    topic: t,
    payload: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
  });
  const with_ = (m: string): Publish => json(`{"v":1,"r":[{"ts":${Date.now()},"m":{"water_level":${m}}}]}`);
  switch (i % 16) {
    case 0:
      return { topic: t, payload: bytes(1 + Math.floor(next() * 300)) };
    case 1:
      return { topic: raw, payload: Buffer.concat([Buffer.from([1]), bytes(Math.floor(next() * 40))]) };
    case 2:
      return json(text.slice(0, 1 + Math.floor(next() * (text.length - 2))));
    case 3:
      return with_("1e999");
    case 4:
      return with_(['"high"', "true", "{}", "[]", '"1e5"'][Math.floor(next() * 5)]);
    case 5:
      return json({ ...good, q: 2 ** 60, b: -1 });
    case 6:
      return json({ ...good, q: i, v: next() });
    case 7:
      return json("[".repeat(200) + "]".repeat(200));
    case 8:
      return json(`{"v":1,"r":[{"ts":1,"m":${'{"a":'.repeat(60)}1${"}".repeat(60)}}]}`);
    case 9:
      return {
        topic: `gridhub/v1/town/edge/d/gauge/${["x", "tt", "raw/x", "frames"][i % 4]}`,
        payload: Buffer.from(text),
      };
    case 10:
      return { topic: topics.telemetry("town", "other", "gauge"), payload: Buffer.from(text) };
    case 11:
      return {
        topic: topics.telemetry("town", "edge", `ghost-${i}`),
        payload: Buffer.from(JSON.stringify({ v: 1, r: good.r })),
      };
    case 12:
      return {
        topic: topics.backfill("town", "edge"),
        payload: Buffer.from(JSON.stringify({ v: 1, bf: next() < 0.5 ? 7 : [null, 5, { d: 1 }] })),
      };
    case 13:
      return { topic: topics.frame("town", "edge", "gauge"), payload: bytes(Math.floor(next() * 60)) };
    case 14:
      return {
        topic: topics.meta("town", "edge"),
        payload: Buffer.from(JSON.stringify({ devices: next() < 0.5 ? "none" : [1, null, "x"] })),
      };
    default:
      return json({ v: 1, r: [{ ts: -5, m: { water_level: 1 } }] });
  }
}

describe("ten thousand malformed messages", () => {
  let dir: string;
  let hub: HubProcess;
  let device: MqttClient;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-malformed-"));
    hub = await startHubProcess({ dataDir: dir, settings: { vision_workers: 0, log_level: "error" } });
    const { username, token } = await hub.createEdge("town", "edge");
    await hub.createEdge("town", "other");
    device = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, { username, password: token, reconnectPeriod: 0 });
    const devices = [
      { id: "gauge", profile: "generic/flood-gauge-json" },
      { id: "hydrant", profile: "generic/hydrant-nb" },
    ];
    await device.publishAsync(topics.meta("town", "edge"), JSON.stringify({ agent: "test", devices }), { qos: 1 });
  });
  afterAll(async () => {
    await device.endAsync(true);
    await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("end as dead letters or are refused, the good ones between them are stored, the hub lives on", async () => {
    const next = random(20_251_122);
    const began = Date.now();
    let good = 0;
    const before = await hub.metric("gridhub_rejected_total");
    for (let i = 0; i < BAD; i += 250) {
      const part: Promise<unknown>[] = [];
      for (let k = i; k < i + 250; k++) {
        const { topic, payload } = malformed(k, next);
        part.push(device.publishAsync(topic, payload, { qos: 1 }));
        if (k % 10 === 0) {
          const body = { v: 1, b: 1, q: ++good, r: [{ ts: began + good, m: { water_level: 1 + (good % 7) / 10 } }] };
          part.push(device.publishAsync(topics.telemetry("town", "edge", "gauge"), JSON.stringify(body), { qos: 1 }));
        }
      }
      await Promise.all(part);
    }
    expect(device.connected).toBe(true);
    const db = await connectEmbedded(join(dir, "data"));
    try {
      const count = async (sql: string) => Number((await db.query<{ n: string }>(sql)).rows[0].n);
      const stored = await count(
        "select count(*) as n from telemetry t join series s on s.id = t.series_id where s.metric = 'water_level'",
      );
      const bare = await count("select count(*) as n from raw_frame");
      expect(stored).toBe(good);
      // Every one is accounted for: counted with its reason, and kept.
      expect((await hub.metric("gridhub_rejected_total")) - before).toBeGreaterThanOrEqual(BAD);
      // what the broker refuses is acknowledged at once and kept with the next commit
      await vi.waitFor(async () =>
        expect(await count("select count(*) as n from dead_letter")).toBeGreaterThanOrEqual(BAD),
      );
      expect(bare).toBe(BAD / 16);
      const { rows } = await db.query<{ reason: string; n: number }>(
        "select reason, count(*)::int as n from dead_letter group by 1",
      );
      expect(rows.length).toBeGreaterThan(8);
    } finally {
      await db.end();
    }
    expect((await fetch(`${hub.httpAddress}/healthz`)).status).toBe(200);
  }, 120_000);
});

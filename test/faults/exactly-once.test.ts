import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { topics } from "@gridhub/device-profiles/topic.ts";
import { FakePlatform } from "../../simulators/src/platform/platform.ts";
import { connectAsync } from "mqtt";
import type pg from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectEmbedded } from "../support/embedded-socket.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";

const KILLS = 10;
const EDGES = 10;
const DEVICES = 100;
/** of the devices of an edge: their alarm ends while the hub and the platform are at each other */
const CLEARED = 30;
const SECRET = "secret of the platform's target";
const PROFILE = `profile: v1
id: faults/alarm@1.0.0
kind: sensor
title: {zh: 告警, en: alarm}
transport: {uplink: telemetry, expect_every: 1h, grace: 2}
metrics:
  temperature: {unit: Cel, range: [-40, 120]}
alarms:
  high: {when: "temperature > 80", clear: "temperature < 75", severity: 3, event: bench.hot}
`;

interface EdgeAccess {
  readonly edge: string;
  readonly username: string;
  readonly token: string;
  q: number;
}

describe("the hand-off to a platform that behaves badly, with the hub killed again and again", () => {
  let dir: string;
  let platform: FakePlatform;
  let hub: HubProcess | undefined;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-once-"));
  });
  afterEach(async () => {
    await platform?.close();
    await hub?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("takes each of 1,000 events there exactly once, and both agree how each of them ended", async () => {
    const httpPort = await freePort();
    platform = new FakePlatform({
      secret: SECRET,
      bad: 0.15,
      seed: "exactly once",
      callbackUrl: `http://127.0.0.1:${httpPort}/api/callbacks/platform`,
      pauseMs: 50,
    });
    await platform.start();
    mkdirSync(join(dir, "profiles/faults"), { recursive: true });
    writeFileSync(join(dir, "profiles/faults/alarm.yaml"), PROFILE);
    const target = { name: "platform", url: platform.url, secret: SECRET, timeout_ms: 400, concurrency: 16 };
    const settings = {
      vision_workers: 0,
      profiles: [join(dir, "profiles")],
      log_level: "error",
      dispatch: { targets: [target], retry_first_ms: 5, retry_longest_ms: 100 },
    };
    const start = () => startHubProcess({ dataDir: dir, settings, httpPort });
    hub = await start();
    const edges: EdgeAccess[] = [];
    for (let i = 0; i < EDGES; i++) {
      const edge = `edge-${i}`;
      edges.push({ edge, ...(await hub.createEdge("town", edge)), q: 0 });
    }
    for (const [i, edge] of edges.entries()) {
      // read first: the platform may have all of them by the time that the last is acknowledged
      const before = platform.journal.received.size;
      // stored means that the events are: their rows for the platform are of the same transaction
      await publish(hub, edge, [meta(edge), ...values(edge, DEVICES, 95)]);
      if (i > 0) await publish(hub, edges[i - 1], values(edges[i - 1], CLEARED, 20));
      await vi.waitFor(() => expect(platform.journal.received.size).toBeGreaterThan(before + 20), {
        timeout: 60_000,
        interval: 5,
      });
      await hub.kill();
      hub = await start();
    }
    expect(edges).toHaveLength(KILLS);
    await publish(hub, edges[EDGES - 1], values(edges[EDGES - 1], CLEARED, 20));
    platform.bad = 0.05;

    const db = await connectEmbedded(join(dir, "data"));
    try {
      await vi.waitFor(
        async () => {
          expect(await count(db, "outbox WHERE state <> 'delivered'")).toBe(0);
          expect(platform.waiting).toBe(0);
        },
        { timeout: 300_000, interval: 200 },
      );
      const events = await db.query<{ id: string; sensing: string; handling: string }>(
        "SELECT id, sensing, handling FROM event WHERE kind = 'bench.hot'",
      );
      expect(events.rows).toHaveLength(EDGES * DEVICES);

      // Every row of the outbox arrived, under one CloudEvents id each, and nothing else did.
      const rows = await db.query<{ id: string }>("SELECT body->>'id' AS id FROM outbox");
      const sent = new Set(rows.rows.map(({ id }) => id));
      expect(sent.size).toBe(rows.rows.length);
      expect([...platform.journal.received.keys()].filter((id) => !sent.has(id))).toEqual([]);
      expect([...sent].filter((id) => !platform.journal.received.has(id))).toEqual([]);
      const { counts, cases } = platform.journal;
      expect(counts.kept).toBe(sent.size);

      const wrong = events.rows.filter(({ id, sensing, handling }) => {
        const theirs = cases.get(id);
        return theirs === undefined || theirs.sensing !== sensing || theirs.decided !== handling;
      });
      expect(wrong).toEqual([]);
      expect(new Set(events.rows.map(({ handling }) => handling))).toEqual(
        new Set(["accepted", "done", "rejected", "false_alarm"]),
      );
      expect(events.rows.filter(({ sensing }) => sensing === "cleared")).toHaveLength(EDGES * CLEARED);

      // The platform did behave badly, and no forged callback passed.
      for (const what of ["error", "error_taken", "timeout", "reset_taken", "lie", "repeated", "forgery_refused"])
        expect(counts[what], what).toBeGreaterThan(0);
      expect(counts.forgery_taken).toBeUndefined();
      expect(Object.keys(counts).filter((what) => what.startsWith("callback_"))).toEqual(["callback_ok"]);
      // Each thing that was said stands in a timeline once.
      const said = await db.query<{ n: number; callbacks: number }>(
        `SELECT (SELECT count(*)::int FROM event_transition WHERE who LIKE '@platform%') AS n,
           (SELECT count(*)::int FROM callback WHERE kind <> 'resend') AS callbacks`,
      );
      expect(said.rows[0].n).toBe(said.rows[0].callbacks);
    } finally {
      await db.end();
    }
    // against a hang, not a budget: most of it are eleven starts of the hub
  }, 600_000);
});

const nameOf = ({ edge }: EdgeAccess, i: number) => `${edge}-${i}`;

/** Devices stand kilometres apart: none is a neighbour's incident. */
function meta(edge: EdgeAccess): readonly [string, object] {
  const east = Number(edge.edge.slice(5));
  const devices = Array.from({ length: DEVICES }, (_, i) => ({
    id: nameOf(edge, i),
    profile: "faults/alarm",
    lon: 110 + east * 0.5,
    lat: 20 + i * 0.1,
  }));
  return [topics.meta("town", edge.edge), { agent: "test 1", devices }];
}

function values(edge: EdgeAccess, n: number, temperature: number): (readonly [string, object])[] {
  const ts = Date.now();
  return Array.from({ length: n }, (_, i) => [
    topics.telemetry("town", edge.edge, nameOf(edge, i)),
    { v: 1, b: 1, q: ++edge.q, r: [{ ts, m: { temperature } }] },
  ]);
}

/** Resolves when all of it is acknowledged, hence stored. */
async function publish(hub: HubProcess, edge: EdgeAccess, messages: readonly (readonly [string, object])[]) {
  const client = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
    username: edge.username,
    password: edge.token,
    reconnectPeriod: 0,
  });
  const [first, ...rest] = messages;
  await client.publishAsync(first[0], JSON.stringify(first[1]), { qos: 1 });
  await Promise.all(rest.map(([topic, body]) => client.publishAsync(topic, JSON.stringify(body), { qos: 1 })));
  await client.endAsync();
}

async function count(db: pg.Client, from: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`);
  return rows[0].n;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

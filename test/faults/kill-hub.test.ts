import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectEmbedded } from "../support/embedded-socket.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { LoadClient } from "../support/load-client.ts";

const EDGES = 12;
const KILLS = 5;
const SETTINGS = { vision_workers: 0, profiles: [join(import.meta.dirname, "../bench/profiles")], log_level: "error" };

describe("kill -9 of the hub under load", () => {
  let dir: string;
  let hub: HubProcess;
  const clients: LoadClient[] = [];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-kill-"));
    hub = await startHubProcess({ dataDir: dir, settings: SETTINGS });
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("loses nothing that was acknowledged and stores nothing twice, five times", async () => {
    const began = Date.now();
    for (let i = 0; i < EDGES; i++) {
      const { username, token } = await hub.createEdge("town", `edge-${i}`);
      // Raw frames have no natural key: only the cursors keep them from being stored twice.
      const isRaw = i % 2 === 0;
      const client = new LoadClient({
        url: `mqtt://127.0.0.1:${hub.mqttPort}`,
        username,
        token,
        boot: 1,
        window: 20,
        profile: isRaw ? "generic/hydrant-nb" : "bench/three-metrics",
        message: (q) =>
          isRaw
            ? { lane: "raw", records: [{ ts: began + q, x: Buffer.from([0, q >> 8, q & 255]).toString("base64") }] }
            : {
                lane: "telemetry",
                records: [{ ts: began + q, m: { temperature: 20, humidity: 40, battery: q % 20 } }],
              },
      });
      clients.push(client);
      client.start();
    }
    const port = { mqttPort: hub.mqttPort };
    for (let kill = 0; kill < KILLS; kill++) {
      const before = clients.map((client) => client.acknowledged.size);
      await vi.waitFor(
        () => expect(clients.every((client, i) => client.acknowledged.size > before[i] + 40)).toBe(true),
        { timeout: 60_000, interval: 20 },
      );
      await hub.kill();
      hub = await startHubProcess({ dataDir: dir, settings: SETTINGS, ...port });
    }
    await Promise.all(clients.map((client) => client.drain()));

    const db = await connectEmbedded(join(dir, "data"));
    try {
      for (const [i, client] of clients.entries()) {
        const sql =
          i % 2 === 0
            ? "select seq::int as q, count(*)::int as n from raw_frame r join edge e on e.id = r.edge_id where e.name = $1 group by 1"
            : `select round(extract(epoch from time) * 1000 - $2::numeric)::int as q, count(*)::int as n from telemetry t join series s on s.id = t.series_id
                 join device d on d.id = s.device_id join edge e on e.id = d.edge_id where e.name = $1 and s.metric = 'battery' group by 1`;
        const { rows } = await db.query<{ q: number; n: number }>(
          sql,
          i % 2 === 0 ? [`edge-${i}`] : [`edge-${i}`, began],
        );
        const stored = new Set(rows.map((row) => row.q));
        const lost = [...client.acknowledged].filter((q) => !stored.has(q));
        expect(lost, `edge-${i} lost`).toEqual([]);
        expect(
          rows.filter((row) => row.n > 1),
          `edge-${i} stored twice`,
        ).toEqual([]);
        expect(stored.size, `edge-${i} stored`).toBe(client.sent);
      }
    } finally {
      await db.end();
    }
  }, 400_000);
});

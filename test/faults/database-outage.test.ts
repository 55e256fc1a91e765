import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../hub/src/log.ts";
import { type EmbeddedServer, startEmbedded } from "../../hub/src/store/embedded.ts";
import { type HubProcess, startHubProcess } from "../support/hub-process.ts";
import { LoadClient } from "../support/load-client.ts";

const EDGES = 20;

function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) / 1024;
}

describe("PostgreSQL goes away under load", () => {
  let dir: string;
  let server: EmbeddedServer;
  let hub: HubProcess;
  const clients: LoadClient[] = [];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "gridhub-outage-"));
    server = await startEmbedded({ dataDir: dir, log: silentLog });
    const { host, user, database } = server.connection;
    hub = await startHubProcess({
      dataDir: dir,
      settings: {
        database_url: `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}`,
        vision_workers: 0,
        profiles: [join(import.meta.dirname, "../bench/profiles")],
        log_level: "error",
      },
    });
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.stop()));
    await hub.stop();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("acknowledges nothing meanwhile, stays within its memory, and has everything afterwards", async () => {
    const began = Date.now();
    for (let i = 0; i < EDGES; i++) {
      const { username, token } = await hub.createEdge("town", `edge-${i}`);
      const client = new LoadClient({
        url: `mqtt://127.0.0.1:${hub.mqttPort}`,
        username,
        token,
        boot: 1,
        window: 50,
        profile: "bench/three-metrics",
        message: (q) => ({
          lane: "telemetry",
          records: [{ ts: began + q, m: { temperature: 20, humidity: 40, battery: 3 } }],
        }),
      });
      clients.push(client);
      client.start();
    }
    const total = () => clients.reduce((sum, client) => sum + client.acknowledged.size, 0);
    await vi.waitFor(() => expect(total()).toBeGreaterThan(5000), { timeout: 60_000 });
    const memory = residentMb(hub.pid);

    await server.stop();
    await vi.waitFor(async () => expect((await fetch(`${hub.httpAddress}/readyz`)).status).toBe(503), {
      timeout: 20_000,
    });
    // What was committed before the stop may still be on its way; from then on nothing moves.
    let settled = -1;
    let same = 0;
    await vi.waitFor(
      () => {
        const now = total();
        same = now === settled ? same + 1 : 0;
        settled = now;
        expect(same).toBeGreaterThanOrEqual(4);
      },
      { timeout: 30_000, interval: 500 },
    );
    const during = total();
    expect((await fetch(`${hub.httpAddress}/healthz`)).status).toBe(200);
    expect(total()).toBe(during);
    expect(residentMb(hub.pid)).toBeLessThan(memory + 200);

    server = await startEmbedded({ dataDir: dir, log: silentLog });
    await vi.waitFor(() => expect(total()).toBeGreaterThan(during + 2000), { timeout: 60_000 });
    await Promise.all(clients.map((client) => client.drain()));

    const db = new pg.Client(server.connection);
    await db.connect();
    const { rows } = await db.query<{ name: string; n: number }>(
      `select e.name, count(*)::int as n from telemetry t join series s on s.id = t.series_id join device d on d.id = s.device_id
         join edge e on e.id = d.edge_id where s.metric = 'battery' group by 1`,
    );
    await db.end();
    const stored = new Map(rows.map((row) => [row.name, row.n]));
    for (const [i, client] of clients.entries()) {
      expect(client.acknowledged.size).toBe(client.sent);
      expect(stored.get(`edge-${i}`)).toBe(client.sent);
    }
  }, 400_000);
});

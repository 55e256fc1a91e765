import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Agent } from "./agent.ts";
import type { AgentConfig } from "./config.ts";
import { SmallHub } from "./small-hub.testing.ts";

const WAIT = { timeout: 15_000, interval: 20 };
const LOG = pino({ level: "silent" });

let dir: string;
let hub: SmallHub;
let agents: Agent[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-agent-"));
  hub = new SmallHub();
  await hub.start();
  agents = [];
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await hub.stop();
  rmSync(dir, { recursive: true, force: true });
});

const CAMERA = {
  kind: "snapshot" as const,
  device: "cam-1",
  url: "http://127.0.0.1:9/nobody",
  username: "",
  password: "",
  interval_ms: 60_000,
  patrol_ms: 60_000,
  hold_ms: 0,
  min_gap_ms: 0,
  timeout_ms: 500,
};

function create(sources: AgentConfig["sources"], change: Partial<AgentConfig> = {}, log = LOG): Agent {
  const config: AgentConfig = {
    hub: { url: `mqtt://127.0.0.1:${hub.port}`, username: "town/edge-1", token: "t", root: "gridhub/v1" },
    data_dir: dir,
    spool_bytes: 1 << 24,
    disk_reserve_bytes: 0,
    heartbeat_ms: 100,
    window: 50,
    lateness_ms: 120_000,
    devices: [
      { id: "gauge-1", profile: "generic/flood-gauge-json" },
      { id: "cam-1", profile: "onvif/camera" },
    ],
    sources,
    log_level: "silent",
    ...change,
  };
  const agent = new Agent(config, log);
  agents.push(agent);
  return agent;
}

describe("agent", () => {
  it("runs what the hub desires of it, and reports it", async () => {
    const agent = create([CAMERA]);
    await agent.start();
    await vi.waitFor(() => expect(hub.lane("twin/reported")).toHaveLength(1), WAIT);
    expect(hub.lane("twin/reported")[0]).toMatchObject({ version: 0, devices: { "cam-1": { interval_ms: 60_000 } } });
    // The first look is within a second; the next would come in a minute but for the new pace.
    hub.say("gridhub/v1/town/edge-1/twin/desired", { version: 5, devices: { "cam-1": { interval_ms: 100 } } }, true);
    await vi.waitFor(() => expect(hub.lane("twin/reported")).toHaveLength(2), WAIT);
    expect(hub.lane("twin/reported")[1]).toMatchObject({ version: 5, devices: { "cam-1": { interval_ms: 100 } } });
    await vi.waitFor(() => expect(hub.lane("h").at(-1)).toMatchObject({ sources: { "cam-1": "unreachable" } }), WAIT);
  });

  it("goes on with a new spool when the old one is damaged; what can be read is delivered, the rest declared", async () => {
    const count = 300;
    const before = create([CAMERA]);
    before.spool.start();
    const records = (n: number) => [{ ts: Date.now(), m: { n, pad: "x".repeat(900) } }];
    await Promise.all(Array.from({ length: count }, (_, n) => before.spool.append("t", "gauge-1", records(n))));
    const { boot } = before.spool;
    before.spool.close();
    const file = join(dir, "spool.db");
    const handle = openSync(file, "r+");
    const page = 4096;
    const middle = Math.floor(statSync(file).size / page / 2) * page;
    writeSync(handle, Buffer.alloc(3 * page, 0xa5), 0, 3 * page, middle);
    closeSync(handle);

    const agent = create([CAMERA]);
    await agent.start();
    await vi.waitFor(() => {
      const { queue, gaps } = hub.lane("h").at(-1) as {
        queue: number;
        gaps: { b: number; from: number; to: number }[];
      };
      const lost = gaps.filter((gap) => gap.b === boot).reduce((sum, { from, to }) => sum + to - from + 1, 0);
      const delivered = [...hub.stored.keys()].filter((place) => place.startsWith(`${boot}/`)).length;
      expect(lost).toBeGreaterThan(0);
      expect(delivered).toBeGreaterThan(count / 2);
      expect(delivered + lost).toBeGreaterThanOrEqual(count);
      // This hub closes no gaps: what lies behind one waits for it.
      expect(queue).toBeLessThan(count);
    }, WAIT);
    expect(agent.spool.boot).toBeGreaterThan(boot + 1);
    await agent.spool.append("t", "gauge-1", records(count));
    await vi.waitFor(() => expect(hub.stored.has(`${agent.spool.boot}/1`)).toBe(true), WAIT);
  });

  it("keeps evidence of its cameras, also while the hub takes no frames, and hands it out to the token alone", async () => {
    mkdirSync(join(dir, "pictures"));
    const noise = { type: "gaussian" as const, mean: 120, sigma: 30 };
    const picture = sharp({ create: { width: 64, height: 36, channels: 3, background: "#888", noise } });
    await picture.jpeg().toFile(join(dir, "pictures/1.jpg"));
    const { kind: _, url: __, username: ___, password: ____, timeout_ms: _____, ...rest } = CAMERA;
    const folder = { ...rest, kind: "folder" as const, path: join(dir, "pictures"), loop: true, interval_ms: 100 };
    const token = "a-token-of-some-length";
    const evidence = { host: "127.0.0.1", port: 0, token, seconds: 60, bytes: 1 << 20, upload_bytes: 0 };
    const lines: { readonly msg: string; readonly port?: number }[] = [];
    const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as { msg: string }) });
    await create([folder], { evidence }, log).start();
    const port = lines.find(({ msg }) => msg === "evidence is kept")?.port;
    const url = `http://127.0.0.1:${port}/evidence/cam-1/frame?at=${Date.now()}`;
    expect((await fetch(url)).status).toBe(401);
    await vi.waitFor(async () => {
      const frame = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      expect(frame.status).toBe(200);
      expect(await sharp(await frame.arrayBuffer()).metadata()).toMatchObject({ width: 64, height: 36 });
    }, WAIT);
  });

  it("leaves nothing running when a source cannot listen", async () => {
    const http = (port: number) => ({ kind: "http" as const, host: "127.0.0.1", port });
    const first = create([http(0)]);
    await first.start();
    const receiver = { kind: "ais-tcp" as const, device: "gauge-1", host: "127.0.0.1", port: 9 };
    const taken = create([http(0), receiver, http(hub.port)]);
    await first.stop();
    await expect(taken.start()).rejects.toThrow(`source http cannot listen on 127.0.0.1:${hub.port}`);
    // The folder is free again.
    const next = create([http(0)]);
    await next.start();
    expect(next.spool.boot).toBe(first.spool.boot + 2);
  });
});

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent as HttpAgent, request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import { pino } from "pino";
import { HttpSource } from "../../../edge-agent/src/sources/http.ts";
import { ReceiverTally } from "../../../edge-agent/src/sources/receiver-tally.ts";
import { Spool } from "../../../edge-agent/src/spool.ts";
import { Uplink } from "../../../edge-agent/src/uplink.ts";

const LOG = pino({ level: "silent" });
const CONNECTIONS = 200;
const POSTS = 20_000;

/**
 * Readings a second from HTTP through the spool and MQTT until the hub's ack has emptied the spool again. Each post is answered when its
 * reading is on disk; senders, agent and broker share one process.
 */
export async function throughBench(): Promise<object> {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-bench-through-"));
  try {
    return await through(join(dir, "spool.db"), POSTS);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function openSpool(file: string): Spool {
  const options = { file, maxBytes: 1 << 30, reserveBytes: 0, gatherMs: 5, now: Date.now, log: LOG };
  const spool = new Spool(options);
  spool.start();
  return spool;
}

async function through(file: string, count: number): Promise<object> {
  const hub = await startHub();
  const spool = openSpool(file);
  const options = { url: `mqtt://127.0.0.1:${hub.port}`, site: "town", edge: "e1", token: "x", root: "gridhub/v1" };
  const uplink = new Uplink(
    { ...options, window: 100, latenessMs: 120_000, heartbeatMs: 60_000, now: Date.now, log: LOG },
    spool,
    {
      birth: () => ({ agent: "bench", devices: [{ id: "gauge-1", profile: "generic/flood-gauge-json" }] }),
      sources: () => new Map(),
      desired: () => ({}),
    },
  );
  const source = new HttpSource({ kind: "http", host: "127.0.0.1", port: 0 });
  uplink.start();
  await source.start({
    now: Date.now,
    log: LOG,
    devices: new Set(["gauge-1"]),
    emit: (lane, device, records) => spool.append(lane, device, records),
    takesFrames: () => false,
    frame: () => false,
    receiver: () => new ReceiverTally(),
    status: () => {},
  });
  const agent = new HttpAgent({ keepAlive: true, maxSockets: CONNECTIONS });
  const delays: number[] = [];
  const began = performance.now();
  let left = count;
  const poster = async () => {
    while (left-- > 0) {
      const sent = performance.now();
      await post(agent, source.port);
      delays.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, poster));
  const posted = perSecond(count, began);
  while (spool.queue > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const whole = perSecond(count, began);
  delays.sort((a, b) => a - b);
  await uplink.stop();
  await source.stop();
  agent.destroy();
  spool.close();
  await hub.stop();
  return {
    posts_per_s: posted,
    acknowledged_per_s: whole,
    post_ms_p50: round(delays[Math.floor(delays.length / 2)]),
    post_ms_p99: round(delays[Math.floor(delays.length * 0.99)]),
  };
}

function post(agent: HttpAgent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = "/devices/gauge-1/readings";
    const call = request({ agent, host: "127.0.0.1", port, path, method: "POST" }, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === 202 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    call.on("error", reject);
    call.end('{"values":{"water_level":2.41,"flow":13.5,"battery":3.6}}');
  });
}

/** A broker that acknowledges what it took, as a hub with a database of no cost. */
async function startHub(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const aedes = await Aedes.createBroker();
  let upto = 0;
  let boot = 0;
  aedes.authorizePublish = (_client, packet, done) => {
    if (packet.topic.endsWith("/t")) {
      const { b, q } = JSON.parse(packet.payload.toString()) as { b: number; q: number };
      boot = b;
      upto = Math.max(upto, q);
    }
    done(null);
  };
  const timer = setInterval(() => {
    if (upto === 0) return;
    const payload = Buffer.from(JSON.stringify({ b: boot, upto, rate: 2000 }));
    aedes.publish(
      { cmd: "publish", topic: "gridhub/v1/town/e1/ack", payload, qos: 1, retain: false, dup: false },
      () => {},
    );
  }, 100);
  const server = createServer((socket) => aedes.handle(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      clearInterval(timer);
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function perSecond(count: number, began: number): number {
  return Math.round((count / (performance.now() - began)) * 1000);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

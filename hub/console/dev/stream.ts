import type { IncomingMessage, ServerResponse } from "node:http";
import type { Overview } from "../../src/api/schema.ts";
import type { Incidents } from "./incidents.ts";
import { sail, type World } from "./world.ts";

const RING = 2000;

/** The SSE half of the mock: a ring of frames with growing ids, resume, and a switch to fall silent. */
export function makeStream(world: World, incidents: Incidents, overview: () => Overview, lively: boolean) {
  const clients = new Set<ServerResponse>();
  const ring: { id: number; frame: string }[] = [];
  const resumed: number[] = [];
  let id = 0;
  let silent = false;
  let ticks = 0;

  function send(event: string, data: unknown): void {
    const frame = `id: ${++id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    ring.push({ id, frame });
    if (ring.length > RING) ring.shift();
    if (!silent) for (const c of clients) c.write(frame);
  }

  function tick(): void {
    const now = Date.now();
    ticks++;
    const moved = sail(world.vessels, 1, now);
    send("positions", { ts: now, v: moved.map((v) => [v.mmsi, round(v.lon), round(v.lat), v.cog, v.sog]) });
    const o = overview();
    if (ticks % 2 === 0) send("stats", { now, rate: o.rate, devices: o.devices, health: o.health, active: o.active });
    if (!lively) return;
    if (ticks % 5 === 0) {
      // One device falls late and comes back ten seconds later, over and over: the wall moves but stays itself.
      const device = world.devices.filter((d) => d.health === "online" || d.healthReason === "demo")[
        (ticks - (ticks % 10)) % 400
      ];
      if (device === undefined) return;
      device.health = device.health === "online" ? "late" : "online";
      device.healthSince = now;
      device.healthReason = device.health === "late" ? "demo" : "";
      const { health, healthReason, uid } = device;
      send("health", { subject: `device:${uid}`, uid, to: health, reason: healthReason, ts: now });
    }
    if (ticks % 45 === 0) send("event", incidents.open(now).event);
  }

  const timer = setInterval(tick, 1000);
  return {
    send,
    /** the last ids that reconnecting clients sent */
    resumed,
    setSilent(value: boolean): void {
      silent = value;
      if (value) for (const c of clients) c.destroy();
    },
    /** keeps the connections open but sends nothing: a dead network path */
    freeze(value: boolean): void {
      silent = value;
    },
    reset(): void {
      send("reset", {});
    },
    attach(req: IncomingMessage, res: ServerResponse): void {
      if (silent) return void res.writeHead(503).end();
      res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      const last = req.headers["last-event-id"];
      if (last !== undefined) {
        resumed.push(Number(last));
        for (const f of ring) if (f.id > Number(last)) res.write(f.frame);
      } else res.write(`id: ${id}\nevent: hello\ndata: ${JSON.stringify({ now: Date.now(), version: "0.1.0" })}\n\n`);
      clients.add(res);
      res.on("close", () => clients.delete(res));
    },
    close(): void {
      clearInterval(timer);
    },
  };
}

const round = (x: number): number => Math.round(x * 1e5) / 1e5;

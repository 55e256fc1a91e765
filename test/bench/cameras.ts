import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { CameraPark } from "../../simulators/src/camera/park.ts";
import { startHubProcess } from "../support/hub-process.ts";

const EDGES = 60;
const SETTLE_MS = 5000;

/**
 * What 3,000 cameras cost the hub when nothing is looked at: heartbeats of 60 edges every 30 s with the state of 50 cameras each, a frame a
 * minute from each camera (50/s); CPU time and memory of the hub's process (database apart), against the same hub without cameras.
 * Then whether exactly the faulty ones became events. At the real pace: a fault counts after a minute. `quick`: 300 cameras, 20 s.
 */
export async function camerasBench(quick: boolean): Promise<object> {
  const cameras = quick ? 300 : 3000;
  const seconds = quick ? 20 : 60;
  const dir = mkdtempSync(join(tmpdir(), "gridhub-bench-cameras-"));
  const hub = await startHubProcess({ dataDir: dir, settings: { log_level: "error", vision_workers: 0 } });
  try {
    const tokens = new Map<string, string>();
    for (const edge of CameraPark.edges(EDGES)) tokens.set(edge, (await hub.createEdge("park", edge)).token);
    const picture = await sharp({ create: { width: 64, height: 36, channels: 3, background: "#687" } })
      .jpeg()
      .toBuffer();
    const measure = async () => {
      const [cpu, at] = [await hub.metric("process_cpu_seconds_total"), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      const used = (await hub.metric("process_cpu_seconds_total")) - cpu;
      const memory = await hub.metric("process_resident_memory_bytes");
      return { cores: used / ((performance.now() - at) / 1000), memory };
    };
    const alone = await measure();
    const park = new CameraPark({
      ...{ url: `mqtt://127.0.0.1:${hub.mqttPort}`, site: "park", tokenOf: (edge) => tokens.get(edge) ?? "", picture },
      ...{ cameras, edges: EDGES, faulty: 40, seed: 7 },
    });
    const began = performance.now();
    await park.start();
    const registeredMs = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const loaded = await measure();
    const faulty = new Set([...park.faults.keys()].map((id) => `device:park/${id}`));
    const raised = async (): Promise<Set<string>> => {
      const path = "/api/events?sensing=active&kind=device.fault&limit=500";
      return new Set((await hub.api<{ items: { subject: string }[] }>(path)).items.map((e) => e.subject));
    };
    // a minute after the first heartbeat, and the next turn
    let events = await raised();
    for (let i = 0; i < 60 && events.size < faulty.size; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      events = await raised();
    }
    const counts = { ...park.counts };
    await park.close();
    return {
      ...{ cameras, edges: EDGES, ...counts, registeredMs: Math.round(registeredMs) },
      coresAlone: round(alone.cores),
      coresWithCameras: round(loaded.cores),
      memoryMbAlone: Math.round(alone.memory / 2 ** 20),
      memoryMbWithCameras: Math.round(loaded.memory / 2 ** 20),
      faulty: faulty.size,
      raised: events.size,
      wronglyRaised: [...events].filter((subject) => !faulty.has(subject)).length,
    };
  } finally {
    await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function round(v: number): number {
  return Math.round(v * 1000) / 1000;
}

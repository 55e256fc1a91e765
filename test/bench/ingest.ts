import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHubProcess, type HubProcess } from "../support/hub-process.ts";
import type { LoadJob, LoadResult } from "./ingest/load.ts";
import { usageOf } from "./ingest/usage.ts";

const HERE = import.meta.dirname;
const CONNECTIONS = 200;
const WINDOW = 10;
const READINGS = 3;

interface Figures extends LoadResult {
  readonly readingsPerSecond: number;
  readonly cpuCores: number;
  readonly memoryMb: number;
}

async function load(job: LoadJob, pid: number): Promise<Figures> {
  const child = spawn(process.execPath, [join(HERE, "ingest/load.ts"), JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const before = usageOf(pid).cpuSeconds;
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error("the load generator failed");
  const after = usageOf(pid);
  const result = JSON.parse(output) as LoadResult;
  return {
    ...result,
    readingsPerSecond: result.rate * READINGS,
    cpuCores: Math.round(((after.cpuSeconds - before) / result.seconds) * 100) / 100,
    memoryMb: after.memoryMb,
  };
}

async function bare(seconds: number, format: "text" | "binary"): Promise<Figures & { stored: number }> {
  const child: ChildProcess = fork(join(HERE, "ingest/bare.ts"), [format], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const edges = Array.from({ length: CONNECTIONS }, (_, i) => ({ username: `bench/edge-${i}`, token: "x" }));
  try {
    const figures = await load({ port, seconds, pace: 0, window: WINDOW, edges, meta: false }, child.pid!);
    child.send("count");
    const [{ rows }] = (await once(child, "message")) as [{ rows: number }];
    return { ...figures, stored: rows };
  } finally {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  }
}

async function withHub<T>(
  gatherMs: number,
  work: (hub: HubProcess, edges: LoadJob["edges"]) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "gridhub-bench-"));
  const hub = await startHubProcess({
    dataDir: dir,
    settings: {
      profiles: [join(HERE, "profiles")],
      vision_workers: 0,
      ingest: { gather_ms: gatherMs },
      log_level: "error",
    },
  });
  try {
    const edges: { username: string; token: string }[] = [];
    for (let i = 0; i < CONNECTIONS; i++) edges.push(await hub.createEdge("bench", `edge-${i}`));
    return await work(hub, edges);
  } finally {
    await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * 200 connections, 200-byte JSON with 3 readings, QoS 1, window 10, embedded database, one rule a device, against the bare
 * ceiling in the same run (with plain arrays, and with the hub's own column format); then paced at 3,000 msg/s with and without gathering. All processes share the machine.
 */
export async function ingestBench(seconds = Number(process.env.BENCH_SECONDS ?? 12)): Promise<object> {
  const ceiling = await bare(seconds, "text");
  const binaryCeiling = await bare(seconds, "binary");
  const { saturated, stored } = await withHub(8, async (hub, edges) => {
    const figures = await load({ port: hub.mqttPort, seconds, pace: 0, window: WINDOW, edges, meta: true }, hub.pid);
    return { saturated: figures, stored: await hub.metric("gridhub_readings_stored_total") };
  });
  const paced: Record<string, object> = {};
  for (const gather of [0, 2, 5, 8]) {
    paced[`gather${gather}ms`] = await withHub(gather, async (hub, edges) => {
      const f = await load({ port: hub.mqttPort, seconds, pace: 3000, window: WINDOW, edges, meta: true }, hub.pid);
      return { rate: f.rate, p50: f.p50, p99: f.p99, cpuCores: f.cpuCores };
    });
  }
  return {
    connections: CONNECTIONS,
    window: WINDOW,
    messageBytes: saturated.bytes,
    hub: { ...saturated, stored, storedExactlyOnce: stored === saturated.acknowledged * READINGS },
    bare: { ...ceiling, storedExactlyOnce: ceiling.stored === ceiling.acknowledged * READINGS },
    bareBinary: { ...binaryCeiling, storedExactlyOnce: binaryCeiling.stored === binaryCeiling.acknowledged * READINGS },
    ratioToBinary: Math.round((saturated.rate / binaryCeiling.rate) * 1000) / 1000,
    ratio: Math.round((saturated.rate / ceiling.rate) * 1000) / 1000,
    paced,
  };
}

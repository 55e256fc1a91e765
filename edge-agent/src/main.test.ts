import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { SmallHub } from "./small-hub.testing.ts";

// The program itself: a process with a settings file, as a supervisor starts it.

const MAIN = join(import.meta.dirname, "main.ts");
const WAIT = { timeout: 20_000, interval: 20 };

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** of the HTTP source, once it listens */
  readonly url: Promise<string>;
  /** exit code or signal */
  readonly end: Promise<number | string>;
}

let dir: string;
let hub: SmallHub;
let running: Running[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "gridhub-edge-main-"));
  hub = new SmallHub();
  await hub.start();
  running = [];
});
afterEach(async () => {
  for (const { child, end } of running) {
    child.kill("SIGKILL");
    await end;
  }
  await hub.stop();
  rmSync(dir, { recursive: true, force: true });
});

function settings(change: object = {}): string {
  const file = join(dir, "edge.yaml");
  const tree = {
    hub: { url: `mqtt://127.0.0.1:${hub.port}`, username: "town/edge-1" },
    data_dir: "data",
    disk_reserve_bytes: 0,
    heartbeat_ms: 200,
    devices: [{ id: "gauge-1", profile: "generic/flood-gauge-json" }],
    sources: [{ kind: "http", port: 0 }],
    ...change,
  };
  writeFileSync(file, stringify(tree));
  return file;
}

function run(command: string, args: readonly string[], ipc = false): Running {
  const stdio: StdioOptions = ipc ? ["ignore", "ignore", "pipe", "ipc"] : ["ignore", "ignore", "pipe"];
  const child = spawn(command, args, { stdio, env: { ...process.env, GRIDHUB_EDGE_TOKEN: "issued" } });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stderr! });
  // when it has ended, what it last wrote may still be on its way
  const end = Promise.all([once(child, "exit"), once(reader, "close")]).then(
    ([[code, signal]]) => (signal ?? code) as number | string,
  );
  const url = new Promise<string>((resolve) => {
    reader.on("line", (line) => {
      lines.push(line);
      if (line.includes("http source listens"))
        resolve(`http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`);
    });
  });
  const it = { child, lines, url, end };
  running.push(it);
  return it;
}

const agent = (file: string, ipc = false) => run(process.execPath, [MAIN, "--config", file], ipc);

async function post(url: string, n: number, pad = ""): Promise<number> {
  const body = JSON.stringify({ device: "gauge-1", values: { n, pad } });
  const response = await fetch(`${url}/readings`, { method: "POST", body });
  await response.arrayBuffer();
  return response.status;
}

/** The numbers of the readings that the hub stored, each once, sorted. */
function stored(): number[] {
  const live = hub.lane("d/gauge-1/t") as { r: { m: { n: number } }[] }[];
  const old = (hub.lane("backfill") as { bf: { r: { m: { n: number } }[] }[] }[]).flatMap(({ bf }) => bf);
  return [...new Set([...live, ...old].flatMap(({ r }) => r.map(({ m }) => m.n)))].sort((a, b) => a - b);
}

const queue = () => (hub.lane("h").at(-1) as { queue: number } | undefined)?.queue;

describe("the process", () => {
  it("takes posts, survives kill -9 without the hub, and delivers what it said 202 to", async () => {
    const file = settings();
    const first = agent(file);
    const url = await first.url;
    for (let n = 0; n < 20; n++) expect(await post(url, n)).toBe(202);
    await vi.waitFor(() => expect(stored()).toHaveLength(20), WAIT);
    await hub.away();
    const taken: number[] = [];
    for (let n = 20; n < 120; n += 10) {
      const burst = Array.from({ length: 10 }, (_, i) => n + i);
      const statuses = await Promise.all(burst.map((i) => post(url, i)));
      expect(new Set(statuses)).toEqual(new Set([202]));
      taken.push(...burst);
    }
    // In the middle of a burst: what gets no answer may be lost, what got one may not.
    const late = Array.from({ length: 50 }, (_, i) =>
      post(url, 200 + i).then(
        (status) => status === 202 && taken.push(200 + i),
        () => {},
      ),
    );
    await Promise.any(late);
    first.child.kill("SIGKILL");
    expect(await first.end).toBe("SIGKILL");
    await Promise.all(late);
    const second = agent(file);
    const again = await second.url;
    expect(await post(again, 1000)).toBe(202);
    await hub.start();
    await vi.waitFor(() => expect(stored()).toEqual(expect.arrayContaining([...taken, 1000])), WAIT);
    await vi.waitFor(() => expect(queue()).toBe(0), WAIT);
    const boots = hub.lane("state").map(({ b }) => b as number);
    expect(boots.at(-1)).toBe(boots[0] + 1);
  });

  it("refuses with 503 while the disk does, and goes on when the hub has made room", async () => {
    await hub.away();
    // A limit on the size of files, in blocks of 512 bytes: a full disk that needs no disk of its own.
    const file = settings();
    const limited = run("/bin/sh", ["-c", `ulimit -f 2048; exec "$0" "$@"`, process.execPath, MAIN, "--config", file]);
    const url = await limited.url;
    const pad = "x".repeat(60_000);
    const taken: number[] = [];
    let status = 202;
    for (let n = 0; n < 100 && status === 202; n++) {
      status = await post(url, n, pad);
      if (status === 202) taken.push(n);
    }
    expect(status).toBe(503);
    expect(taken.length).toBeGreaterThan(5);
    await hub.start();
    await vi.waitFor(() => expect(stored()).toEqual(taken), WAIT);
    await vi.waitFor(() => expect(queue()).toBe(0), WAIT);
    expect(await post(url, 500)).toBe(202);
    await vi.waitFor(() => expect(stored()).toEqual([...taken, 500]), WAIT);
    await vi.waitFor(() => expect(hub.lane("h").at(-1)).toMatchObject({ sources: { "gauge-1": "ok" } }), WAIT);
    expect(limited.lines.some((line) => line.includes("refuses records"))).toBe(true);
  });

  it("stops on SIGTERM with a goodbye and code 0", async () => {
    const { child, end, url } = agent(settings());
    await post(await url, 1);
    await vi.waitFor(() => expect(stored()).toEqual([1]), WAIT);
    child.kill("SIGTERM");
    expect(await end).toBe(0);
    expect(hub.states()).toEqual(["on", "off stop"]);
  });

  it("ends with a parent that keeps an IPC channel", async () => {
    const { child, end } = agent(settings(), true);
    await vi.waitFor(() => expect(hub.states()).toEqual(["on"]), WAIT);
    child.disconnect();
    expect(await end).toBe(0);
    expect(hub.states()).toEqual(["on", "off stop"]);
  });

  it("says in one line what is wrong: settings, a taken port, a folder that another agent uses", async () => {
    const wrong = agent(settings({ colour: "red" }));
    expect(await wrong.end).toBe(2);
    expect(wrong.lines).toEqual([`edge agent: ${join(dir, "edge.yaml")}: (root): unknown setting colour`]);

    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const taken = agent(settings({ sources: [{ kind: "http", port }] }));
    expect(await taken.end).toBe(1);
    expect(taken.lines).toEqual([`edge agent: source http cannot listen on 127.0.0.1:${port}: EADDRINUSE`]);
    other.close();

    const owner = agent(settings());
    await owner.url;
    const second = agent(settings());
    expect(await second.end).toBe(1);
    expect(second.lines).toEqual([expect.stringMatching(/^edge agent: .*locked/)]);
  });
});

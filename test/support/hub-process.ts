import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

const BIN = join(import.meta.dirname, "../../hub/bin/gridhub.mjs");
export const PASSWORD = "test-only-password-of-admin";

export interface HubProcessOptions {
  readonly dataDir: string;
  /** settings beyond ports and data directory */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** a fixed MQTT port, so that clients find a restarted hub again; 0 = any */
  readonly mqttPort?: number;
  readonly httpPort?: number;
}

/** A real hub in a process of its own, driven through its API. */
export interface HubProcess {
  readonly pid: number;
  readonly httpAddress: string;
  readonly mqttPort: number;
  readonly child: ChildProcess;
  /** a path of the API, as admin */
  api<T = unknown>(path: string, init?: { method?: string; body?: unknown }): Promise<T>;
  /** the same, as text of whatever type */
  text(path: string): Promise<string>;
  bytes(path: string): Promise<Buffer>;
  createEdge(site: string, edge: string): Promise<{ username: string; token: string }>;
  /** the sum of a counter or gauge over all labels */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
  /** kill -9; the embedded PostgreSQL survives, as it would in the field */
  kill(): Promise<void>;
}

export async function startHubProcess(options: HubProcessOptions): Promise<HubProcess> {
  const config = join(options.dataDir, "hub.yaml");
  const { settings = {} } = options;
  const tree = {
    log_level: "warn",
    ...settings,
    data_dir: join(options.dataDir, "data"),
    http: { port: options.httpPort ?? 0 },
    mqtt: { ...(settings.mqtt as object | undefined), port: options.mqttPort ?? 0 },
  };
  writeFileSync(config, stringify(tree));
  const child = fork(BIN, ["hub", "--config", config], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: { ...process.env, GRIDHUB_ADMIN_PASSWORD: PASSWORD, NODE_ENV: "production" },
  });
  const { http, mqtt } = await addresses(child);
  const login = await fetch(`${http}/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: "admin", password: PASSWORD }),
  });
  if (!login.ok) throw new Error(`login: ${login.status} ${await login.text()}`);
  const { token } = (await login.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const exit = once(child, "exit");

  const hub: HubProcess = {
    pid: child.pid!,
    httpAddress: http,
    mqttPort: Number(new URL(mqtt).port),
    child,
    async api<T>(path: string, init: { method?: string; body?: unknown } = {}): Promise<T> {
      const response = await fetch(`${http}${path}`, {
        method: init.method ?? "GET",
        headers,
        body: init.body === undefined ? undefined : JSON.stringify(init.body),
      });
      if (!response.ok) throw new Error(`${init.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async text(path) {
      const response = await fetch(`${http}${path}`, { headers });
      const text = await response.text();
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
      return text;
    },
    async bytes(path) {
      const response = await fetch(`${http}${path}`, { headers });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
    createEdge: (site, edge) => hub.api("/api/edges", { method: "POST", body: { site, edge } }),
    async metric(name) {
      const text = await (await fetch(`${http}/metrics`, { headers })).text();
      let sum = 0;
      for (const line of text.split("\n")) {
        const match = /^([a-z_0-9]+)(?:\{[^}]*\})? ([-+0-9.eE]+|NaN)$/.exec(line);
        if (match?.[1] === name) sum += Number(match[2]);
      }
      return sum;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await exit;
    },
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
  return hub;
}

/** Waits for the line in which the hub says where it listens. */
function addresses(child: ChildProcess): Promise<{ http: string; mqtt: string }> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout!.on("data", (data: Buffer) => {
      output += data.toString();
      const match = /console and API (\S+)\s+MQTT (\S+)/.exec(output);
      if (match !== null) resolve({ http: match[1], mqtt: match[2] });
    });
    child.once("exit", (code) => reject(new Error(`the hub ended with ${code} before it listened\n${output}`)));
  });
}

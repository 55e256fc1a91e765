import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { HubProcess } from "./hub-process.ts";

const MAIN = join(import.meta.dirname, "../../edge-agent/src/main.ts");

export interface EdgeProcess {
  readonly child: ChildProcess;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** starts it anew with the same settings, after it has ended */
  restart(): void;
}

/** A real edge agent in a process of its own, with a credential that the hub issued now. */
export async function startEdgeProcess(
  hub: HubProcess,
  dir: string,
  edge: { readonly site: string; readonly name: string },
  settings: { readonly devices: readonly object[]; readonly sources: readonly object[] } & Readonly<
    Record<string, unknown>
  >,
): Promise<EdgeProcess> {
  const { username, token } = await hub.createEdge(edge.site, edge.name);
  const file = join(dir, `${edge.name}.yaml`);
  const tree = {
    hub: { url: `mqtt://127.0.0.1:${hub.mqttPort}`, username, token },
    data_dir: join(dir, `spool-${edge.name}`),
    heartbeat_ms: 1000,
    log_level: "error",
    ...settings,
  };
  writeFileSync(file, stringify(tree));
  const start = (): ChildProcess => fork(MAIN, ["--config", file], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let child = start();
  let exit = once(child, "exit");
  return {
    get child() {
      return child;
    },
    async stop() {
      child.kill("SIGTERM");
      await exit;
    },
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
    restart() {
      child = start();
      exit = once(child, "exit");
    },
  };
}

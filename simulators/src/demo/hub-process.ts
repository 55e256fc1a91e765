import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WorldFiles } from "../world.ts";
import { Child } from "./child.ts";
import { HubApi } from "./hub-api.ts";

export const PROJECT = join(import.meta.dirname, "../../..");
/** Ten minutes of hold take 15 s. */
export const DURATION_SCALE = 1 / 40;
const START_LIMIT_MS = 120_000;

export interface HubOptions {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly world: WorldFiles;
  readonly target: { readonly url: string; readonly secret: string };
  readonly vision: boolean;
  /** the run was called off */
  readonly cancelled: () => boolean;
}

export interface RunningHub {
  readonly child: Child;
  readonly api: HubApi;
  readonly mqttUrl: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Starts the hub as its operator would: a settings file and the environment. Resolves when `/readyz` says yes and the admin is
 * logged in. @throws Error with the hub's last words when it ends or takes too long
 */
export async function startHub(options: HubOptions, onExit: (message: string) => void): Promise<RunningHub> {
  const { dataDir, httpPort, mqttPort, world, target, vision } = options;
  const config = {
    data_dir: join(dataDir, "hub"),
    http: { host: "127.0.0.1", port: httpPort },
    mqtt: { host: "127.0.0.1", port: mqttPort },
    grids: [world.grids],
    coast: world.coast,
    duration_scale: DURATION_SCALE,
    vision_workers: vision ? 1 : 0,
    dispatch: { targets: [{ name: "platform", url: target.url, secret: target.secret }] },
  };
  const file = join(dataDir, "hub.yaml"); // JSON is YAML
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  const password = `Sea-${randomBytes(9).toString("base64url")}-7a`;
  const args = [join(PROJECT, "hub/bin/gridhub.mjs"), "hub", "--config", file];
  const child = new Child("hub", args, join(dataDir, "hub.log"), { GRIDHUB_ADMIN_PASSWORD: password });
  let failed: string | null = null;
  child.onUnexpectedExit = (message) => {
    failed = message;
    onExit(message);
  };
  child.start();
  const api = new HubApi(`http://127.0.0.1:${httpPort}`);
  const limit = Date.now() + START_LIMIT_MS;
  while (!(await api.ready())) {
    if (failed !== null) throw new Error(failed);
    if (options.cancelled()) {
      await child.stop();
      throw new Error("stopped before the hub was ready");
    }
    if (Date.now() > limit) {
      await child.stop();
      throw new Error(
        `the hub was not ready after ${START_LIMIT_MS / 1000} s; its last words:\n${child.lastLines(12)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await api.login("admin", password);
  return { child, api, mqttUrl: `mqtt://127.0.0.1:${mqttPort}`, username: "admin", password };
}

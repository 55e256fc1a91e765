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
/** What the hub prints once both doors are open. */
const LISTENS = /gridhub listens: console and API (\S+)\s+MQTT (\S+)/;

export interface HubOptions {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly world: WorldFiles;
  readonly target: { readonly url: string; readonly secret: string };
  readonly vision: boolean;
  /** resolves when the run is called off */
  readonly calledOff: Promise<void>;
}

export interface RunningHub {
  readonly child: Child;
  readonly api: HubApi;
  readonly mqttUrl: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Starts the hub as its operator would: a settings file and the environment. Resolves when it has said where it listens and the admin
 * is logged in. @throws Error with the hub's last words when it ends or takes too long
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
  const child = new Child("hub", args, join(dataDir, "hub.log"), {
    GRIDHUB_ADMIN_PASSWORD: password,
    ORT_DISABLE_TELEMETRY: "1", // the ONNX runtime would report its use to its maker, and leave files in the temporary folder
  });
  let failed: string | null = null;
  child.onUnexpectedExit = (message) => {
    failed = message;
    onExit(message);
  };
  child.start();
  // Only the hub's own words say where it is: whoever answers on the port we asked for may be somebody else.
  // A hub that is starting has a database server on its hands and is not asked to stop before it has started.
  let calledOff = false;
  void options.calledOff.then(() => (calledOff = true));
  const limit = setTimeout(() => void child.stop(), START_LIMIT_MS);
  const said = await child.said(LISTENS);
  clearTimeout(limit);
  if (calledOff) {
    await child.stop();
    throw new Error("stopped before the hub was ready");
  }
  if (said === null)
    throw new Error(failed ?? `the hub was not ready in time; its last words:\n${child.lastLines(12)}`);
  const [, console_, mqttUrl] = said;
  const api = new HubApi(console_);
  await api.login("admin", password);
  return { child, api, mqttUrl, username: "admin", password };
}

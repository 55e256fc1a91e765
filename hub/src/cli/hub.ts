import { flushCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { exampleConfig, loadConfig } from "../config.ts";
import { HubError } from "../errors.ts";
import { startHub } from "../hub.ts";
import { createLog } from "../log.ts";

const HELP = `usage: gridhub hub [options]

Starts the hub and runs until SIGINT or SIGTERM.

  --config FILE     settings in YAML (see --print-config)
  --data DIR        data directory (default .gridhub/data)
  --set PATH=VALUE  one setting, e.g. --set http.port=9000; may be repeated
  --print-config    print every setting with its meaning and default, then end
  --check           check the settings, then end
  --help            this text

Every setting can also come from the environment: GRIDHUB_HTTP_PORT, GRIDHUB_DATABASE_URL, GRIDHUB_ADMIN_PASSWORD ...`;

/** Settings that are lists: one path may be given as it is. */
const LISTS: ReadonlySet<string> = new Set(["grids", "profiles"]);

/** Runs the hub until a signal. @returns the exit code */
export async function hubCommand(argv: string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        config: { type: "string" },
        data: { type: "string" },
        set: { type: "string", multiple: true },
        "print-config": { type: "boolean" },
        check: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    console.error(`gridhub hub: ${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (values.help === true) return print(HELP);
  if (values["print-config"] === true) return print(exampleConfig());
  try {
    const overrides: Record<string, unknown> = {};
    for (const pair of values.set ?? []) {
      const at = pair.indexOf("=");
      if (at < 1) throw new HubError("CONFIG_INVALID", `--set ${pair}: expected PATH=VALUE`);
      const path = pair.slice(0, at);
      const value = scalar(pair.slice(at + 1));
      overrides[path] = LISTS.has(path) && !Array.isArray(value) ? [value] : value;
    }
    if (values.data !== undefined) overrides.data_dir = values.data;
    const config = loadConfig({ file: values.config, env: process.env, overrides });
    if (values.check === true) return print("the settings are valid");
    return await run(config);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    console.error(`gridhub hub: ${error.code}: ${error.message}\n${error.advice}`);
    return 1;
  }
}

async function run(config: ReturnType<typeof loadConfig>): Promise<number> {
  const log = createLog(config.log_level);
  // Armed before the start: a signal that comes meanwhile must not leave a database behind.
  const stopping = stopSignal();
  try {
    const hub = await startHub(config, { log });
    console.log(
      `gridhub listens: console and API ${hub.httpAddress}   MQTT ${hub.mqttAddress}   database ${hub.storeMode}`,
    );
    if (hub.generatedPassword !== null) {
      console.log(
        `first start: user "admin", password "${hub.generatedPassword}" (shown this once; change it in the console's user menu)`,
      );
    }
    // Now, and not at the end: one that is killed has a fast next start, too.
    flushCompileCache();
    const signal = await stopping;
    log.info({ signal }, "stopping");
    await hub.close();
    return 0;
  } finally {
    // The channel to a parent would keep the process alive, also after a start that failed.
    if (process.connected) process.disconnect();
  }
}

/** A signal, or the end of a parent that asked for it by an IPC channel, so that no orphan stays. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(signal));
    if (process.send !== undefined) process.once("disconnect", () => resolve("parent ended"));
  });
}

function scalar(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  if (text.startsWith("[") || text.startsWith("{")) return JSON.parse(text);
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function print(text: string): number {
  console.log(text.trimEnd());
  return 0;
}

import { parseArgs } from "node:util";
import { pino } from "pino";
import { Agent, AGENT_VERSION } from "./agent.ts";
import { ConfigError, loadAgentConfig } from "./config.ts";

const HELP = `usage: node edge-agent/src/main.ts --config FILE

Runs one edge agent until SIGINT or SIGTERM.

  --config FILE   settings in YAML: hub, devices, sources (edge-agent/README.md)
  --check         check the settings, then end
  --help          this text

The token may come from the environment: GRIDHUB_EDGE_TOKEN.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      check: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      version: { type: "boolean" },
    },
  });
  if (values.version === true) return print(AGENT_VERSION);
  if (values.help === true) return print(HELP);
  if (values.config === undefined) {
    console.error(HELP);
    return 2;
  }
  const config = loadAgentConfig(values.config, process.env);
  if (values.check === true) return print("the settings are valid");
  const log = pino(
    { level: config.log_level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
  const agent = new Agent(config, log);
  await agent.start();
  const reason = await stopSignal();
  log.info({ reason }, "stopping");
  await agent.stop();
  return 0;
}

/** A signal, or the end of a parent that keeps an IPC channel. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(signal));
    if (process.send !== undefined) process.once("disconnect", () => resolve("parent ended"));
  });
}

function print(text: string): number {
  console.log(text);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
    if (process.channel) process.disconnect();
  },
  (error: Error) => {
    console.error(error instanceof ConfigError || error.name === "TypeError" ? `edge agent: ${error.message}` : error);
    process.exitCode = 1;
    if (process.channel) process.disconnect();
  },
);

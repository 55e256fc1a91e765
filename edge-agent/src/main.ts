import { parseArgs } from "node:util";
import { pino } from "pino";
import { Agent, AGENT_VERSION } from "./agent.ts";
import { discoverCommand } from "./cli/discover.ts";
import { ConfigError, loadAgentConfig } from "./config.ts";
import { ListenError } from "./sources/source.ts";

const HELP = `usage: node edge-agent/src/main.ts --config FILE

Runs one edge agent until SIGINT, SIGTERM or the end of a parent with an IPC channel; a second signal ends it at once.

  discover        look for ONVIF cameras on the network instead; discover --help

  --config FILE   settings in YAML: hub, devices, sources (edge-agent/README.md)
  --check         check the settings, then end
  --version       name and version
  --help          this text

The token may come from the environment: GRIDHUB_EDGE_TOKEN; so may any value that is written as \${NAME}.
Exit codes: 0 stopped, 1 cannot run, 2 wrong arguments or settings.`;

async function main(): Promise<number> {
  if (process.argv[2] === "discover") return discoverCommand(process.argv.slice(3));
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
  const signal = stopSignal();
  const agent = new Agent(config, log);
  await agent.start();
  log.info({ reason: await signal }, "stopping");
  await agent.stop();
  return 0;
}

/** A signal, or the end of a parent that keeps an IPC channel. Asked for before the start, so that none is missed. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        // Whoever asks twice does not want to wait; the spool survives it.
        if (asked) process.exit(130);
        asked = true;
        resolve(signal);
      });
    if (process.send === undefined) return;
    if (process.connected) process.once("disconnect", () => resolve("parent ended"));
    else resolve("parent ended");
  });
}

function print(text: string): number {
  console.log(text);
  return 0;
}

/** What an operator can mend is one line; the rest is ours and comes with its stack. */
function explain(error: Error & { code?: unknown }): number {
  const usage = error instanceof ConfigError || String(error.code).startsWith("ERR_PARSE_ARGS");
  const environment = error instanceof ListenError || error.code === "ERR_SQLITE_ERROR" || "syscall" in error;
  console.error(usage || environment ? `edge agent: ${error.message}` : error);
  return usage ? 2 : 1;
}

process.exitCode = await main().catch(explain);
if (process.channel) process.disconnect();

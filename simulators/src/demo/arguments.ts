import { parseArgs } from "node:util";

export const HELP = `usage: npm run demo [-- options]

A county in miniature: starts the hub, edge agents, hydrants, flood gauges, cameras and 1,168 vessels,
plays scripted incidents and shows what becomes of them. Everything is on this machine and synthetic.

  --seconds N    play every scenario once, compare the events with what must have happened, end after N seconds
                 (60 or more; exit code 1 when anything differs)
  --json         with --seconds: print one JSON object on stdout and nothing else
  --port N       port of console and API (default 8080, or any free one when it is taken)
  --mqtt-port N  port of the broker (default 1883, or any free one)
  --keep [DIR]   keep the data (default .gridhub/demo); without it a temporary folder is used and removed
  --seed TEXT    another county, sea and fleet
  --no-vision    leave the cameras out
  --help         this text

Without --seconds it runs until Ctrl-C; the incidents repeat every few minutes at other places.`;

export interface DemoArguments {
  /** null = until a signal */
  readonly seconds: number | null;
  readonly json: boolean;
  /** null = the usual port, or a free one when it is taken */
  readonly port: number | null;
  readonly mqttPort: number | null;
  /** null = a temporary folder, removed at the end */
  readonly keep: string | null;
  readonly seed: string;
  readonly vision: boolean;
}

/** @returns the arguments, "help", or what is wrong with them */
export function parseDemoArguments(argv: readonly string[]): DemoArguments | "help" | { readonly problem: string } {
  // `--keep` alone is allowed, which parseArgs cannot express.
  const args = argv.flatMap((arg, i) => {
    const next = argv[i + 1];
    return arg === "--keep" && (next === undefined || next.startsWith("-")) ? ["--keep=.gridhub/demo"] : [arg];
  });
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        seconds: { type: "string" },
        json: { type: "boolean" },
        port: { type: "string" },
        "mqtt-port": { type: "string" },
        keep: { type: "string" },
        seed: { type: "string" },
        "no-vision": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    return { problem: (error as Error).message };
  }
  if (values.help === true) return "help";
  const seconds = values.seconds === undefined ? null : Number(values.seconds);
  if (seconds !== null && !(seconds >= 1 && seconds <= 86_400)) return { problem: "--seconds: expected 1 to 86400" };
  if (values.json === true && seconds === null) return { problem: "--json needs --seconds" };
  const port = readPort(values.port);
  const mqttPort = readPort(values["mqtt-port"]);
  if (port === undefined || mqttPort === undefined) return { problem: "ports are whole numbers from 1 to 65535" };
  return {
    seconds,
    json: values.json === true,
    port,
    mqttPort,
    keep: values.keep ?? null,
    seed: values.seed ?? "shengsi",
    vision: values["no-vision"] !== true,
  };
}

function readPort(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}

import { parseArgs } from "node:util";
import { discover, DISCOVERY_GROUP, DISCOVERY_PORT, type FoundDevice } from "../discover.ts";

const HELP = `usage: node edge-agent/src/main.ts discover [ADDRESS...]

Looks for ONVIF cameras: by multicast on the local network, or at the given addresses, where multicast does not pass.

  --interface IP   own address of the interface to ask through
  --port N         default ${DISCOVERY_PORT}
  --seconds N      how long to wait for answers, default 3
  --json           one JSON array: address, endpoint, name, hardware, location, services
  --help           this text

What is shown is what the devices say about themselves; nothing is entered anywhere.
Exit codes: 0 asked, also when nobody answered, 1 the network cannot be used, 2 wrong arguments.`;

/** `discover`; @returns the exit code */
export async function discoverCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      interface: { type: "string" },
      port: { type: "string", default: String(DISCOVERY_PORT) },
      seconds: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const port = Number(values.port);
  const seconds = Number(values.seconds);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return wrong("--port must be from 1 to 65535");
  if (!(seconds > 0 && seconds <= 600)) return wrong("--seconds must be from 0 to 600");
  const found = await discover({
    addresses: positionals.length > 0 ? positionals : [DISCOVERY_GROUP],
    port,
    interface: values.interface,
    waitMs: seconds * 1000,
  });
  console.log(values.json ? JSON.stringify(found) : table(found));
  return 0;
}

function wrong(why: string): number {
  console.error(`discover: ${why}`);
  return 2;
}

function table(found: readonly FoundDevice[]): string {
  if (found.length === 0) return "no camera answered";
  const head = ["ADDRESS", "NAME", "HARDWARE", "LOCATION", "DEVICE SERVICE"];
  const rows = found.map((d) => [d.address, d.name, d.hardware, d.location, d.services.join(" ")]);
  const widths = head.map((title, i) => Math.max(...[title, ...rows.map((row) => row[i])].map((text) => text.length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((text, i) => text.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

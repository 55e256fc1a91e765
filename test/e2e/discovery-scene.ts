import { spawn } from "node:child_process";
import { join } from "node:path";
import { DiscoveryResponder } from "../../simulators/src/camera/discovery.ts";

// Two cameras on the multicast group, and the agent's `discover` looking for them; prints what it printed. Runs in a network of its own
// where the machine allows that: discovery.test.ts starts it. Arguments are passed on to `discover`; `--port` counts for both.

const argv = process.argv.slice(2);
const port = Number(argv[argv.indexOf("--port") + 1] ?? 3702) || 3702;
const own = argv.includes("--interface") ? { interface: argv[argv.indexOf("--interface") + 1] } : {};
const cameras = ["east", "west"].map(
  (name, i) =>
    new DiscoveryResponder({
      name: `Quay ${name}`,
      hardware: "IPC-1",
      location: "quay",
      endpoint: `urn:uuid:${i}`,
      services: `http://192.0.2.${i + 1}/onvif/device_service`,
      port,
      group: { address: "239.255.255.250", ...own },
    }),
);
for (const camera of cameras) await camera.start();
const main = join(import.meta.dirname, "../../edge-agent/src/main.ts");
const child = spawn(process.execPath, [main, "discover", ...argv], { stdio: ["ignore", "inherit", "inherit"] });
process.exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
for (const camera of cameras) await camera.close();

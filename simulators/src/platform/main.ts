import { parseArgs } from "node:util";
import { FakePlatform } from "./platform.ts";

const USAGE = `usage: node simulators/bin/platform.mjs [options]

A governance platform that behaves badly on purpose; GET /journal shows what it got.

  --port N         port on loopback, default 9080
  --secret TEXT    secret of the hub's target (or PLATFORM_SECRET)
  --hub URL        address of the hub; it calls back there
  --target NAME    the hub's name for it, default platform
  --bad RATE       share of requests and callbacks that something happens to, default 0.3
  --seed TEXT      default 1
  --journal FILE   append JSON lines of all that came`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9080" },
    secret: { type: "string", default: process.env.PLATFORM_SECRET },
    hub: { type: "string", default: "" },
    target: { type: "string", default: "platform" },
    bad: { type: "string", default: "0.3" },
    seed: { type: "string", default: "1" },
    journal: { type: "string", default: "" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const bad = Number(values.bad);
const port = Number(values.port);

if (values.help) console.log(USAGE);
else if (values.secret === undefined || !(bad >= 0 && bad <= 1) || !Number.isInteger(port)) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { secret, seed, hub, target, journal } = values;
  const callbackUrl = hub === "" ? "" : `${hub.replace(/\/$/, "")}/api/callbacks/${target}`;
  const platform = new FakePlatform({ secret, bad, seed, callbackUrl, journalFile: journal });
  await platform.start("127.0.0.1", port);
  console.log(
    `platform at ${platform.url}, ${bad * 100} % bad${callbackUrl === "" ? "" : `, calls back ${callbackUrl}`}`,
  );
  const end = () => void platform.close().then(() => console.log(JSON.stringify(platform.journal.counts)));
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

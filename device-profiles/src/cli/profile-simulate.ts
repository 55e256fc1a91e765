import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EncodeFault } from "../codec/encode-value.ts";
import { parseDuration } from "../duration.ts";
import type { Envelope } from "../envelope.ts";
import { loadFile } from "../load.ts";
import { formatProblem } from "../problem.ts";
import { loadScriptEngine } from "../script/engine.ts";
import { SimulatedDevice } from "../simulated-device.ts";
import { SimulatedFaults } from "../simulated-faults.ts";
import { NAME_PATTERN, topics } from "../topic.ts";

const HELP = `usage: gridhub profile simulate FILE [--stdout | --url mqtt://host:1883]

Sends what the profile's simulate section describes: decoded values, or frames where the profile decodes frames (fixed, tlv, bitmap).

options:
  --url URL         publish to this broker; without it lines of {"topic", "payload"} go to standard output
  --stdout          the same, said aloud
  --username NAME   credential of the edge
  --token TOKEN     its password (or GRIDHUB_TOKEN in the environment)
  --site, --edge, --device NAME   topic (default: demo, simulator, the model)
  --count N         messages; 0 = until interrupted (default 10)
  --every DURATION  between messages (default 1s; 0s with --stdout)
  --seed N          another device of the same kind (default 1)
  --faults RATE     share of messages, 0 to 1, with which a fault begins that the profile declares (default 0): drop, duplicate,
                    reorder, stuck, clock_skew, jump, silent; the same seed gives the same faults
  --boot N          boot counter (default: seconds since 1970, so that it grows)

exit code: 0 fine, 1 the profile or the broker refused, 2 wrong usage`;

const OPTIONS = {
  url: { type: "string" },
  stdout: { type: "boolean" },
  username: { type: "string" },
  token: { type: "string" },
  site: { type: "string", default: "demo" },
  edge: { type: "string", default: "simulator" },
  device: { type: "string" },
  count: { type: "string", default: "10" },
  every: { type: "string" },
  seed: { type: "string", default: "1" },
  faults: { type: "string", default: "0" },
  boot: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Publish = (topic: string, payload: string) => Promise<void>;

/** `gridhub profile simulate ...`; @returns the exit code */
export async function simulateCommand(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) return usage("expected one profile FILE");
  if (values.url !== undefined && values.stdout === true) return usage("expected --url or --stdout, not both");
  const every = parseEvery(values.every ?? (values.url === undefined ? "0s" : "1s"));
  const [count, seed] = [Number(values.count), Number(values.seed)];
  const boot = values.boot === undefined ? Math.floor(Date.now() / 1000) : Number(values.boot);
  if (every === null) return usage(`--every: expected a duration such as 5s, found "${values.every}"`);
  if (![count, seed, boot].every((x) => Number.isSafeInteger(x) && x >= 0))
    return usage("--count, --seed and --boot are numbers");
  const rate = Number(values.faults);
  if (!(rate >= 0 && rate <= 1)) return usage(`--faults: expected a share from 0 to 1, found "${values.faults}"`);

  await loadScriptEngine();
  const { profile, problems } = loadFile(positionals[0]);
  if (profile === null) {
    for (const problem of problems) console.error(formatProblem(problem));
    return 1;
  }
  const model = profile.compiled.id.replace(/^.*\/|@.*$/g, "");
  const { site, edge, device = model } = values;
  if (![site, edge, device].every((name) => NAME_PATTERN.test(name)))
    return usage("--site, --edge, --device: letters, digits, _ - . :");
  const topic =
    profile.compiled.uplink === "raw" ? topics.raw(site, edge, device) : topics.telemetry(site, edge, device);

  const simulated = new SimulatedDevice(profile, seed);
  const declared = profile.source.simulate?.faults;
  if (rate > 0 && !Array.isArray(declared)) return usage("--faults: the profile's simulate section declares no faults");
  const faults = new SimulatedFaults(Array.isArray(declared) ? declared : [], rate, seed);
  const session = { topic, simulated, faults, boot, count, every };
  if (values.url === undefined)
    return run(session, (to, payload) =>
      Promise.resolve(console.log(JSON.stringify({ topic: to, payload: JSON.parse(payload) as unknown }))),
    );
  return publishTo(values.url, values.username, values.token ?? process.env.GRIDHUB_TOKEN, session);
}

interface Session {
  readonly topic: string;
  readonly simulated: SimulatedDevice;
  readonly faults: SimulatedFaults;
  readonly boot: number;
  readonly count: number;
  readonly every: number;
}

async function run({ topic, simulated, faults, boot, count, every }: Session, publish: Publish): Promise<number> {
  for (let q = 1; count === 0 || q <= count; q++) {
    const fault = faults.next();
    const record = simulated.next(Date.now(), fault === "jump");
    if (record instanceof EncodeFault) {
      console.error(`gridhub profile simulate: ${record.message}`);
      return 1;
    }
    const envelope: Envelope = { v: 1, b: boot, q, r: [record] };
    for (const sent of faults.send(envelope, fault)) await publish(topic, JSON.stringify(sent));
    if (every > 0 && q !== count) await wait(every);
  }
  for (const sent of faults.end()) await publish(topic, JSON.stringify(sent));
  return 0;
}

async function publishTo(
  url: string,
  username: string | undefined,
  password: string | undefined,
  session: Session,
): Promise<number> {
  // loaded here: the contract itself speaks no MQTT
  const { connectAsync } = await import("mqtt");
  let client;
  try {
    client = await connectAsync(url, { username, password, reconnectPeriod: 0, connectTimeout: 10_000 });
  } catch (error) {
    console.error(`gridhub profile simulate: ${url}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const connected = client;
  try {
    return await run(session, async (topic, payload) => {
      await connected.publishAsync(topic, payload, { qos: 1 });
    });
  } catch (error) {
    console.error(`gridhub profile simulate: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await connected.endAsync(true);
  }
}

function parseEvery(text: string): number | null {
  return /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text) ? parseDuration(text) : null;
}

function usage(message: string): number {
  console.error(`gridhub profile simulate: ${message}\n\n${HELP}`);
  return 2;
}

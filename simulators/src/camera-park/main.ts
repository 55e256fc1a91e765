import { parseArgs } from "node:util";
import sharp from "sharp";
import { CameraPark } from "../camera/park.ts";
import { SceneCamera, SCENES } from "../camera/scene.ts";

const USAGE = `usage: node simulators/bin/cameras.mjs --hub URL --mqtt URL [options]

Cameras as the hub hears of them: heartbeats of their edges with a reason for each that does not work, and patrol frames.
Until Ctrl-C; prints which cameras are faulty. The edges park-001 ... are created by the API, or get new tokens.

  --hub URL        console and API of the hub, http://...
  --mqtt URL       its broker, mqtt://...
  --user NAME      administrator, default admin
  --password TEXT  or GRIDHUB_ADMIN_PASSWORD
  --site NAME      default park
  --cameras N      default 3000
  --edges N        default 60
  --faulty N       cameras that do not work, default 30
  --heartbeat MS   of each edge, default 30000
  --patrol MS      between two frames of a camera, default 60000; 0 = none
  --scene NAME     patrol frames show this street (empty, car, fire ...) instead of a grey picture
  --infrared       by the camera's own infrared lamp, at night
  --wind FRACTION  it swings by this much of the frame's width, 0.006 is a strong wind
  --seed N         default 1
  --seconds N      ends after so long`;

const text = (value: string) => ({ type: "string" as const, default: value });
const { values } = parseArgs({
  options: {
    ...{ hub: text(""), mqtt: text(""), user: text("admin"), site: text("park"), seed: text("1") },
    ...{ cameras: text("3000"), edges: text("60"), faulty: text("30"), heartbeat: text("30000") },
    ...{ patrol: text("60000"), seconds: text("0") },
    password: { type: "string", default: process.env.GRIDHUB_ADMIN_PASSWORD },
    ...{ scene: text(""), wind: text("0"), infrared: { type: "boolean", default: false } },
    help: { type: "boolean", short: "h", default: false },
  },
});
const number = (name: "cameras" | "edges" | "faulty" | "heartbeat" | "patrol" | "seed" | "seconds"): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
  return value;
};

if (values.help) console.log(USAGE);
else if (values.hub === "" || values.mqtt === "" || values.password === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else await run(values.password);

async function run(password: string): Promise<void> {
  const { hub, mqtt, user, site } = values;
  const call = async <T>(path: string, body: object, token?: string): Promise<T> => {
    const response = await fetch(new URL(path, hub), {
      method: "POST",
      headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const { token } = await call<{ token: string }>("/api/login", { username: user, password });
  const tokens = new Map<string, string>();
  for (const edge of CameraPark.edges(number("edges")))
    tokens.set(edge, (await call<{ token: string }>("/api/edges", { site, edge, renew: true }, token)).token);
  const picture = await patrolPicture();
  const park = new CameraPark({
    ...{ url: mqtt, site, picture, tokenOf: (edge) => tokens.get(edge) ?? "" },
    ...{ cameras: number("cameras"), edges: number("edges"), faulty: number("faulty"), seed: number("seed") },
    ...{ heartbeatMs: number("heartbeat"), patrolMs: number("patrol") },
  });
  await park.start();
  console.log(JSON.stringify({ cameras: number("cameras"), faults: Object.fromEntries(park.faults) }));
  const seconds = number("seconds");
  const timer = seconds > 0 ? setTimeout(() => end(), seconds * 1000) : undefined;
  const end = (): void => {
    clearTimeout(timer);
    void park.close().then(() => console.log(JSON.stringify(park.counts)));
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

/** What every camera shows on patrol. */
async function patrolPicture(): Promise<Buffer> {
  const { infrared, wind, seed } = values;
  const scene = SCENES.find((name) => name === values.scene);
  if (scene === undefined) {
    if (values.scene !== "") throw new Error(`--scene must be one of ${SCENES.join(", ")}`);
    const create = { width: 64, height: 36, channels: 3 as const, background: "#687" };
    return sharp({ create }).jpeg().toBuffer();
  }
  const amplitude = Number(wind);
  if (!(amplitude >= 0 && amplitude <= 0.1))
    throw new Error("--wind must be a fraction of the frame's width, 0 to 0.1");
  const step = { at: 0, scene, infrared, light: infrared ? 0.05 : 1, shake: { amplitude } };
  const camera = new SceneCamera({ seed: Number(seed), width: 640, height: 360, script: [step] });
  // a minute after the scene began
  return camera.frame(60_000);
}

import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CAMERA_ACCOUNT } from "./cameras.ts";
import { Child } from "./child.ts";
import { attributesOf, type Report } from "./devices.ts";
import type { Credential } from "./hub-api.ts";
import { PROJECT } from "./hub-process.ts";
import { ONVIF_CAMERA, type EdgePlan, type Placement } from "./plan.ts";

export interface AgentOptions {
  readonly plan: EdgePlan;
  readonly devices: readonly Placement[];
  readonly credential: Credential;
  readonly mqttUrl: string;
  readonly dataDir: string;
  readonly httpPort: number;
  readonly udpPort: number;
  /** receives AIS datagrams for the device of kind ais_receiver */
  readonly aisPort: number;
  /** `http://host:port` of a camera */
  readonly cameraUrl: (camera: Placement) => string;
}

const EVIDENCE_BYTES = 64 * 2 ** 20;

/** One edge agent as a process of its own, with the settings file that an integrator would write. */
export class Agent {
  readonly options: AgentOptions;
  readonly child: Child;
  /** reports that the agent did not take */
  lost = 0;
  private udp: Socket | null = null;

  constructor(options: AgentOptions) {
    this.options = options;
    const name = options.plan.key.replace("/", "-");
    const file = this.configFile;
    const args = [join(PROJECT, "edge-agent/src/main.ts"), "--config", file];
    this.child = new Child(`edge agent ${options.plan.key}`, args, join(options.dataDir, `${name}.log`), {
      GRIDHUB_EDGE_TOKEN: options.credential.token,
    });
  }

  async start(): Promise<void> {
    const { credential, mqttUrl } = this.options;
    const dataDir = this.configFile.replace(/\.yaml$/, "");
    await mkdir(dataDir, { recursive: true });
    const config = {
      hub: { url: mqttUrl, username: credential.username, token: "from GRIDHUB_EDGE_TOKEN" },
      data_dir: dataDir,
      heartbeat_ms: 1000, // the hub's patience with a silent edge is scaled too
      devices: this.options.devices.map((d) => ({
        id: d.name,
        profile: d.profile,
        title: d.title,
        lon: d.lon,
        lat: d.lat,
        attributes: attributesOf(d),
      })),
      sources: this.sources(),
      // the last pictures of its cameras, so that the hub can fetch clips of what was raised
      ...(this.options.devices.some((d) => d.kind === "camera") && {
        evidence: { port: 0, token: randomBytes(16).toString("hex"), bytes: EVIDENCE_BYTES },
      }),
    };
    await writeFile(this.configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    this.udp ??= await bound();
    this.child.start();
  }

  /** Hands a report over as the field does: hydrants through an HTTP gateway, gauges as datagrams. Losses are counted. */
  async post(device: Placement, report: Report): Promise<void> {
    const record =
      "frame" in report
        ? { ts: report.ts, hex: report.frame.toString("hex") }
        : { ts: report.ts, values: report.values };
    if (device.kind === "flood_gauge") {
      this.udp?.send(JSON.stringify({ device: device.name, ...record }), this.options.udpPort, "127.0.0.1");
      return;
    }
    try {
      const response = await fetch(`http://127.0.0.1:${this.options.httpPort}/devices/${device.name}/readings`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(record),
        signal: AbortSignal.timeout(5000),
      });
      await response.arrayBuffer();
      if (!response.ok) this.lost++;
    } catch {
      this.lost++; // the agent may be dead on purpose
    }
  }

  async stop(): Promise<void> {
    await this.child.stop();
    this.udp?.close();
    this.udp = null;
  }

  private sources(): object[] {
    const { devices, httpPort, udpPort, aisPort } = this.options;
    const sources: object[] = [];
    const has = (kind: Placement["kind"]): boolean => devices.some((d) => d.kind === kind);
    if (has("hydrant")) sources.push({ kind: "http", host: "127.0.0.1", port: httpPort });
    if (has("flood_gauge")) sources.push({ kind: "udp", host: "127.0.0.1", port: udpPort });
    for (const d of devices) {
      if (d.kind === "ais_receiver")
        sources.push({ kind: "ais-udp", device: d.name, host: "127.0.0.1", port: aisPort });
      if (d.kind === "camera") sources.push(this.camera(d));
    }
    return sources;
  }

  /** An ONVIF camera is asked for the address of its picture; the other kind is given it. */
  private camera(device: Placement): object {
    const { hostname, port, origin } = new URL(this.options.cameraUrl(device));
    const address =
      device.profile === ONVIF_CAMERA
        ? { kind: "onvif", host: hostname, port: Number(port) }
        : { kind: "snapshot", url: `${origin}/snapshot.jpg` };
    const { user, password } = CAMERA_ACCOUNT;
    // Patient: the cameras are painted by this same process, which has much to do at the start.
    const pace = { interval_ms: 1000, patrol_ms: 2000, timeout_ms: 15_000 };
    return { ...address, device: device.name, username: user, password, ...pace };
  }

  private get configFile(): string {
    return join(this.options.dataDir, `${this.options.plan.key.replace("/", "-")}.yaml`);
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("error", () => {}); // nobody listens while the agent is down: datagrams get lost, as in the field
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}

import { mkdir } from "node:fs/promises";
import type { Faults } from "../faults.ts";
import { createFleet, type Fleet } from "../fleet.ts";
import { UdpAisSender } from "../fleet/sender.ts";
import type { FloodGauge } from "../flood-gauge.ts";
import type { Hydrant } from "../hydrant.ts";
import { MqttDevice } from "../mqtt-device.ts";
import { createRandom } from "../random.ts";
import type { Stage, StallScene } from "../scenario.ts";
import type { World } from "../world.ts";
import { Agent } from "./agent-process.ts";
import { DemoCameras } from "./cameras.ts";
import type { Clockwork } from "./clockwork.ts";
import { attributesOf, demoTide, FieldDevice } from "./devices.ts";
import type { RunningHub } from "./hub-process.ts";
import type { Placement, Plan } from "./plan.ts";
import { freePort, freeUdpPort } from "./ports.ts";

/** One report a device in this time: short, so that a hold of seconds sees several. */
const REPORT_EVERY_MS = 2000;
const AGENT_START_MS = 45_000;
/** Every vessel within 20 s, its name within two minutes: 87 messages/s. */
const FLEET_CADENCE = { scale: 1, maxMs: 20_000, staticMs: 120_000 };
const FLEET_FAULTS = { drop: 0.002, duplicate: 0.005, reorder: 0.005, jump: 0.0005 };
const LINK_FAULTS: Faults = { drop: 0.005, reorder: 0.01, stuck: 0.01 };

/** Everything outside the hub: devices, agents, cameras, vessels. What scenarios act on. */
export class Field implements Stage {
  readonly fleet: Fleet;
  private readonly world: World;
  private readonly plan: Plan;
  private readonly clockwork: Clockwork;
  private readonly devices = new Map<string, FieldDevice>();
  private readonly agents = new Map<string, Agent>();
  private readonly speakers: MqttDevice[] = [];
  private readonly cameras: DemoCameras;
  private sender: UdpAisSender | null = null;

  constructor(world: World, plan: Plan, clockwork: Clockwork) {
    this.world = world;
    this.plan = plan;
    this.clockwork = clockwork;
    this.fleet = createFleet(world, { startMs: Date.now(), cadence: FLEET_CADENCE, faults: FLEET_FAULTS });
    this.cameras = new DemoCameras(plan.devices.filter((d) => d.kind === "camera"));
  }

  /** Connects everyone to the hub. Nothing is measured before {@link run}. */
  async start(hub: RunningHub, dataDir: string, onExit: (message: string) => void): Promise<void> {
    await this.cameras.start();
    await mkdir(dataDir, { recursive: true });
    for (const plan of this.plan.agents) {
      const agent = new Agent({
        plan,
        devices: this.plan.devices.filter((d) => d.agent === plan.key),
        credential: await hub.api.createEdge(plan.site, plan.edge, plan.title),
        mqttUrl: hub.mqttUrl,
        dataDir,
        httpPort: await freePort(0),
        udpPort: await freeUdpPort(),
        aisPort: await freeUdpPort(),
        cameraUrl: (camera) => this.cameras.url(camera),
      });
      agent.child.onUnexpectedExit = onExit;
      this.agents.set(plan.key, agent);
      await agent.start();
    }
    await this.allOnline(hub);
    const tide = demoTide(this.world.seed);
    for (const placement of this.plan.devices) {
      if (placement.kind !== "hydrant" && placement.kind !== "flood_gauge") continue;
      this.devices.set(placement.uid, await this.connect(placement, tide, hub));
    }
    const station = this.plan.devices.find((d) => d.kind === "ais_receiver");
    const agent = this.agents.get(station?.agent ?? "");
    if (agent !== undefined) {
      this.sender = new UdpAisSender("127.0.0.1", agent.options.aisPort);
      await this.sender.start();
    }
  }

  /** Waits until the hub knows every agent; @throws Error naming those that did not come */
  private async allOnline(hub: RunningHub): Promise<void> {
    const limit = Date.now() + AGENT_START_MS;
    for (;;) {
      const online = await hub.api.onlineEdges();
      const missing = [...this.agents.keys()].filter((key) => !online.has(key));
      if (missing.length === 0 || this.over) return;
      if (Date.now() > limit) {
        const words = missing.map((key) => `${key}: ${this.agents.get(key)?.child.lastLines(5) ?? ""}`).join("\n");
        throw new Error(`edge agents did not come online within ${AGENT_START_MS / 1000} s\n${words}`);
      }
      await this.clockwork.sleep(250);
    }
  }

  /** Starts the clockwork: measurements and AIS reports begin. */
  run(): void {
    const phase = createRandom("phases");
    for (const device of this.devices.values())
      this.clockwork.every(REPORT_EVERY_MS, phase.between(0, REPORT_EVERY_MS), () => device.tick(Date.now()));
    // What was sent before anybody listened is gone: heard in one burst it would look like impossible speeds.
    this.fleet.skip(Date.now());
    this.clockwork.every(100, 0, () => {
      for (const message of this.fleet.messages(Date.now())) this.sender?.send(message);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.speakers.map((speaker) => speaker.close()));
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()));
    await this.sender?.close();
    await this.cameras.close();
  }

  /** AIS messages sent; reports given to agents and not taken */
  get counts(): { readonly ais: number; readonly lost: number; readonly unacknowledged: number } {
    return {
      ais: this.sender?.sent ?? 0,
      lost: [...this.agents.values()].reduce((sum, agent) => sum + agent.lost, 0),
      unacknowledged: this.speakers.reduce((sum, s) => sum + s.pending, 0),
    };
  }

  get over(): boolean {
    return this.clockwork.stopped;
  }

  now(): number {
    return Date.now();
  }

  sleep(ms: number): Promise<void> {
    return this.clockwork.sleep(ms);
  }

  hydrant(uid: string): Hydrant {
    return present(this.devices.get(uid)?.hydrant, uid);
  }

  gauge(uid: string): FloodGauge {
    return present(this.devices.get(uid)?.gauge, uid);
  }

  silence(uid: string, silent: boolean): void {
    present(this.devices.get(uid), uid).silent = silent;
  }

  killEdge(key: string): void {
    void present(this.agents.get(key), key).child.kill();
  }

  async startEdge(key: string): Promise<void> {
    await present(this.agents.get(key), key).start();
  }

  scene(uid: string): StallScene {
    return this.cameras.scene(uid);
  }

  private async connect(
    placement: Placement,
    tide: ReturnType<typeof demoTide>,
    hub: RunningHub,
  ): Promise<FieldDevice> {
    const agent = placement.agent === null ? undefined : this.agents.get(placement.agent);
    if (agent !== undefined) {
      return new FieldDevice(placement, tide, LINK_FAULTS, (report) => void agent.post(placement, report));
    }
    const speaker = await this.speaker(placement, hub);
    return new FieldDevice(placement, tide, { stuck: LINK_FAULTS.stuck }, (report) => {
      if ("frame" in report) speaker.raw(report.ts, report.frame);
      else speaker.telemetry(report.ts, report.values);
    });
  }

  private async speaker(placement: Placement, hub: RunningHub): Promise<MqttDevice> {
    const { site, name, title, lon, lat, profile, uid } = placement;
    const { token } = await hub.api.createEdge(site, name, title);
    const random = createRandom(`repeat/${uid}`);
    const speaker = new MqttDevice({
      url: hub.mqttUrl,
      site,
      name,
      token,
      profile,
      title,
      lon,
      lat,
      attributes: attributesOf(placement),
      boot: Math.floor(Date.now() / 1000), // grows with every start and needs no memory of its own
      repeat: () => random.chance(0.01),
    });
    this.speakers.push(speaker);
    await speaker.start();
    return speaker;
  }
}

function present<T>(value: T | null | undefined, name: string): T {
  if (value == null) throw new RangeError(`nothing called ${name} here`);
  return value;
}

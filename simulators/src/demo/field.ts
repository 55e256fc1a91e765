import { mkdir } from "node:fs/promises";
import type { Faults } from "../faults.ts";
import { createFleet, type Fleet } from "../fleet.ts";
import { UdpAisSender } from "../fleet/sender.ts";
import type { FloodGauge } from "../flood-gauge.ts";
import type { Hydrant } from "../hydrant.ts";
import type { Walk } from "../lorawan.ts";
import { MqttEdge } from "../mqtt-edge.ts";
import { createRandom } from "../random.ts";
import type { Stage, StallScene } from "../scenario.ts";
import type { World } from "../world.ts";
import { Agent } from "./agent-process.ts";
import { DemoCameras } from "./cameras.ts";
import type { Clockwork } from "./clockwork.ts";
import { attributesOf, demoTide, FieldDevice, type Report } from "./devices.ts";
import { Gateway } from "./gateway.ts";
import type { RunningHub } from "./hub-process.ts";
import type { Placement, Plan } from "./plan.ts";
import { freePort, freeUdpPort } from "./ports.ts";
import { sideBySide } from "./side-by-side.ts";
import { Troubles } from "./troubles.ts";

const AGENT_START_MS = 45_000;
/** edges that are being created and born at one time */
const LANES = 4;
const FIRST_REPORTS_MS = 20_000;
/** How often a gateway looks for reports that are due or changes that were noticed. */
const POLL_MS = 1000;
/** after the whole second: early timers must not fall into the second before, ms */
const TICK_LAG_MS = 3;
const HEARTBEAT_MS = 2000; // the hub's patience with a silent edge is scaled too: six seconds
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
  private readonly gateways = new Map<string, Gateway>();
  /** devices that speak MQTT themselves, by uid */
  private readonly speakers = new Map<string, MqttEdge>();
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
    await Promise.all([this.allOnline(hub), this.connectGateways(hub)]);
    const tide = demoTide(this.world.seed);
    const reporting = this.plan.devices.filter((d) => d.kind !== "camera" && d.kind !== "ais_receiver");
    await sideBySide(reporting, LANES, async (placement) => {
      if (!this.over) this.devices.set(placement.uid, await this.connect(placement, tide, hub));
    });
    for (const gateway of this.gateways.values()) gateway.firstReports(Date.now());
    for (const uid of this.speakers.keys()) this.devices.get(uid)?.tick(Date.now());
    await this.acknowledged();
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

  /** Few at a time: a birth with dozens of devices is work for the hub, which must go on listening to the others. */
  private async connectGateways(hub: RunningHub): Promise<void> {
    await sideBySide(this.plan.gateways, LANES, async (plan) => {
      if (this.over) return;
      const carried = this.plan.devices.filter((d) => d.gateway === plan.key);
      this.gateways.set(plan.key, new Gateway(plan, await this.edge(hub, plan.site, plan.edge, plan.title, carried)));
    });
  }

  /** Waits until the hub has stored what was reported so far. */
  private async acknowledged(): Promise<void> {
    const limit = Date.now() + FIRST_REPORTS_MS;
    while (this.counts.unacknowledged > 0 && Date.now() < limit && !this.over) await this.clockwork.sleep(50);
  }

  /** Starts the clockwork: measurements and AIS reports begin. */
  run(): void {
    const phase = createRandom("phases");
    for (const device of this.devices.values()) {
      const { everyMs, gateway, trouble } = device.placement;
      if (gateway !== null) continue;
      const report = (): void => {
        if (trouble === null || this.speakers.get(device.placement.uid)?.connected === true) device.tick(Date.now());
      };
      // A hydrant's frame carries whole seconds: it measures when its clock ticks.
      const second = 1000 * phase.int(0, Math.floor(everyMs / 1000) - 1);
      this.clockwork.aligned(everyMs, second + TICK_LAG_MS, report);
    }
    for (const gateway of this.gateways.values()) {
      this.clockwork.every(POLL_MS, phase.between(0, POLL_MS), () => gateway.poll(Date.now()));
      this.clockwork.every(HEARTBEAT_MS, phase.between(0, HEARTBEAT_MS), () => gateway.heartbeat(Date.now()));
    }
    const began = Date.now();
    const troubles = new Troubles(this.plan, {
      connect: (uid, up) => this.reconnect(uid, up),
      fault: (uid, code) => this.fault(uid, code),
    });
    this.clockwork.every(1000, 0, () => troubles.tick(Date.now() - began));
    // What was sent before anybody listened is gone: heard in one burst it would look like impossible speeds.
    this.fleet.skip(Date.now());
    this.clockwork.every(100, 0, () => {
      for (const message of this.fleet.messages(Date.now())) this.sender?.send(message);
    });
  }

  async close(): Promise<void> {
    const edges = [...this.speakers.values(), ...[...this.gateways.values()].map((gateway) => gateway.edge)];
    await Promise.all(edges.map((edge) => edge.close()));
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()));
    await this.sender?.close();
    await this.cameras.close();
  }

  /** AIS messages sent; reports given to agents and not taken */
  get counts(): { readonly ais: number; readonly lost: number; readonly unacknowledged: number } {
    return {
      ais: this.sender?.sent ?? 0,
      lost: [...this.agents.values()].reduce((sum, agent) => sum + agent.lost, 0),
      unacknowledged:
        [...this.speakers.values()].reduce((sum, s) => sum + s.pending, 0) +
        [...this.gateways.values()].reduce((sum, g) => sum + g.edge.pending, 0),
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

  walk(uid: string): Walk {
    return present(this.devices.get(uid)?.walk, uid);
  }

  /** when the last reports of a device left, ms UTC */
  sentAt(uid: string): readonly number[] {
    return this.devices.get(uid)?.sentAt ?? [];
  }

  silence(uid: string, silent: boolean): void {
    present(this.devices.get(uid), uid).silent = silent;
  }

  killEdge(key: string): void {
    const gateway = this.gateways.get(key);
    if (gateway !== undefined) gateway.edge.cut();
    else void present(this.agents.get(key), key).child.kill();
  }

  async startEdge(key: string): Promise<void> {
    await (this.gateways.get(key)?.edge ?? present(this.agents.get(key), key)).start();
  }

  scene(uid: string): StallScene {
    return this.cameras.scene(uid);
  }

  /** Puts a device into the field, on whatever carries its words. */
  private async connect(
    placement: Placement,
    tide: ReturnType<typeof demoTide>,
    hub: RunningHub,
  ): Promise<FieldDevice> {
    const { site, name, title, uid } = placement;
    const agent = this.agents.get(placement.agent ?? "");
    if (agent !== undefined) {
      return new FieldDevice(placement, tide, LINK_FAULTS, (report) => void agent.post(placement, report));
    }
    const gateway = this.gateways.get(placement.gateway ?? "");
    const edge = gateway?.edge ?? (await this.edge(hub, site, name, title, [placement]));
    const device = new FieldDevice(placement, tide, { stuck: LINK_FAULTS.stuck }, (report) =>
      speak(edge, name, report),
    );
    if (gateway === undefined) this.speakers.set(uid, edge);
    else gateway.carry(device);
    return device;
  }

  private async edge(
    hub: RunningHub,
    site: string,
    name: string,
    title: string,
    devices: readonly Placement[],
  ): Promise<MqttEdge> {
    const { token } = await hub.api.createEdge(site, name, title);
    const random = createRandom(`repeat/${site}/${name}`);
    const edge = new MqttEdge({
      url: hub.mqttUrl,
      site,
      name,
      token,
      devices: devices.map((d) => ({
        id: d.name,
        profile: d.profile,
        title: d.title,
        lon: d.lon,
        lat: d.lat,
        attributes: attributesOf(d),
      })),
      boot: Math.floor(Date.now() / 1000), // grows with every start and needs no memory of its own
      repeat: () => random.chance(0.01),
    });
    await edge.start();
    return edge;
  }

  private reconnect(uid: string, up: boolean): void {
    const edge = this.speakers.get(uid);
    if (edge === undefined) return;
    if (!up) edge.cut();
    else
      edge.start().then(
        () => this.devices.get(uid)?.tick(Date.now()),
        () => {},
      ); // refused: it stays away
  }

  private fault(uid: string, code: string | null): void {
    const { gateway, name } = present(this.devices.get(uid), uid).placement;
    const faults = this.gateways.get(gateway ?? "")?.faults;
    if (code === null) faults?.delete(name);
    else faults?.set(name, code);
  }
}

function speak(edge: MqttEdge, name: string, report: Report): void {
  if ("frame" in report) edge.raw(name, report.ts, report.frame, report.port);
  else edge.telemetry(name, report.ts, report.values);
}

function present<T>(value: T | null | undefined, name: string): T {
  if (value == null) throw new RangeError(`nothing called ${name} here`);
  return value;
}
